"""`sweep.yaml`: which runs an experiment consists of. Arms, each crossed with the points of a design and all seeds."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from sim.parts import Name, Record, Row, dial
from sim.runs import store
from sim.runs.designs import Cell, Design, Factor, Grid, cells_of, check_factors, design_size
from sim.runs.measure import OWN_LABELS, measure_file
from sim.runs.parts import TABLES
from sim.runs.tasks import RunTask
from sim.scenario import ScenarioError, find_scenario
from sim.scenario.document import dotted, read_document
from sim.scenario.errors import Position, did_you_mean, problem_at

RUNS_MAX = 1_000_000
EXPERIMENTS = Path("experiments")
MAIN_OUTCOMES = ("price_drawdown", "liquidated_share_of_open_interest", "gross_drain_bp", "net_drain_bp")


class Seeds(Record):
    """Seeds are counted on from the first; arms and factors share them, so that differences are paired."""

    first: int = dial(1, "first seed", ge=0, le=2**62)
    quick: int = dial(20, "seeds of the quick form", ge=1, le=100_000)
    full: int = dial(20, "seeds of the full form", ge=1, le=100_000)
    antithetic: bool = dial(False, "play each seed twice, the second time with the mirror image of every draw")


class Arm(Record):
    """A variant of the scenario that is crossed with all factors."""

    quick: bool = dial(True, "part of the quick form too")
    overrides: Row[str] = dial((), "settings `a.b=c`", max_length=200)


class Sweep(Record):
    """What sweep.yaml says."""

    title: str = dial("", "one line", max_length=200)
    scenario: str = dial(..., "name of a scenario, or path of one from the experiment's folder")
    steps: int | None = dial(None, "length of a run; default: the scenario's", unit="steps", ge=1, le=1_000_000)
    seeds: Seeds = dial(Seeds(), "seeds")
    base: Row[str] = dial((), "settings of every run", max_length=200)
    factors: dict[Name, Factor] = dial({}, "what varies")
    design: Design = dial(Grid(), "which combinations of the factors' values are played")
    keep: Row[Literal["steps", "events"]] = dial((), "tables that are stored of each run beside its row", max_length=2)
    outcomes: Annotated[Row[str], Field(min_length=1)] = dial(
        MAIN_OUTCOMES, "columns of the runs whose variance reduction is reported", max_length=100
    )
    time_limit_s: float | None = dial(None, "after which a run is ended and counts as failed", unit="s", ge=0.1, le=1e7)
    arms: Annotated[dict[Name, Arm], Field(min_length=1)] = dial({"all": Arm()}, "variants")


def find_experiment(where: Path | str) -> Path:
    """The folder of an experiment, or a sweep's YAML file: by path, or by name below experiments/.

    Raises ScenarioError with the nearest known name.
    """
    text = str(where)
    try:
        for path in (Path(text), EXPERIMENTS / text):
            if path.is_dir() or (path.is_file() and path.suffix in (".yaml", ".yml")):
                return path
    except (OSError, ValueError):
        pass
    known = sorted(path.parent.name for path in EXPERIMENTS.glob("*/sweep.yaml"))
    message = f"{text!r} is no folder of an experiment and no YAML file of a sweep"
    raise store.refuse("experiment", message + did_you_mean(text, known))


def sweep_file(home: Path) -> Path:
    """Where the sweep of an experiment stands."""
    return home / "sweep.yaml" if home.is_dir() else home


def read_sweep(folder: Path) -> Sweep:
    """The sweep of an experiment's folder, or of its file. Raises ScenarioError with file, line and column."""
    file = sweep_file(folder)
    if not file.is_file():
        message = "no such file; an experiment has claim.md, sweep.yaml and analyse.py"
        raise ScenarioError([problem_at(Position(str(file)), "", message)])
    document = read_document(file, str(file))
    try:
        return Sweep.model_validate(document.tree)
    except ValidationError as error:
        problems = []
        for item in error.errors(include_url=False):
            path = tuple(step for step in item["loc"] if step != "[key]")
            problems.append(problem_at(document.position(path), dotted(document.tree, path), item["msg"]))
        raise ScenarioError(problems) from None


def sweep_scenario(sweep: Sweep, folder: Path) -> Path:
    """The file of the sweep's scenario: beside the sweep, or by name. Raises ScenarioError."""
    beside = sweep_file(folder).parent / sweep.scenario
    return beside if beside.is_file() else find_scenario(sweep.scenario)


