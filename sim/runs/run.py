"""One run: played in chunks, summed up, drawn, and stored."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.evidence.evaluation import evaluation
from sim.evidence.inputs import RunFacts
from sim.evidence.liquidation_map import LiquidationMap
from sim.evidence.summary import summary
from sim.runs import store, terminal

if TYPE_CHECKING:
    from sim.engine.session import Session
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


class RunFailed(Exception):
    """Carries the session in which an invariant broke; never leaves this module."""

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
) -> RunResult:
    """Plays one run without writing files; `map` also samples liquidation maps.

    Seed and number of steps default to the scenario's.
    Raises InvariantError when money or sizes do not add up.
    """
    try:
        return _play(scenario, seed, steps, map, tick)
    except RunFailed as failure:
        raise failure.cause from None


def _play(
    scenario: "Scenario", seed: int | None, steps: int | None, map: bool, tick: Callable[[float], None] | None
) -> RunResult:
    from sim.engine.errors import InvariantError
    from sim.scenario.build import build_session

    scenario = with_steps(scenario, steps)
    chosen = scenario.seed if seed is None else seed
    session = build_session(scenario, chosen)
    maps = [LiquidationMap(instrument.start_price) for instrument in scenario.instruments] if map else []
    chunk = scenario.record.liquidation_map_every_steps if map else min(scenario.steps, 4096)
    step_rows, event_rows, profit_rows = [], [], []
    while session.tick < scenario.steps:
        for levels, (prices, notionals) in zip(maps, session.liquidation_levels() if map else [], strict=True):
            levels.add(session.tick, prices, notionals)
        try:
            session.advance(min(chunk, scenario.steps - session.tick))
        except InvariantError as error:
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
) -> Path:
    """Plays one run, writes its results folder and prints the summary; returns the folder.

    with_evaluation: also prints a table of the populations' profits.
    Raises ScenarioError for bad input before anything runs, and InvariantError after writing failure.json.
    """
    scenario = with_steps(scenario, steps)
    chosen = scenario.seed if seed is None else seed
    if not 0 <= chosen < 2**63:
        raise store.refuse("seed", f"{chosen} is out of range; 0 to {2**63 - 1} are allowed")
    target = store.results_folder(f"{scenario.name}-{chosen}", out)
    store.prove_writable(target)
    started = time.monotonic()
    try:
        with terminal.progress(f"Running {scenario.name}", scenario.steps, "steps") as tick:
            result = _play(scenario, chosen, None, True, tick)
    except RunFailed as failure:
        final = _write_failure(target, scenario, chosen, failure)
        terminal.say(f"An invariant broke; what was known is in {final / 'failure.json'}")
        raise failure.cause from None
    final = _write_run(target, scenario, chosen, result, time.monotonic() - started)
    if as_json:
        print(store.json_text(result.summary | ({"evaluation": result.evaluation} if with_evaluation else {})))
    else:
        terminal.print_summary(scenario.title or scenario.name, result.summary, scenario.step_seconds)
        if with_evaluation:
            terminal.print_evaluation(result.evaluation)
    terminal.say(f"Results: {final}")
    return final


def _write_failure(target: Path, scenario: "Scenario", seed: int, failure: RunFailed) -> Path:
    last = failure.session.last_events()
    names = list(last.dtype.names or ())
    with store.new_folder(target) as folder:
        folder.write_json(
            "failure.json",
            {
                "error": str(failure.cause),
                "seed": seed,
                "config_hash": scenario.config_hash,
                "first_event_id": int(failure.session.world.clock[0]["next_event"]) - len(last),
                "events": [dict(zip(names, row.tolist(), strict=True)) for row in last],
            },
        )
    return folder.final


def _write_run(target: Path, scenario: "Scenario", seed: int, result: RunResult, duration_s: float) -> Path:
    from sim.evidence.evaluation import evaluation_frame, profit_frame
    from sim.evidence.frames import events_frame, steps_frame
    from sim.runs.pictures import run_pictures

    names = result.session.names
    steps = steps_frame(result.steps, names)
    units = {
        "quote_per_atom": names.atom,
        "tick_size": dict(zip(names.instruments, map(float, names.tick_size), strict=True)),
        "lot_size": dict(zip(names.instruments, map(float, names.lot_size), strict=True)),
    }
    with store.new_folder(target) as folder:
        folder.write_json(
            "manifest.json",
            store.manifest(
                scenario.config_hash, duration_s, scenario=scenario.name, seed=seed, steps=scenario.steps, units=units
            ),
        )
        folder.write_json("summary.json", result.summary)
        folder.write_json("scenario.json", scenario.dump())
        folder.write_frame("steps.parquet", steps)
        folder.write_frame("events.parquet", events_frame(result.events, names))
        folder.write_json("evaluation.json", {"quote_per_atom": names.atom, "populations": result.evaluation})
        folder.write_frame("evaluation.parquet", evaluation_frame(result.evaluation))
        folder.write_frame("profits.parquet", profit_frame(result.profit_steps, names))
        for name, picture in run_pictures(scenario, result, steps).items():
            folder.write_bytes(f"figures/{name}.png", picture)
    return folder.final
