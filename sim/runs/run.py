"""One run: played in chunks, summed up, drawn, and stored."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.evidence.evaluation import evaluation
from sim.evidence.inputs import RunFacts
from sim.evidence.liquidation_map import LiquidationMap
from sim.evidence.summary import summary
from sim.runs import store, terminal
from sim.runs.run_folder import write_failure, write_run

if TYPE_CHECKING:
    from sim.engine.session import Session
    from sim.engine.watch import Watch
    from sim.scenario import Scenario

Rows = NDArray[Any]


@dataclass
class RunResult:
    """One played run: STEPS and EVENTS rows, the summary record, the session, and maps if they were asked for.

    profit_steps: PROFIT_STEPS rows; evaluation: a record a population and institution (see evidence/evaluation.py).
    """

    steps: Rows
    events: Rows
    summary: dict[str, Any]
    session: "Session"
    maps: list[LiquidationMap] = field(default_factory=list)
    profit_steps: Rows = field(default_factory=lambda: np.zeros(0))
    evaluation: list[dict[str, Any]] = field(default_factory=list)


class Written(NamedTuple):
    """A run that was played and written: its folder and what is printed of it."""

    folder: Path
    summary: dict[str, Any]
    evaluation: list[dict[str, Any]]


class RunFailed(Exception):
    """Carries the session in which an invariant broke or a strategy failed; never leaves this module."""

    def __init__(self, session: "Session", cause: Exception) -> None:
        super().__init__(str(cause))
        self.session, self.cause = session, cause


def with_steps(scenario: "Scenario", steps: int | None) -> "Scenario":
    """The scenario with another length, checked like any dial. Raises ScenarioError when out of range."""
    if steps is None or steps == scenario.steps:
        return scenario
    if not 1 <= steps <= 1_000_000:
        raise store.refuse("steps", f"{steps} is out of range; 1 to 1000000 are allowed")
    fields = {name: getattr(scenario, name) for name in type(scenario).model_fields}
    return type(scenario).model_validate(fields | {"steps": steps})


def simulate(
    scenario: "Scenario",
    seed: int | None = None,
    steps: int | None = None,
    map: bool = False,
    tick: Callable[[float], None] | None = None,
    allow_code: bool = False,
    watch: "Watch | None" = None,
    antithetic: bool = False,
) -> RunResult:
    """Plays one run without writing files; `map` also samples liquidation maps; antithetic: the second run of a pair.

    Seed and number of steps default to the scenario's. allow_code: run the Python files that it names, here, in this
    process: their time limits hold where a command plays the run. Raises InvariantError when money or sizes do not
    add up, and StrategyError for a strategy in Python that fails.
    """
    try:
        return _play(scenario, seed, steps, map, tick, allow_code, watch, antithetic)
    except RunFailed as failure:
        raise failure.cause from None


def _play(
    scenario: "Scenario",
    seed: int | None,
    steps: int | None,
    map: bool,
    tick: Callable[[float], None] | None,
    allow_code: bool = False,
    watch: "Watch | None" = None,
    antithetic: bool = False,
) -> RunResult:
    from sim.engine.errors import InvariantError, StrategyError

    scenario = with_steps(scenario, steps)
    chosen = scenario.seed if seed is None else seed
    session, advance = _opened(scenario, chosen, allow_code, watch, antithetic)
    maps = [LiquidationMap(instrument.start_price) for instrument in scenario.instruments] if map else []
    chunk = scenario.record.liquidation_map_every_steps if map else min(scenario.steps, 4096)
    step_rows, event_rows, profit_rows = [], [], []
    while session.tick < scenario.steps:
        for levels, (prices, notionals) in zip(maps, session.liquidation_levels() if map else [], strict=True):
            levels.add(session.tick, prices, notionals)
        try:
            advance(min(chunk, scenario.steps - session.tick))
        except (InvariantError, StrategyError) as error:
            raise RunFailed(session, error) from None
        step_rows.append(session.take_steps())
        event_rows.append(session.take_events())
        profit_rows.append(session.take_profit_steps())
        if tick:
            tick(session.tick)
    played, events = np.concatenate(step_rows), np.concatenate(event_rows)
    facts = run_facts(scenario, chosen, session)
    record = summary(played, events, session.world.funds, session.names, session.opening, facts)
    samples = np.concatenate(profit_rows)
    return RunResult(
        played, events, record, session, maps, samples, evaluated(scenario, session, samples, events, facts)
    )


def evaluated(
    scenario: "Scenario", session: "Session", samples: Rows, events: Rows, facts: RunFacts
) -> list[dict[str, Any]]:
    """How each population has done so far."""
    names, kinds = session.names, [record.kind for record in scenario.populations]
    institutions = len(names.holders) - len(names.populations) + 1
    users = len(names.populations) - 1 - len(kinds)
    every = scenario.record.evaluation_every_steps
    found = ["institution"] * institutions + kinds + ["user_trader"] * users
    return evaluation(session.world.profits, samples, events, names, found, facts, every)


def _opened(
    scenario: "Scenario", seed: int, allow_code: bool, watch: "Watch | None", antithetic: bool
) -> "tuple[Session, Callable[[int], None]]":
    """The session of a run and what plays its steps: the model where strategies in Python have a say."""
    from sim.scenario.code import code_populations

    if code_populations(scenario):
        from sim.model import MarketModel

        model = MarketModel(scenario, seed, allow_code=allow_code, watch=watch, antithetic=antithetic)
        return model.session, model.advance
    from sim.scenario.build import build_session

    session = build_session(scenario, seed, antithetic=antithetic)
    return session, session.advance


def first_news_step(scenario: "Scenario") -> int | None:
    """The step of the first news of the first instrument."""
    return min((news.start_step for news in scenario.instruments[0].news), default=None)


def run_facts(scenario: "Scenario", seed: int, session: "Session") -> RunFacts:
    """What the summary needs to know of the scenario."""
    funds = [layer for venue in scenario.venues.values() for layer in venue.waterfall if layer.kind == "insurance_fund"]
    return RunFacts(
        seed=seed,
        config_hash=scenario.config_hash,
        steps=scenario.steps,
        digest=session.digest(),
        venue_of_instrument=tuple(session.world.instruments["venue"].tolist()),
        step_seconds=scenario.step_seconds,
        news_step=first_news_step(scenario),
        fund_inexhaustible=bool(funds) and all(layer.inexhaustible for layer in funds),
    )


def run_command(
    scenario: "Scenario",
    seed: int | None,
    steps: int | None,
    out: Path | str | None,
    as_json: bool,
    with_evaluation: bool = False,
    allow_code: bool = False,
) -> Path:
    """Plays one run, writes its results folder and prints the summary; returns the folder.

    with_evaluation: also prints a table of the populations' profits.
    Raises ScenarioError for bad input before anything runs, and InvariantError or StrategyError after writing
    failure.json. A scenario that names code of its user plays in a process of its own.
    """
    from sim.scenario.code import code_populations, refuse_code

    scenario = with_steps(scenario, steps)
    chosen = scenario.seed if seed is None else seed
    if not 0 <= chosen < 2**63:
        raise store.refuse("seed", f"{chosen} is out of range; 0 to {2**63 - 1} are allowed")
    refuse_code(scenario, allow_code)
    target = store.results_folder(f"{scenario.name}-{chosen}", out)
    store.prove_writable(target)
    with terminal.progress(f"Running {scenario.name}", scenario.steps, "steps") as tick:
        if code_populations(scenario):
            done = _play_guarded(scenario, chosen, target, tick)
        else:
            done = _play_and_write(scenario, chosen, target, tick)
    if as_json:
        print(store.json_text(done.summary | ({"evaluation": done.evaluation} if with_evaluation else {})))
    else:
        terminal.print_summary(scenario.title or scenario.name, done.summary, scenario.step_seconds)
        terminal.print_stand_ins(scenario.stand_ins())
        if with_evaluation:
            terminal.print_evaluation(done.evaluation)
    terminal.say(f"Results: {done.folder}")
    return done.folder


def _play_and_write(
    scenario: "Scenario", seed: int, target: Path, tick: Callable[[float], None], watch: "Watch | None" = None
) -> Written:
    """The run and its folder; code runs where there is a watch. What fails is written down and raised."""
    started = time.monotonic()
    try:
        result = _play(scenario, seed, None, True, tick, watch is not None, watch)
    except RunFailed as failure:
        write_failure(target, scenario, seed, failure.cause, failure.session)
        raise failure.cause from None
    folder = write_run(target, scenario, seed, result, time.monotonic() - started)
    return Written(folder, result.summary, result.evaluation)


def _play_guarded(scenario: "Scenario", seed: int, target: Path, tick: Callable[[float], None]) -> Written:
    """The same in a process that is ended when a decision takes too long; that is written down as well."""
    from sim.engine.errors import StrategyError
    from sim.runs.guarded import in_own_process, limits_of

    try:
        return in_own_process(_watched, (scenario, seed, target), limits_of(scenario), tick)  # type: ignore[no-any-return]
    except StrategyError as error:
        if error.ended:
            write_failure(target, scenario, seed, error)
        raise


def _watched(scenario: "Scenario", seed: int, target: Path, board: Any) -> Written:
    return _play_and_write(scenario, seed, target, board.played, board)
