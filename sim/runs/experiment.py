"""An experiment: a claim, a sweep that is played on all cores, an analysis, and a results folder."""

import importlib.util
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.variance_reduction import reduction_lines, variance_reduction
from sim.runs import store, terminal
from sim.runs.backends import BackendOptions, cpu_count, refuse_strays
from sim.runs.dry_run import print_dry_run
from sim.runs.experiment_results import print_report, write_results
from sim.runs.identity import identity
from sim.runs.ledger import Ledger
from sim.runs.measure import load_measure
from sim.runs.parts import read_table, rows_frame
from sim.runs.play_sweep import PlayOptions, check_folder, play_sweep, read_shard, warm
from sim.runs.sweep import Sweep, find_experiment, read_sweep, sweep_tasks
from sim.runs.tasks import RunTask, forget_files, loaded, run_key
from sim.scenario.code import code_populations, refuse_code

SOME_FAILED = 3
BROKEN = 70
NOT_FOR_ANALYSIS = ["run", "key", "traceback"]


@dataclass(frozen=True)
class Form:
    """Which runs of a sweep are played: full or quick form, seeds a cell (None: the sweep's), settings `a.b=c` on top.

    many: more than a million are meant.
    """

    full: bool = False
    seeds: int | None = None
    settings: tuple[str, ...] = ()
    many: bool = False


@dataclass(frozen=True)
class Cells:
    """What is known of the scenarios of a sweep once each was read: tasks and keys of its runs, and what to say."""

    tasks: list[RunTask]
    keys: list[str]
    code: dict[str, str]
    stand_ins: list[str]


def experiment_command(
    where: Path | str,
    form: Form | None = None,
    backend: BackendOptions | None = None,
    out: Path | str | None = None,
    allow_code: bool = False,
    dry_run: bool = False,
    new: bool = False,
    shard: str | None = None,
    retry_failed: bool = False,
) -> Path:
    """Plays an experiment's sweep, or what is missing of it, analyses it and prints table and verdict; its folder.

    Raises ScenarioError for bad input before anything is written, Stopped after Ctrl-C, SystemExit(3) when runs
    failed and SystemExit(70) when none succeeded.
    """
    started = time.monotonic()
    form, backend, job = form or Form(), backend or BackendOptions(), read_shard(shard)
    if new and job is not None:
        raise store.refuse("new", "shards share one folder; begin it with --out FOLDER, the same for all of them")
    forget_files()
    home = find_experiment(where)
    sweep = read_sweep(home)
    analyse = load_analyse(home) if home.is_dir() else None
    refuse_strays(backend)
    tasks = sweep_tasks(sweep, home, form.full, form.seeds, form.settings, form.many)
    if tasks[0].measure is not None:
        load_measure(tasks[0].measure)
    name = experiment_name(home)
    if dry_run:
        cells = read_cells(tasks, allow_code, keyed=False)
        warm(cells.tasks[0])
        print_dry_run(name, cells.tasks, backend.workers or cpu_count())
        return home
    cells = read_cells(tasks, allow_code)
    record = sweep_record(name, sweep, form, cells)
    target = store.results_folder(f"{name}-full" if form.full and out is None else name, out)
    target = store.free_folder(target) if new else target
    check_folder(target, record)
    options = PlayOptions(backend, job, sweep.time_limit_s, retry_failed, new=new)
    ledger = play_sweep(name, target, cells.tasks, cells.keys, record, options)
    if job is not None or ledger.missing():
        _say_unfinished(ledger, shard)
        if ledger.n_failed or job is None:
            raise SystemExit(SOME_FAILED)
        return target
    return _concluded(name, home, target, ledger, analyse, cells, form, sweep, started)


def experiment_name(home: Path) -> str:
    """What an experiment is called: its folder, or its file without `.yaml`. Raises ScenarioError for no such name."""
    name = home.resolve().name if home.is_dir() else home.stem
    store.results_folder(name)
    return name


def sweep_record(name: str, sweep: Sweep, form: Form, cells: Cells) -> dict[str, Any]:
    """What makes a sweep this one and no other, for its folder."""
    first = cells.tasks[0]
    said = sweep.model_dump(mode="json") | {"settings": list(form.settings)}
    seeds = sorted({task.seed for task in cells.tasks})
    said["seeds"] = {"first": seeds[0], "count": len(seeds)} | ({"antithetic": True} if sweep.seeds.antithetic else {})
    said.pop("outcomes", None)  # what is reported of the runs does not change them
    scenario = loaded(first.scenario, (*sweep.base, *form.settings)).dump()
    return identity(name, "full" if form.full else "quick", said, scenario, cells.keys)


