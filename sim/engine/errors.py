"""What stops a run: a broken law of the model, or a strategy in Python that failed."""

from typing import Any

from sim.terms.vocabulary import ERROR_NAMES


class InvariantError(RuntimeError):
    """A law of the model broke: the run stops, with seed, configuration hash and the last events for the report."""

    def __init__(self, code: int, step: int, seed: int, config_hash: str) -> None:
        self.code, self.step, self.seed, self.config_hash = code, step, seed, config_hash
        super().__init__(
            f"invariant broken at step {step}: {ERROR_NAMES[code]} (seed {seed}, configuration {config_hash[:12]}); "
            "this is a fault of the model, please report it with these figures"
        )

    def __reduce__(self) -> tuple[type, tuple[int, int, int, str]]:
        return type(self), (self.code, self.step, self.seed, self.config_hash)


class StrategyError(ValueError):
    """A strategy raised, gave orders that make no sense or took too long: `population`, `trader` in it, `step`.

    step -1: while its file was loaded; ended: its process is gone; time_limit_s: set where that was exceeded.
    """

    def __init__(
        self,
        population: str,
        trader: int | None,
        step: int,
        reason: str,
        ended: bool = False,
        time_limit_s: float | None = None,
    ) -> None:
        self.population, self.trader, self.step, self.reason = population, trader, step, reason
        self.ended, self.time_limit_s = ended, time_limit_s
        when = f"step {step}" if step >= 0 else "before the first step"
        super().__init__(f"{who(population, trader)}, {when}{reason}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.population, self.trader, self.step, self.reason, self.ended, self.time_limit_s)


def who(population: str, trader: int | None) -> str:
    """How messages call a strategy: a trader with a row of its own, or the member of a population."""
    return f"trader {population}" if trader is None else f"population {population}, trader {trader}"
