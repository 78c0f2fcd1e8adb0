"""One run of a sweep: what it is, how it is known again, and how it is played to a row."""

import hashlib
import io
import json
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from threading import Event
from typing import Any

from sim.behaviour import BEHAVIOUR_VERSION
from sim.runs.journal import Finished
from sim.runs.measure import load_measure

Tables = dict[str, bytes]


@dataclass(frozen=True)
class RunTask:
    """One run to play: a scenario file, overrides `a.b=c`, seed, the labels of its row, and who measures it.

    measure: the experiment's measure.py, called instead of playing the scenario; None: it is played to its summary.
    keep: the tables that are stored beside its row. antithetic: 0 or 1, which run of a pair; None: there are no pairs.
    """

    scenario: str
    overrides: tuple[str, ...]
    seed: int
    labels: tuple[tuple[str, Any], ...] = field(default=())
    runs_code: bool = False  # the scenario names Python files, and they were allowed
    measure: str | None = None
    keep: tuple[str, ...] = ()
    antithetic: int | None = None

    def head(self) -> dict[str, Any]:
        """What its row begins with: labels, seed, and which of a pair it is."""
        half = {} if self.antithetic is None else {"antithetic": self.antithetic}
        return dict(self.labels) | {"seed": self.seed} | half


@lru_cache(maxsize=4)
def loaded(scenario: str, overrides: tuple[str, ...]) -> Any:
    """The scenario of a task, read once for the runs that follow each other. Raises ScenarioError."""
    from sim.scenario import load

    return load(scenario, overrides)


@lru_cache(maxsize=4)
def _measure_hash(file: str) -> str:
    """Of measure.py and what it may import from its folder; the analysis comes after the runs."""
    beside = [each for each in sorted(Path(file).parent.glob("*.py")) if each.name != "analyse.py"]
    said = [(each.name, each.read_bytes()) for each in beside]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def forget_files() -> None:
    """Reads scenarios and measures from their files again."""
    for cache in (loaded, _measure_hash, load_measure):
        cache.cache_clear()


class TimeLimit(Exception):
    """A run took longer than it may; the argument is the limit in seconds."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(f"took longer than the time limit of {limit_s:g} s")


def run_key(task: RunTask) -> str:
    """What a run is known by: its configuration, its seed and the behaviour of this version; 32 hexadecimal digits."""
    said = {
        "behaviour": BEHAVIOUR_VERSION,
        "configuration": loaded(task.scenario, task.overrides).config_hash,
        "keep": task.keep,
        "labels": task.labels,
        "measure": _measure_hash(task.measure) if task.measure is not None else None,
        "seed": task.seed,
    } | ({} if task.antithetic is None else {"antithetic": task.antithetic})
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


def play(run: int, key: str, task: RunTask, stop: Event | None = None) -> Finished:
    """Plays one run to a row: its labels, seed, `error` and `traceback` (None, or what went wrong), summary.

    A failed run is a row that says so.
    """
    row: dict[str, Any] = task.head() | {"error": None}
    try:
        if run_key(task) != key:
            forget_files()  # a worker that has lived through an edit
        if run_key(task) != key:
            raise RuntimeError("the scenario's files were changed while the sweep was running")
        summary, tables = _guarded(task, stop) if task.runs_code else _played(task)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = "" if isinstance(error, TimeLimit) else f" (in {last.name})"
        text = "".join(traceback.format_exception(error))
        return Finished(run, key, plain(row | {"error": said_of(error) + where, "traceback": text}), {})
    return Finished(run, key, plain(row | summary), tables)


def rehearse(task: RunTask) -> None:
    """Plays two steps of a run so that its kernels are compiled; what is wrong with it will be said by the run."""
    short = replace(task, overrides=(*task.overrides, "steps=2"), keep=())
    try:
        _guarded(short, None) if task.runs_code else _played(short)
    except Exception:
        return


def lost(run: int, key: str, task: RunTask, error: str, traceback: str | None = None) -> Finished:
    """The row of a run that ended with its process."""
    return Finished(run, key, task.head() | {"error": error, "traceback": traceback}, {})


def said_of(error: BaseException) -> str:
    """An error in one line, its kind first."""
    return f"{type(error).__name__}: {error}"


def _played(task: RunTask, board: Any = None) -> tuple[dict[str, Any], Tables]:
    from sim.runs.measure import measured
    from sim.runs.run import simulate

    scenario = loaded(task.scenario, task.overrides)
    if task.measure is not None:
        return measured(task.measure, scenario, dict(task.labels), task.seed), {}
    result = simulate(scenario, task.seed, allow_code=task.runs_code, watch=board, antithetic=bool(task.antithetic))
    return result.summary, _tables(task.keep, result) if task.keep else {}


def _guarded(task: RunTask, stop: Event | None) -> tuple[dict[str, Any], Tables]:
    from sim.runs.guarded import in_own_process, limits_of

    limits = limits_of(loaded(task.scenario, task.overrides))
    return in_own_process(_played, (task,), limits, stop=stop)  # type: ignore[no-any-return]


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a table can hold it: texts in UTF-8, whole numbers of 64 bits; what is neither stands as text."""
    return {name: _plain(value.item() if hasattr(value, "item") else value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if value is None or isinstance(value, float) or (isinstance(value, int) and -(2**63) <= value < 2**63):
        return value
    return str(value) if isinstance(value, int) else json.dumps(value, sort_keys=True)


def _tables(keep: Sequence[str], result: Any) -> Tables:
    from sim.evidence.frames import events_frame, steps_frame

    names = result.session.names
    frames = {"steps": lambda: steps_frame(result.steps, names), "events": lambda: events_frame(result.events, names)}
    found = {}
    for name in keep:
        stream = io.BytesIO()
        frames[name]().to_parquet(stream, index=False, compression="zstd")
        found[name] = stream.getvalue()
    return found
