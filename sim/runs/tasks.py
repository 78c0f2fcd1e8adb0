"""One run of a sweep: what it is, how it is known again, and how it is played to a row."""

import hashlib
import io
import json
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from threading import Event
from typing import Any

from sim.behaviour import BEHAVIOUR_VERSION
from sim.runs.journal import Finished

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
    with open(file, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


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
            raise RuntimeError("the scenario's files were changed while the sweep was running")
        summary, tables = _guarded(task, stop) if task.runs_code else _played(task)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        text = "".join(traceback.format_exception(error))
        return Finished(run, key, row | {"error": f"{_said(error)} (in {last.name})", "traceback": text}, {})
    return Finished(run, key, row | summary, tables)


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


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _played(task: RunTask, board: Any = None) -> tuple[dict[str, Any], Tables]:
    from sim.runs.measure import measured
    from sim.runs.run import simulate

    scenario = loaded(task.scenario, task.overrides)
    if task.measure is not None:
        return measured(task.measure, scenario, dict(task.labels), task.seed), {}
    result = simulate(scenario, task.seed, allow_code=task.runs_code, watch=board, antithetic=bool(task.antithetic))
    return plain(result.summary), _tables(task.keep, result) if task.keep else {}


def _guarded(task: RunTask, stop: Event | None) -> tuple[dict[str, Any], Tables]:
    from sim.runs.guarded import in_own_process, limits_of

    limits = limits_of(loaded(task.scenario, task.overrides))
    return in_own_process(_played, (task,), limits, stop=stop)  # type: ignore[no-any-return]


def plain(summary: dict[str, Any]) -> dict[str, Any]:
    """A summary of built-in numbers and texts; what is neither stands as JSON."""
    found = {name: value.item() if hasattr(value, "item") else value for name, value in summary.items()}
    return {
        name: value if isinstance(value, int | float | str | None) else json.dumps(value, sort_keys=True)
        for name, value in found.items()
    }


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
