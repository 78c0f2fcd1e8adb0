"""A sweep in its folder, from the lock to the last part: begun, continued, or found finished."""

import re
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim.runs import store, terminal
from sim.runs.backends import BackendOptions, cpu_count, open_backend
from sim.runs.catalogue import Catalogue
from sim.runs.folder_lock import LOCK, locked
from sim.runs.identity import FILE, read_identity, refuse_other, write_identity
from sim.runs.ledger import Ledger, scan
from sim.runs.runner import Stopped, Sweeping, finish, play_all
from sim.runs.tasks import RunTask, rehearse
from sim.scenario import ScenarioError

SHARD = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")
BEGINNINGS = (LOCK, "parts", "journals")  # of a sweep that was ended before it could say what it is
COMPILE_S = 5.0  # a first run that takes longer than this has compiled


@dataclass(frozen=True)
class Shard:
    """One of several jobs that share a sweep: the `number`-th of `count`, from 1."""

    number: int
    count: int

    @property
    def name(self) -> str:
        """As it stands in file names."""
        return f"shard-{self.number}-of-{self.count}"

    def holds(self, run: int) -> bool:
        """Whether a run is this job's; neighbours go to different jobs, so that all have as much to do."""
        return run % self.count == self.number - 1


@dataclass(frozen=True)
class PlayOptions:
    """How a sweep is played: nothing of it changes what it finds."""

    backend: BackendOptions
    shard: Shard | None = None
    time_limit_s: float | None = None
    retry_failed: bool = False
    quiet: bool = False


def read_shard(text: str | None) -> Shard | None:
    """The job of `--shard i/n`. Raises ScenarioError."""
    if text is None:
        return None
    found = SHARD.fullmatch(text.strip())
    if found is None or int(found[1]) > int(found[2]):
        raise store.refuse("shard", f"{text!r} is not of the form i/n with i from 1 to n, as in 3/10")
    return Shard(int(found[1]), int(found[2]))


def check_folder(folder: Path, record: Mapping[str, Any]) -> None:
    """Raises ScenarioError where a folder is not free for a sweep or begun by the same one. Writes nothing."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise store.refuse("out", f"{str(folder)!r} is a file, a folder is needed")
    before = read_identity(folder)
    if before is not None:
        refuse_other(folder, before, record)
    elif any(path.name not in BEGINNINGS for path in folder.iterdir()):
        raise store.refuse("out", f"{folder} holds something else than a sweep; give another --out, or --new")


def play_sweep(
    name: str,
    folder: Path,
    tasks: Sequence[RunTask],
    keys: Sequence[str],
    record: Mapping[str, Any],
    options: PlayOptions,
) -> Ledger:
    """Plays what is missing of a sweep into its folder and returns what is there then.

    Raises ScenarioError before anything is written, Stopped after Ctrl-C, OSError where there is no room.
    """
    check_folder(folder, record)
    store.prove_writable(folder / "parts" / "x")
    fresh = not folder.exists()
    try:
        return _played(name, folder, tasks, keys, record, options)
    except ScenarioError:
        if fresh:  # a scheduler that is not there, or workers that are not like us: nothing shall have been written
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _played(
    name: str,
    folder: Path,
    tasks: Sequence[RunTask],
    keys: Sequence[str],
    record: Mapping[str, Any],
    options: PlayOptions,
) -> Ledger:
    for place in ("parts", "journals"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    shard = options.shard
    prefix = f"{shard.name}--" if shard is not None else "all--"
    with ExitStack() as stack:
        stack.enter_context(locked(folder, shard.name if shard is not None else None))
        if read_identity(folder) is None:
            write_identity(folder, record)
        ledger = scan(folder, keys, prefix if shard is not None else "")
        _say_damaged(ledger)
        sweep = Sweeping(folder, tasks, keys, ledger, prefix, time_limit_s=options.time_limit_s)
        if shard is None:
            sweep.catalogue = Catalogue(folder)
            stack.callback(sweep.catalogue.close)
            sweep.catalogue.rebuild(ledger, len(tasks))
        runs = _to_play(sweep, options)
        if runs:
            if len(runs) < len(tasks) and shard is None:
                terminal.say(f"Continuing {folder}: {len(tasks) - len(runs)} of {len(tasks)} runs are finished")
            warm(tasks[runs[0]])
            _play(name, sweep, runs, options)
        return finish(sweep, exclusive=shard is None)


def _to_play(sweep: Sweeping, options: PlayOptions) -> list[int]:
    if options.retry_failed:
        for run in sweep.ledger.failed():
            del sweep.ledger.errors[run]
            sweep.ledger.where.pop(run, None)
    runs = sweep.ledger.missing()
    return runs if options.shard is None else [run for run in runs if options.shard.holds(run)]


def _play(name: str, sweep: Sweeping, runs: Sequence[int], options: PlayOptions) -> None:
    sweep.in_process = options.backend.kind == "serial"
    before, failed = len(sweep.ledger.errors), len(sweep.ledger.failed())
    backend = replace(options.backend, witness=sweep.folder / FILE)
    if backend.kind == "local":
        backend = replace(backend, workers=min(backend.workers or cpu_count(), len(runs)))
    with (
        terminal.sweep_progress(f"Experiment {name}", len(runs), options.quiet) as shown,
        open_backend(backend) as (executor, capacity),
    ):
        try:
            play_all(sweep, runs, executor, capacity, lambda done, bad: shown(done - before, bad - failed))
        except Stopped:
            done = len(sweep.ledger.errors)
            terminal.say(
                f"Stopped: {done} of {len(sweep.tasks)} runs are finished and kept in {sweep.folder}; "
                "the same command continues"
            )
            raise


def _say_damaged(ledger: Ledger) -> None:
    for file in ledger.damaged:
        terminal.say(f"{file} was damaged and is not read; its runs are played again")


def warm(task: RunTask) -> None:
    """Compiles the kernels in this process, so that the workers find them in the cache instead of all compiling."""
    from sim.terms.kernel import prune_cache

    started = time.monotonic()
    rehearse(task)
    if (seconds := time.monotonic() - started) > COMPILE_S:
        prune_cache()
        terminal.say(f"Kernels compiled in {seconds:.0f} s (once, until the code changes)")
