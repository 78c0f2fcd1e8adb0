"""The coordinator of a sweep: gives out batches, counts what comes back, survives what breaks, and can be stopped."""

import secrets
import signal
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim.runs import terminal
from sim.runs.backends import WorkerDied
from sim.runs.catalogue import Catalogue
from sim.runs.ledger import Ledger, ended_in, merge_journals, scan
from sim.runs.tasks import RunTask, lost
from sim.runs.worker import Answer, Batch, close_desk, over_limit, play_batch, where_it_hung, write_down

ATTEMPTS = 2
BATCH_S = 0.4  # of work in a batch: long beside what handing it out costs, short beside the patience of a person
BATCH_RUNS = 50
POLL_S = 0.2
PATIENCE_S = 7.0  # for runs in flight after Ctrl-C


class Stopped(KeyboardInterrupt):
    """The sweep was stopped by its user; what was finished is kept."""


@dataclass
class Sweeping:
    """A sweep while it is played: its runs, where they go, and what is known of them."""

    folder: Path
    tasks: Sequence[RunTask]
    keys: Sequence[str]
    ledger: Ledger
    prefix: str = "all--"
    session: str = field(default_factory=lambda: secrets.token_hex(4))
    time_limit_s: float | None = None
    in_process: bool = False
    catalogue: Catalogue | None = None
    before: frozenset[str] = frozenset()  # parts that were there when it began
    attempts: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    played: int = 0

    def batch(self, runs: Sequence[int]) -> Batch:
        """The batch of some runs."""
        chosen = tuple((run, self.keys[run], self.tasks[run]) for run in runs)
        return Batch(str(self.folder), self.prefix, self.session, chosen, self.time_limit_s, self.in_process)

    def next_size(self, left: int, capacity: int) -> int:
        """How many runs the next batch holds: more of short ones, and few towards the end, so that all end together."""
        if not self.played:
            return 1
        wanted = int(BATCH_S * self.played / max(self.seconds, 1e-6))
        return max(1, min(wanted, BATCH_RUNS, left // (2 * capacity)))

    def note(self, answer: Answer) -> None:
        """Counts what a batch has brought."""
        self.seconds += answer.seconds
        self.played += len(answer.errors)
        self.count(answer.errors)

    def count(self, errors: Sequence[tuple[int, str | None]]) -> None:
        """Counts runs that have ended, each once."""
        ended = [(run, self.keys[run], error) for run, error in errors]
        for run, _, error in ended:
            self.ledger.claim(run, error)
        if self.catalogue is not None:
            self.catalogue.add(ended)


def play_all(sweep: Sweeping, runs: Sequence[int], executor: Executor, capacity: int, tick: Any) -> None:
    """Plays runs, the earlier first. Raises Stopped after Ctrl-C or SIGTERM, and what a batch raised (OSError)."""
    waiting = deque(runs)
    flying: dict[Future[Answer], Batch] = {}
    with _stop_signals(sweep.in_process) as stop:
        try:
            while waiting or flying:
                while waiting and not stop.asked and len(flying) < 2 * capacity:
                    batch = sweep.batch(_next_runs(sweep, waiting, capacity))
                    flying[executor.submit(play_batch, batch)] = batch
                done, _ = wait(flying, timeout=POLL_S, return_when=FIRST_COMPLETED)
                for future in done:
                    _take(sweep, future, flying.pop(future), waiting)
                tick(len(sweep.ledger.errors), sweep.ledger.n_failed)
                if stop.asked:
                    for future in [future for future in flying if future.cancel()]:
                        del flying[future]
                    if not flying or time.monotonic() > stop.asked + PATIENCE_S:
                        break
        finally:
            executor.shutdown(wait=True, cancel_futures=True)
            close_desk(sweep.batch([]))
        if stop.asked:
            raise Stopped


def _next_runs(sweep: Sweeping, waiting: "deque[int]", capacity: int) -> list[int]:
    """The runs of the next batch; one that has taken its worker along plays alone."""
    runs = [waiting.popleft()]
    size = 1 if sweep.attempts[runs[0]] else sweep.next_size(len(waiting) + 1, capacity)
    while len(runs) < size and waiting and not sweep.attempts[waiting[0]]:
        runs.append(waiting.popleft())
    return runs


def _take(sweep: Sweeping, future: "Future[Answer]", batch: Batch, waiting: "deque[int]") -> None:
    try:
        sweep.note(future.result())
    except WorkerDied as death:
        innocent, suspects = _after_death(sweep, batch, str(death))
        waiting.extendleft(reversed(innocent))
        waiting.extend(suspects)  # last: what ended its worker from outside, such as want of memory, may be over then


def _after_death(sweep: Sweeping, batch: Batch, cause: str) -> tuple[list[int], list[int]]:
    """Counts what a dead worker had finished of its batch; returns the runs to play again: innocent ones, and suspects.

    Runs of a batch are played in order, so the first one that is not finished is the one that its worker died in.
    """
    mine = {run: key for run, key, _ in batch.runs}
    sweep.count(list(ended_in(sweep.folder, mine, f"{sweep.prefix}{sweep.session}-", sweep.before).items()))
    rest = [run for run in mine if run not in sweep.ledger.errors]
    if not rest:
        return [], []
    culprit = rest[0]
    sweep.attempts[culprit] += 1
    hung = where_it_hung(sweep.folder, [culprit])
    if hung is not None and sweep.time_limit_s is not None:
        _give_up(sweep, culprit, over_limit(sweep.time_limit_s), hung[1])
    elif sweep.attempts[culprit] >= ATTEMPTS:
        _give_up(sweep, culprit, f"WorkerDied: {cause}, {ATTEMPTS} times", None)
    else:
        return rest[1:], [culprit]
    return rest[1:], []


def _give_up(sweep: Sweeping, run: int, error: str, traceback: str | None) -> None:
    write_down(sweep.batch([run]), lost(run, sweep.keys[run], sweep.tasks[run], error, traceback))
    sweep.count([(run, error)])


@dataclass
class _Stop:
    asked: float = 0.0  # when; zero: not yet


@contextmanager
def _stop_signals(in_process: bool) -> Iterator[_Stop]:
    """Ctrl-C and SIGTERM ask to stop, the second one stops at once; outside of the main thread they are not ours."""
    stop = _Stop()

    def asked(_number: int, _frame: Any) -> None:
        if stop.asked or in_process:
            raise KeyboardInterrupt
        stop.asked = time.monotonic()
        terminal.say("Stopping: the runs in flight are finished first; Ctrl-C again stops at once")

    with ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                stack.callback(signal.signal, number, signal.signal(number, asked))
            except ValueError:
                break  # only the main thread may
        yield stop


def finish(sweep: Sweeping, exclusive: bool) -> Ledger:
    """After the workers have left: journals become parts, and the ledger is read from the files once more."""
    prefix = "" if exclusive else sweep.prefix
    merge_journals(scan(sweep.folder, sweep.keys, prefix), prefix)
    ledger = scan(sweep.folder, sweep.keys, prefix)
    if sweep.catalogue is not None:
        sweep.catalogue.rebuild(ledger, len(sweep.tasks))
    return ledger
