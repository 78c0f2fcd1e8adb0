"""An experiment: a claim, a sweep that is played on all cores, an analysis, and a results folder."""

import hashlib
import importlib.util
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from sim.evidence.analysis import Analysis
from sim.runs import store, terminal
from sim.runs.dry_run import print_dry_run
from sim.runs.executors import RunTask, cpu_count, loaded, play, play_all
from sim.runs.measure import load_measure
from sim.runs.sweep import read_sweep, sweep_tasks
from sim.scenario.code import code_populations, refuse_code

BROKEN = 70
WIDE = 116  # columns of a terminal


def experiment_command(
    folder: Path | str,
    full: bool = False,
    workers: int | None = None,
    seeds: int | None = None,
    out: Path | str | None = None,
    allow_code: bool = False,
    dry_run: bool = False,
) -> Path:
    """Plays an experiment's sweep, analyses it, writes results and prints table and verdict; returns the folder.

    `dry_run`: only checks and counts the runs and says what they would take.

    Raises ScenarioError for bad input before anything runs, code of scenarios that was not allowed included, and
    SystemExit(70) when no run succeeded.
    """
    home = Path(folder)
    sweep = read_sweep(home)
    analyse = load_analyse(home)
    tasks = sweep_tasks(sweep, home, full, seeds)
    if tasks[0].measure is not None:
        load_measure(tasks[0].measure)
    count = cpu_count() if workers is None else workers
    if not 1 <= count <= 1024:
        raise store.refuse("workers", f"{workers} is out of range; 1 to 1024 are allowed")
    tasks = checked_arms(tasks, allow_code)
    name = home.resolve().name
    if dry_run:
        warm(tasks[0])
        print_dry_run(name, tasks, count)
        return home
    target = store.results_folder(name, out)
    store.prove_writable(target)
    started = time.monotonic()
    warm(tasks[0])
    with terminal.progress(f"Experiment {name}", len(tasks), "runs") as tick:
        rows = play_all(tasks, count, tick)
    runs = runs_frame(rows)
    failed = int(runs["error"].notna().sum())
    stand_ins = stand_ins_of(tasks)
    facts: dict[str, Any] = {
        "experiment": name,
        "form": "full" if full else "quick",
        "runs": len(tasks),
        "failed": failed,
        "first_seed": sweep.seeds.first,
        "seeds": len({task.seed for task in tasks}),
        "code": code_of(tasks),
        "stand_ins": stand_ins,
    }
    analysis = None if failed == len(runs) else analyse(runs)
    final = _write(target, home, tasks, runs, analysis, facts, started)
    _report(name, analysis, runs, failed, time.monotonic() - started, final)
    terminal.print_stand_ins(stand_ins)
    if analysis is None:
        raise SystemExit(BROKEN)
    return final


def load_analyse(folder: Path) -> Callable[[pd.DataFrame], Analysis]:
    """The function `analyse(runs) -> Analysis` of the folder's analyse.py. Raises ScenarioError when there is none."""
    file = folder / "analyse.py"
    if not file.is_file():
        raise store.refuse("folder", f"{file} is missing; an experiment has claim.md, sweep.yaml and analyse.py")
    spec = importlib.util.spec_from_file_location(f"experiment_{folder.resolve().name}", file)
    assert spec is not None and spec.loader is not None  # a path that ends in .py always has both
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function = getattr(module, "analyse", None)
    if not callable(function):
        raise store.refuse("folder", f"{file} has no function `analyse(runs)`")
    return function  # type: ignore[no-any-return]


def checked_arms(tasks: Sequence[RunTask], allow_code: bool = False) -> list[RunTask]:
    """Reads every arm's scenario before the first run, and marks the runs that need a process of their own.

    Raises ScenarioError for the first bad one, or for code that was not allowed.
    """
    coded = {}
    for scenario, overrides in dict.fromkeys((task.scenario, task.overrides) for task in tasks):
        record = loaded(scenario, overrides)
        refuse_code(record, allow_code)
        coded[scenario, overrides] = bool(code_populations(record))
    return [replace(task, runs_code=coded[task.scenario, task.overrides]) for task in tasks]


