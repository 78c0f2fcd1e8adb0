"""What stops a run."""

from sim.terms.vocabulary import ERROR_NAMES


class InvariantError(RuntimeError):
    """A law of the model broke: the run stops, with seed, configuration hash and the last events for the report."""

    def __init__(self, code: int, step: int, seed: int, config_hash: str) -> None:
        self.code, self.step, self.seed, self.config_hash = code, step, seed, config_hash
        super().__init__(
            f"invariant broken at step {step}: {ERROR_NAMES[code]} (seed {seed}, configuration {config_hash[:12]}); "
            "this is a fault of the model, please report it with these figures"
        )
