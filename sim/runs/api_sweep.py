"""`sim.sweep`: what an experiment's sweep.yaml says, said in Python, and played by the same runner into a frame."""

import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sim.runs import store
from sim.runs.api import ScenarioLike, scenario_given, whole
from sim.runs.backends import BackendOptions, refuse_strays
from sim.runs.experiment import Form, read_cells, sweep_record
from sim.runs.experiment_results import write_results
from sim.runs.measure import load_measure
from sim.runs.parts import read_table, rows_frame
from sim.runs.play_sweep import PlayOptions, check_folder, play_sweep
from sim.runs.sweep import Sweep, sweep_tasks
from sim.runs.tasks import forget_files
from sim.scenario import Scenario, find_scenario, load
from sim.scenario.document import dotted
from sim.scenario.errors import Position, Problem, ScenarioError, problem_at, shown
from sim.scenario.overrides import Overrides, Setting, plain

if TYPE_CHECKING:
    import pandas as pd

HERE = Position("sim.sweep", 0, 0)  # what messages call the arguments
FULL = Form(full=True)


def sweep(
    scenario: ScenarioLike,
    factors: Mapping[str, Any] | None = None,
    *,
    design: str | Mapping[str, Any] = "grid",
    seeds: int | range | Mapping[str, Any] = 20,
    arms: Mapping[str, Overrides] | None = None,
    overrides: Overrides = (),
    steps: int | None = None,
    keep: Sequence[str] = (),
    measure: str | Path | None = None,
    time_limit_s: float | None = None,
    workers: int | None = None,
    backend: str = "local",
    address: str | None = None,
    site: str | Path | None = None,
    out: str | Path | None = None,
    new: bool = False,
    retry_failed: bool = False,
    allow_code: bool = False,
    quiet: bool = False,
) -> "pd.DataFrame":
    """Play a sweep and return one row a run: its labels, seed, `error` and summary, as in runs.parquet.

    factors: `{"path.of.a.dial": [values]}`, or what sweep.yaml says of a factor. design: its kind, or a mapping.
    seeds: how many, counted from 1, a range, or what sweep.yaml says with `count`. out: a folder that keeps all of it;
    the same call continues there.
    The other arguments are those of sweep.yaml and of `firesale experiment`. A failed run is a row that says so.
    Raises ScenarioError before anything is written, Stopped (a KeyboardInterrupt) after Ctrl-C, OSError.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="firesale-") as scratch:
        home = Path(scratch) / "sweep"
        home.mkdir()
        said: dict[str, Any] = {
            "scenario": _scenario(scenario, home),
            "factors": _factors(factors or {}),
            "design": {"kind": design} if isinstance(design, str) else plain(design),
            "seeds": _seeds(seeds),
            "base": _texts(overrides),
            "keep": list(keep),
            "time_limit_s": time_limit_s,
        }
        if steps is not None:
            said["steps"] = whole(HERE.file, "steps", steps, 1, 1_000_000)
        if arms is not None:
            said["arms"] = {name: {"overrides": _texts(settings)} for name, settings in arms.items()}
        record = _written(said, measure, home)
        if keep and out is None:
            raise ScenarioError([problem_at(HERE, "keep", "stores tables in a folder; give `out`")])
        options = BackendOptions(backend, workers, address, None if site is None else Path(site))  # type: ignore[arg-type]
        refuse_strays(options)
        try:
            play = PlayOptions(options, None, time_limit_s, retry_failed, quiet)
            with _script_kept_from_workers():
                return _played(record, home, play, out, new, allow_code, started)
        except ScenarioError as error:
            raise ScenarioError([_without_scratch(item, scratch) for item in error.problems]) from None


def _written(said: dict[str, Any], measure: str | Path | None, home: Path) -> Sweep:
    """The checked sweep; the folder is then that of an experiment without a claim."""
    record = _checked(said)
    (home / "sweep.yaml").write_text(json.dumps(said, indent=1), encoding="utf-8")
    if measure is not None:
        (home / "measure.py").write_text(_code(measure), encoding="utf-8")
    return record


@contextmanager
def _script_kept_from_workers() -> Iterator[None]:
    """Worker processes begin by importing the script that started them, here to no end but a sweep within a sweep.

    While this is open they know of no script, so that a call needs no `if __name__ == "__main__"`, and one in a
    notebook or on standard input works like any other.
    """
    main: Any = sys.modules["__main__"]
    spec, file = main.__spec__, main.__dict__.pop("__file__", None)
    main.__spec__ = None
    try:
        yield
    finally:
        main.__spec__ = spec
        if file is not None:
            main.__file__ = file


def _played(
    record: Sweep, home: Path, options: PlayOptions, out: str | Path | None, new: bool, allow_code: bool, started: float
) -> "pd.DataFrame":
    forget_files()
    tasks = sweep_tasks(record, home, full=True)
    if tasks[0].measure is not None:
        load_measure(tasks[0].measure)
    cells = read_cells(tasks, allow_code)
    name = load(tasks[0].scenario).name
    identity = sweep_record(name, record, FULL, cells)
    target = home.with_name("results") if out is None else store.results_folder(name, out)
    target = store.free_folder(target) if new else target
    check_folder(target, identity)
    ledger = play_sweep(name, target, cells.tasks, cells.keys, identity, options)
    runs = rows_frame(read_table(target, ledger.parts()))
    if out is not None:
        facts = {"experiment": name, "runs": len(runs), "failed": ledger.n_failed, "code": cells.code}
        facts |= {"stand_ins": cells.stand_ins}
        write_results(target, home, ledger, runs, None, facts, time.monotonic() - started)
    return runs


def _scenario(scenario: ScenarioLike, home: Path) -> str:
    """What sweep.yaml says: a name or path as it was given, or the file that a record or mapping was written to."""
    if not isinstance(scenario, Scenario | Mapping):
        find_scenario(scenario)
        return str(scenario)
    record = scenario_given(scenario)
    file = home / "scenario.yaml"
    file.write_text(json.dumps(record.dump()), encoding="utf-8")
    try:
        same = load(file).config_hash == record.config_hash
    except ScenarioError:
        same = False
    if not same:
        message = "a scenario that names files of its own is swept by its path, not as a record or mapping"
        raise ScenarioError([problem_at(HERE, "scenario", message)])
    return file.name


def _factors(given: Mapping[str, Any]) -> dict[str, Any]:
    """Factors by the name of their column: the last word of the path, all of it where two end alike."""
    ends = Counter(path.rpartition(".")[2] for path in given)
    found = {}
    for path, value in given.items():
        said = plain(value)
        end = path.rpartition(".")[2]
        name = re.sub(r"[^a-z0-9_]", "_", (end if ends[end] == 1 else path).lower())
        if isinstance(said, list):
            found[name] = {"sets": path, "values": said}
        elif isinstance(said, dict):
            found[name] = {"sets": path, **said}
        else:
            message = f"{shown(said)} is no list of values and no mapping such as {{'low': 0.5, 'high': 2.0}}"
            raise ScenarioError([problem_at(HERE, f"factors.{path}", message)])
    return found


def _seeds(seeds: int | range | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(seeds, Mapping):
        said = dict(plain(seeds))
        count = said.pop("count", None)
        return said if count is None else said | {"full": count, "quick": count}
    if isinstance(seeds, range):
        if not seeds or seeds.step != 1:
            raise ScenarioError([problem_at(HERE, "seeds", f"{seeds} is empty or has gaps; a range counts on by one")])
        return {"first": seeds.start, "full": len(seeds), "quick": len(seeds)}
    count = whole(HERE.file, "seeds", seeds, 1, 100_000)
    return {"first": 1, "full": count, "quick": count}


def _texts(overrides: Overrides) -> list[str]:
    """Settings `a.b=c` of texts or of a mapping."""
    if isinstance(overrides, Mapping):
        return [f"{path}={json.dumps(plain(value))}" for path, value in overrides.items()]
    if isinstance(overrides, str):
        return [overrides]
    return [
        f"{'.'.join(item.words)}={json.dumps(item.value)}" if isinstance(item, Setting) else item for item in overrides
    ]


def _code(measure: str | Path) -> str:
    try:
        return Path(measure).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise ScenarioError([problem_at(HERE, "measure", f"{str(measure)!r} cannot be read: {why}")]) from None


def _checked(said: dict[str, Any]) -> Sweep:
    try:
        return Sweep.model_validate(said)
    except ValidationError as error:
        problems = []
        for item in error.errors(include_url=False):
            path = tuple(step for step in item["loc"] if step != "[key]")
            problems.append(problem_at(HERE, dotted(said, path), item["msg"]))
        raise ScenarioError(problems) from None


def _without_scratch(problem: Problem, scratch: str) -> Problem:
    """A problem of the files that were made of the arguments, as one of the arguments."""
    return problem_at(HERE, problem.path, problem.message) if problem.file.startswith(scratch) else problem
