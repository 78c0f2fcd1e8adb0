"""A sweep in its folder, from the lock to the last part: begun, continued, or found finished."""

import errno
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim.runs import store, terminal
from sim.runs.backends import BackendOptions, cpu_count, open_backend
from sim.runs.catalogue import CATALOGUE, Catalogue
from sim.runs.folder_lock import LOCK, beginning, locked
from sim.runs.identity import FILE, read_identity, refuse_other, write_identity
from sim.runs.ledger import Ledger, scan
from sim.runs.parts import part_files
from sim.runs.runner import Stopped, Sweeping, finish, play_all
from sim.runs.tasks import RunTask, rehearse
from sim.scenario import ScenarioError

SHARD = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")
PLACES = ("parts", "journals")
# What there is of a sweep that was ended before it could say what it is.
BEGINNING = re.compile(rf"{LOCK}(-.*)?|{'|'.join(PLACES)}|\..*\.tmp")
FULL = (errno.ENOSPC, errno.EDQUOT)
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
    new: bool = False


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
    if folder.is_symlink():
        raise store.refuse("out", f"{folder} is a link; name the folder that it leads to")
    if not folder.exists():
        return
    before = read_identity(folder)
    linked = next((path for path in folder.iterdir() if path.is_symlink()), None)
    if linked is not None:
        raise store.refuse("out", f"{linked} is a link, which no sweep has made; give another --out, or --new")
    if before is not None:
        refuse_other(folder, before, record)
    elif any(not BEGINNING.fullmatch(path.name) for path in folder.iterdir()):
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
    made = _make(folder)
    shard = options.shard
    prefix = f"{shard.name}--" if shard is not None else "all--"
    with ExitStack() as stack:
        stack.enter_context(locked(folder, shard.name if shard is not None else None))
        with beginning(folder):  # shards that start together agree on what the folder is of
            check_folder(folder, record)
            for place in PLACES:
                (folder / place).mkdir(exist_ok=True)
            if read_identity(folder) is None:
                write_identity(folder, record)
        ledger = scan(folder, keys, prefix if shard is not None else "")
        _say_damaged(ledger)
        before = frozenset(file.name for file in part_files(folder))
        sweep = Sweeping(folder, tasks, keys, ledger, prefix, time_limit_s=options.time_limit_s, before=before)
        if shard is None:
            sweep.catalogue = Catalogue(folder)
            stack.callback(sweep.catalogue.close)
            sweep.catalogue.rebuild(ledger, len(tasks))
        runs = _to_play(sweep, options)
        if runs:
            if len(runs) < len(tasks) and shard is None:
                terminal.say(f"Continuing {folder}: {len(tasks) - len(runs)} of {len(tasks)} runs are finished")
            warm(tasks[runs[0]])
            _play(name, sweep, runs, options, made)
        return finish(sweep, exclusive=shard is None)


def _make(folder: Path) -> bool:
    """Makes the folder; whether it was not there before. Raises ScenarioError where it cannot be written into."""
    try:
        store.prove_writable(folder / "x" if folder.exists() else folder)
        folder.mkdir(parents=True)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno in FULL:
            raise
        message = f"{folder} cannot be written: {error.strerror or error}; give another --out"
        raise store.refuse("out", message) from None
    return True


def _unmake(folder: Path) -> None:
    """Removes a folder in which nothing was played, as far as it holds only what a beginning holds."""
    for file in (folder / FILE, folder / CATALOGUE, *folder.glob(f"{CATALOGUE}-*"), *folder.glob(f"{LOCK}*")):
        file.unlink(missing_ok=True)
    for place in (*(folder / name for name in PLACES), folder):
        try:
            place.rmdir()
        except OSError:
            return


def _to_play(sweep: Sweeping, options: PlayOptions) -> list[int]:
    if options.retry_failed:
        for run in sweep.ledger.failed():
            sweep.ledger.forget(run)
    runs = sweep.ledger.missing()
    return runs if options.shard is None else [run for run in runs if options.shard.holds(run)]


def _play(name: str, sweep: Sweeping, runs: Sequence[int], options: PlayOptions, made: bool) -> None:
    sweep.in_process = options.backend.kind == "serial"
    before, failed = len(sweep.ledger.errors), sweep.ledger.n_failed
    backend = replace(options.backend, witness=sweep.folder / FILE)
    if backend.kind == "local":
        backend = replace(backend, workers=min(backend.workers or cpu_count(), len(runs)))
    with ExitStack() as stack:
        try:
            executor, capacity = stack.enter_context(open_backend(backend))
        except ScenarioError:  # a scheduler that is not there: nothing shall have been written
            if made:
                _unmake(sweep.folder)
            raise
        shown = stack.enter_context(terminal.sweep_progress(f"Experiment {name}", len(runs), options.quiet))
        try:
            play_all(sweep, runs, executor, capacity, lambda done, bad: shown(done - before, bad - failed))
        except Stopped:
            done = len(sweep.ledger.errors)
            how = "" if options.shard is not None or not options.new else f" with --out {sweep.folder} instead of --new"
            terminal.say(
                f"Stopped: {done} of {len(sweep.tasks)} runs are finished and kept in {sweep.folder}; "
                f"the same command{how} continues"
            )
            raise


def _say_damaged(ledger: Ledger) -> None:
    for file in ledger.damaged:
        terminal.say(f"{file} was damaged and is not read; its runs are played again")


def warm(task: RunTask) -> None:
    """Compiles the kernels in this process, so that the workers find them in the cache instead of all compiling."""
    from sim.terms.kernel import prune_cache

    started = time.monotonic()
    rehearse(replace(task, measure=None))  # a measure of the user's runs in a worker, under its time limit
    if (seconds := time.monotonic() - started) > COMPILE_S:
        prune_cache()
        terminal.say(f"Kernels compiled in {seconds:.0f} s (once, until the code changes)")
