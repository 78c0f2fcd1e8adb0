"""What happens in a worker: runs are played one by one, and each is in the worker's journal once it has ended."""

import faulthandler
import os
import platform
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from sim.runs.files import explained
from sim.runs.journal import NOW, SUFFIX, Finished, Journal, frames_of
from sim.runs.parts import RUNS_A_PART, write_part
from sim.runs.tasks import RunTask, TimeLimit, lost, play, said_of

BEFORE_RUNS = ("sim.runs.run", "sim.runs.measure", "sim.scenario.build")  # imported outside of any run's time limit
NOW_BYTES = 4096
FIRST_RUN_S = 5.0  # more for the first run of a process, which loads compiled code


@dataclass(frozen=True)
class Batch:
    """Runs that one worker plays in their order, and the folder into which they go.

    runs: place in the sweep, key and task of each. prefix: of the journals that this coordinator counts; session:
    told apart from an earlier one whose workers may still be there.
    """

    folder: str
    prefix: str
    session: str
    runs: tuple[tuple[int, str, RunTask], ...]
    time_limit_s: float | None = None
    in_process: bool = False  # this process is the coordinator's own and must not be ended


@dataclass(frozen=True)
class Answer:
    """What the coordinator learns of a batch: run and error of each run that was played, and the seconds it took."""

    errors: tuple[tuple[int, str | None], ...]
    seconds: float


@dataclass
class Desk:
    """The open files of this process in one folder."""

    folder: Path
    stem: str
    journal: Journal
    now: IO[bytes]
    warm: bool = False

    def close(self) -> None:
        """Closes them; what is in the journal stays."""
        self.journal.close()
        self.now.close()
        (self.folder / "journals" / (self.stem + NOW)).unlink(missing_ok=True)


_desks: dict[tuple[str, str, str], Desk] = {}


def play_batch(batch: Batch) -> Answer:
    """Plays a batch in this process. Raises OSError when its folder is full or gone."""
    started = time.monotonic()
    errors = []
    for run, key, task in batch.runs:
        desk = _desk(batch)
        finished = _timed(desk, run, key, task, batch)
        desk.journal.append(finished)
        errors.append((run, finished.row["error"]))
        if desk.journal.runs >= RUNS_A_PART:
            _roll(desk, batch)
    return Answer(tuple(errors), time.monotonic() - started)


def _desk(batch: Batch) -> Desk:
    desk = _desks.get((batch.folder, batch.prefix, batch.session))
    if desk is None:
        for module in BEFORE_RUNS:
            import_module(module)
        # Unique over hosts and over processes that get the number of one that has ended.
        stem = f"{batch.prefix}{batch.session}-{platform.node()[:40]}-{os.getpid()}-{time.time_ns():x}"
        journals = Path(batch.folder) / "journals"
        journal, now = Journal(journals / (stem + SUFFIX)), (journals / (stem + NOW)).open("w+b", buffering=0)
        desk = _desks[batch.folder, batch.prefix, batch.session] = Desk(Path(batch.folder), stem, journal, now)
    return desk


def _roll(desk: Desk, batch: Batch) -> None:
    """Turns a full journal into a part. A worker killed in between leaves both; each run counts once all the same."""
    close_desk(batch)
    runs = [finished for finished, _ in frames_of(desk.journal.file)]
    if len(runs) == desk.journal.runs:  # else it was damaged meanwhile: who looks at the folder next sets it aside
        write_part(desk.folder, runs)
        desk.journal.file.unlink()


def write_down(batch: Batch, finished: Finished) -> None:
    """Puts a run into this process's journal that no worker could: the coordinator gives it up."""
    _desk(batch).journal.append(finished)


def close_desk(batch: Batch) -> None:
    """Closes this process's files in a folder."""
    desk = _desks.pop((batch.folder, batch.prefix, batch.session), None)
    if desk is not None:
        desk.close()


def _timed(desk: Desk, run: int, key: str, task: RunTask, batch: Batch) -> Finished:
    """Plays a run under its time limit."""
    try:
        desk.now.seek(0)
        desk.now.truncate()
        desk.now.write(f"{run}\n".encode())
    except OSError as error:
        raise explained(error, desk.journal.file, NOW_BYTES) from None
    if batch.time_limit_s is None:
        return play(run, key, task)
    if batch.in_process:
        try:
            with _alarm(batch.time_limit_s):
                return play(run, key, task)
        except TimeLimit:  # while the run was put into words
            return lost(run, key, task, over_limit(batch.time_limit_s))
    limit_s = batch.time_limit_s + (0.0 if desk.warm else FIRST_RUN_S)
    # A thread that needs no lock of Python writes where the run is and ends this process; others go on in new ones.
    faulthandler.dump_traceback_later(limit_s, exit=True, file=desk.now)
    try:
        return play(run, key, task)
    finally:
        faulthandler.cancel_dump_traceback_later()
        desk.warm = True


@contextmanager
def _alarm(limit_s: float) -> Iterator[None]:
    """The same where this process is the coordinator's own: an error between two chunks of the run."""

    def over(_number: int, _frame: Any) -> None:
        raise TimeLimit(limit_s)

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def over_limit(limit_s: float) -> str:
    """What is said of a run that its time limit ended, wherever it was played."""
    return said_of(TimeLimit(limit_s))


def where_it_hung(folder: Path, runs: Sequence[int]) -> tuple[int, str] | None:
    """The run of a batch that its time limit ended, and where it was; None where no limit did that."""
    for file in (folder / "journals").glob(f"*{NOW}"):
        head, _, trace = file.read_text(errors="replace").partition("\n")
        if "Timeout (" in trace and head.isdigit() and int(head) in runs:
            return int(head), trace
    return None