def sweep_tasks(
    sweep: Sweep,
    folder: Path,
    full: bool = False,
    seeds: int | None = None,
    settings: Sequence[str] = (),
    many: bool = False,
) -> list[RunTask]:
    """All runs of a sweep in canonical order: arm, point, seed, run of a pair; the command line's `settings` come last.

    Raises ScenarioError when there are more than a million and that was not allowed (`many`).
    """
    scenario, at = str(sweep_scenario(sweep, folder).resolve()), Position(str(sweep_file(folder)))
    count = seeds if seeds is not None else (sweep.seeds.full if full else sweep.seeds.quick)
    measure = measure_file(folder)
    if measure is None:
        refuse_unread(sweep, at)
    elif sweep.keep:
        raise ScenarioError([problem_at(at, "keep", "goes with runs of the scenario, and measure.py plays its own")])
    elif sweep.seeds.antithetic:
        message = "goes with runs of the scenario, and measure.py draws for itself"
        raise ScenarioError([problem_at(at, "seeds.antithetic", message)])
    halves = (0, 1) if sweep.seeds.antithetic else (None,)
    refuse_names(sweep, settings, at)
    arms = {name: arm for name, arm in sweep.arms.items() if full or arm.quick}
    check_factors(sweep.design, sweep.factors, at)
    points = design_size(sweep.design, sweep.factors)
    runs = count * points * len(arms) * len(halves)
    product = f"{count:,} seeds x {points:,} points x {len(arms):,} arms" + " x 2 of a pair" * (len(halves) - 1)
    if not runs:
        what = "an arm in the quick form" if not arms else "a value in every factor"
        raise ScenarioError([problem_at(at, "design", f"{product} are no run; give at least {what}")])
    if runs > RUNS_MAX and not many:
        message = f"{product} are {runs:,} runs; more than {RUNS_MAX:,} are played only with --yes"
        raise ScenarioError([problem_at(at, "design", message)])
    cells = cells_of(sweep.design, sweep.factors, at)
    keep = tuple(table for table in TABLES if table in sweep.keep)
    tasks: list[RunTask] = []
    for name, arm in arms.items():
        for point, cell in enumerate(cells):
            overrides = (*sweep.base, *arm.overrides, *_settings(sweep, cell), *settings)
            labels = (("arm", name), *_labels(sweep, point, cell))
            seeds_of_cell = range(sweep.seeds.first, sweep.seeds.first + count)
            tasks += [
                RunTask(scenario, overrides, seed, labels, measure=measure, keep=keep, antithetic=half)
                for seed in seeds_of_cell
                for half in halves
            ]
    return tasks


def _labels(sweep: Sweep, point: int, cell: Cell) -> list[tuple[str, Any]]:
    """Columns that tell a point from others: its number, unless it is one of a grid, and its values; parts as JSON."""
    values = [value if isinstance(value, int | float | str) else json.dumps(value) for value in cell]
    numbered = [] if isinstance(sweep.design, Grid) else [("point", point)]
    return [*numbered, *zip(sweep.factors, values, strict=True)]


def _settings(sweep: Sweep, cell: Cell) -> list[str]:
    settings = [] if sweep.steps is None else [f"steps={sweep.steps}"]
    return settings + [
        f"{factor.sets}={json.dumps(value)}"
        for factor, value in zip(sweep.factors.values(), cell, strict=True)
        if factor.sets is not None
    ]


def refuse_names(sweep: Sweep, settings: Sequence[str], at: Position) -> None:
    """Raises ScenarioError for a factor called like a column of every run, or whose dial `--set` would set anew."""
    fixed = {setting.partition("=")[0].strip() for setting in settings}
    for name, factor in sweep.factors.items():
        if name in OWN_LABELS:
            message = f"is a column of every run; call the factor something else than {', '.join(OWN_LABELS)}"
            raise ScenarioError([problem_at(at, f"factors.{name}", message)])
        if factor.sets in fixed:
            raise store.refuse("--set", f"{factor.sets} is what the factor {name} varies")


def refuse_unread(sweep: Sweep, at: Position) -> None:
    """Raises ScenarioError for a factor that neither sets a dial nor is read by a measure.py."""
    for name, factor in sweep.factors.items():
        if factor.sets is None:
            message = "sets no dial, and there is no measure.py that could read it; add `sets: path.of.the.dial`"
            raise ScenarioError([problem_at(at, f"factors.{name}", message)])