def code_of(tasks: Sequence[RunTask]) -> dict[str, str]:
    """SHA-256 of the Python files that the runs name, by population."""
    coded = dict.fromkeys((task.scenario, task.overrides) for task in tasks if task.runs_code)
    return {record.name: record.code.sha256 for key in coded for record in code_populations(loaded(*key))}


def stand_ins_of(tasks: Sequence[RunTask]) -> list[str]:
    """What stands in for venues' rules in any of the runs."""
    records = [loaded(*key) for key in dict.fromkeys((task.scenario, task.overrides) for task in tasks)]
    return list(dict.fromkeys(line for record in records for line in record.stand_ins()))


def warm(task: RunTask) -> None:
    """Compiles the kernels in this process, so that the workers find them in the cache instead of all compiling."""
    from sim.terms.kernel import prune_cache

    started = time.monotonic()
    play(replace(task, overrides=(*task.overrides, "steps=2")))
    if (seconds := time.monotonic() - started) > 5.0:
        prune_cache()
        terminal.say(f"Kernels compiled in {seconds:.0f} s (once, until the code changes)")


def runs_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """One row a run in the order of the tasks; what did not happen is missing."""
    frame = pd.DataFrame(list(rows))
    if "error" in frame:
        frame["error"] = frame["error"].astype("string")
    return frame.convert_dtypes()


def markdown_table(table: pd.DataFrame) -> str:
    """A frame of texts as a Markdown table."""
    lines = [list(table.columns), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def _write(
    target: Path,
    home: Path,
    tasks: Sequence[RunTask],
    runs: pd.DataFrame,
    analysis: Analysis | None,
    facts: dict[str, Any],
    started: float,
) -> Path:
    runs_of = [(task.overrides, task.seed, task.labels) for task in tasks]
    digest = hashlib.sha256(repr([facts["code"], runs_of] if facts["code"] else runs_of).encode())
    with store.new_folder(target) as folder:
        folder.write_frame("runs.parquet", runs)
        for name in ("claim.md", "sweep.yaml", "scenario.yaml", "measure.py"):
            if (home / name).is_file():
                folder.write_text(name, (home / name).read_text(encoding="utf-8"))
        if analysis is not None:
            folder.write_text("table.md", markdown_table(analysis.table))
            folder.write_frame("table.csv", analysis.numbers)
            folder.write_text(
                "verdict.md", "\n".join([analysis.verdict, *terminal.stand_in_lines(facts["stand_ins"]), ""])
            )
            folder.write_json("summary.json", facts | analysis.facts)
            for name, picture in analysis.figures.items():
                folder.write_bytes(f"{name}.png", picture)
        folder.write_json("manifest.json", store.manifest(digest.hexdigest(), time.monotonic() - started, **facts))
    return folder.final


def _report(name: str, analysis: Analysis | None, runs: pd.DataFrame, failed: int, seconds: float, final: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    if analysis is not None:
        console = Console()
        for title, brief in analysis.brief.items():
            table = Table(
                title=f"\n{name}: {title}", box=None, title_justify="left", title_style="bold",
                padding=(0, 1, 0, 0), pad_edge=False, header_style="dim",
            )  # fmt: skip
            for column in brief.columns:
                table.add_column(str(column), justify="right", no_wrap=True)
            for row in brief.astype(str).to_numpy().tolist():
                # A narrow terminal has no room for half-widths; the tables in the results folder have the intervals.
                table.add_row(*(cell if console.width >= WIDE else cell.partition("±")[0] for cell in row))
            console.print(table)
        if analysis.legend:
            console.print(f"\n{analysis.legend}", markup=False, highlight=False, style="dim")
        console.print()
        console.print(analysis.verdict, markup=False, highlight=False, soft_wrap=False)
    if failed:
        first = runs.loc[runs["error"].notna(), "error"].iloc[0]
        terminal.say(f"{failed} of {len(runs)} runs failed and are left out; the first: {first}")
    terminal.say(f"{len(runs)} runs in {seconds:.1f} s. Results: {final}")
    if analysis is not None and analysis.figures:
        terminal.say(f"The answer in a picture: {final / next(iter(analysis.figures))}.png")
