"""What `import sim` offers: one run, and what a results folder holds, as frames."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.runs.results import Results, find_results
from sim.runs.run import RunResult, simulate, with_steps
from sim.scenario.code import refuse_code
from sim.scenario.errors import Position, ScenarioError, problem_at, shown
from sim.scenario.loader import load, load_mapping
from sim.scenario.overrides import Overrides
from sim.scenario.records import Scenario

if TYPE_CHECKING:
    import pandas as pd

ScenarioLike = str | Path | Scenario | Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class Run:
    """One played run. Frames are made when they are asked for; their columns are those of a results folder.

    summary: the record of summary.json; result: the rows, and the session as it ended.
    """

    scenario: Scenario
    seed: int
    summary: dict[str, Any]
    result: RunResult

    def __repr__(self) -> str:
        return f"Run({self.scenario.name}, seed {self.seed}, {self.scenario.steps} steps)"

    @cached_property
    def steps(self) -> "pd.DataFrame":
        """One row a step and instrument."""
        from sim.evidence.frames import steps_frame

        return steps_frame(self.result.steps, self.result.session.names)

    @cached_property
    def events(self) -> "pd.DataFrame":
        """One row an event."""
        from sim.evidence.frames import events_frame

        return events_frame(self.result.events, self.result.session.names)

    @cached_property
    def evaluation(self) -> "pd.DataFrame":
        """One row a population or institution: its profit by part, and its risk."""
        from sim.evidence.evaluation import evaluation_frame

        return evaluation_frame(self.result.evaluation)

    @cached_property
    def profits(self) -> "pd.DataFrame":
        """Equity and profit of each population and institution over the run."""
        from sim.evidence.evaluation import profit_frame

        return profit_frame(self.result.profit_steps, self.result.session.names)


def run(
    scenario: ScenarioLike,
    seed: int | None = None,
    *,
    overrides: Overrides = (),
    steps: int | None = None,
    allow_code: bool = False,
    antithetic: bool = False,
) -> Run:
    """Play one run in this process and write nothing.

    scenario: a name, a path, a Scenario, or a mapping of what a scenario file says. overrides: texts `a.b=c` or a
    mapping. seed, steps: default to the scenario's. allow_code: run the Python files that it names, here.
    antithetic: the second run of a pair, with the mirror image of every draw of that seed.
    Raises ScenarioError as the command would say it, InvariantError, and StrategyError.
    """
    given = scenario_given(scenario, overrides)
    played = given if steps is None else with_steps(given, whole("sim.run", "steps", steps, 1, 1_000_000))
    chosen = given.seed if seed is None else whole("sim.run", "seed", seed, 0, 2**63 - 1)
    refuse_code(played, allow_code)
    result = simulate(played, chosen, allow_code=allow_code, antithetic=antithetic)
    return Run(played, chosen, result.summary, result)


def read(where: Path | str | None = None) -> Results:
    """The results in a folder, of a run or a sweep, finished or not; without a folder the newest below results/.

    Raises ScenarioError where there are none, or where a file of them was altered.
    """
    return find_results(where)


def scenario_given(scenario: ScenarioLike, overrides: Overrides = ()) -> Scenario:
    """The scenario of a name, path, record or mapping, with overrides. Raises ScenarioError."""
    if isinstance(scenario, Scenario):
        return load_mapping(scenario.dump(), overrides) if overrides else scenario
    return load_mapping(scenario, overrides) if isinstance(scenario, Mapping) else load(scenario, overrides)


def whole(function: str, name: str, value: Any, low: int, high: int) -> int:
    """An argument that is a whole number within a range. Raises ScenarioError that says which are allowed."""
    try:
        number = operator.index(value)
    except TypeError:
        number = low - 1
    if isinstance(value, bool) or not low <= number <= high:
        message = f"{shown(value)} is not allowed; whole numbers from {low} to {high} are"
        raise ScenarioError([problem_at(Position(function, 0, 0), name, message)])
    return number