def _concluded(
    name: str,
    home: Path,
    target: Path,
    ledger: Ledger,
    analyse: Callable[[pd.DataFrame], Analysis] | None,
    cells: Cells,
    form: Form,
    sweep: Sweep,
    started: float,
) -> Path:
    runs, failed = rows_frame(read_table(target, ledger.parts())), ledger.n_failed
    facts: dict[str, Any] = {
        "experiment": name,
        "form": "full" if form.full else "quick",
        "runs": len(runs),
        "failed": failed,
        "first_seed": sweep.seeds.first,
        "seeds": len({task.seed for task in cells.tasks}),
        "code": cells.code,
        "stand_ins": cells.stand_ins,
    }
    rows = runs.drop(columns=NOT_FOR_ANALYSIS)
    saved = reported_reduction(rows, sweep)
    facts["variance_reduction"] = saved.to_dict("records")
    analysis = _analysed(analyse, rows, target) if analyse is not None and failed < len(runs) else None
    write_results(target, home, ledger, runs, analysis, facts, time.monotonic() - started)
    print_report(name, analysis, runs, failed, time.monotonic() - started, target, reduction_lines(saved))
    terminal.print_stand_ins(cells.stand_ins)
    if failed:
        raise SystemExit(BROKEN if failed == len(runs) else SOME_FAILED)
    return target


def _analysed(analyse: Callable[[pd.DataFrame], Analysis], rows: pd.DataFrame, target: Path) -> Analysis:
    """The analysis. Raises ScenarioError where it fails: the runs are kept, and it can be mended."""
    try:
        return analyse(rows)
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.name == analyse.__name__]
        message = f"failed in line {lines[-1] if lines else '?'}: {type(error).__name__}: {error}"
        kept = f"all runs are kept in {target}, the same command analyses them again"
        raise store.refuse("analyse.py", f"{message}; {kept}") from error


def reported_reduction(rows: pd.DataFrame, sweep: Sweep) -> pd.DataFrame:
    """What common and antithetic draws saved in the sweep's outcomes; those that are there by default may be absent."""
    named = "outcomes" in sweep.model_fields_set
    outcomes = [name for name in sweep.outcomes if named or name in rows]
    cell = ["point"] if "point" in rows else [name for name in sweep.factors if name in rows]
    return variance_reduction(rows, ["arm", *cell], outcomes)


def _say_unfinished(ledger: Ledger, shard: str | None) -> None:
    done, all_runs = len(ledger.errors), len(ledger.keys)
    which = f"Shard {shard} is through" if shard is not None else "Not finished"
    terminal.say(
        f"{which}: {done:,} of {all_runs:,} runs are in {ledger.folder}.\n"
        "When all are, the same command without --shard gathers and analyses them"
    )


def load_analyse(folder: Path) -> Callable[[pd.DataFrame], Analysis]:
    """The function `analyse(runs) -> Analysis` of the folder's analyse.py. Raises ScenarioError when there is none."""
    file = folder / "analyse.py"
    if not file.is_file():
        raise store.refuse("folder", f"{file} is missing; an experiment has claim.md, sweep.yaml and analyse.py")
    spec = importlib.util.spec_from_file_location(f"experiment_{folder.resolve().name}", file)
    assert spec is not None and spec.loader is not None  # a path that ends in .py always has both
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise store.refuse("folder", f"{file} cannot be loaded: {type(error).__name__}: {error}") from error
    function = getattr(module, "analyse", None)
    if not callable(function):
        raise store.refuse("folder", f"{file} has no function `analyse(runs)`")
    return function  # type: ignore[no-any-return]


def read_cells(tasks: Sequence[RunTask], allow_code: bool = False, keyed: bool = True) -> Cells:
    """Reads every scenario of a sweep before the first run, and marks the runs that need a process of their own.

    Raises ScenarioError for the first bad one, or for code that was not allowed. keyed: also the keys of all runs.
    """
    cell: tuple[str, tuple[str, ...]] | None = None
    coded, found, keys, code, stand_ins = False, [], [], {}, {}
    for task in tasks:
        if cell != (task.scenario, task.overrides):
            cell = task.scenario, task.overrides
            record = loaded(*cell)
            refuse_code(record, allow_code)
            coded = bool(code_populations(record))
            code.update({each.name: each.code.sha256 for each in code_populations(record)})
            stand_ins.update(dict.fromkeys(record.stand_ins()))
        found.append(replace(task, runs_code=coded))
        if keyed:
            keys.append(run_key(found[-1]))
    return Cells(found, keys, code, list(stand_ins))
