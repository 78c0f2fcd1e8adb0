"""A run in a process of its own: code of the user may hang or die there, and is ended and named from here."""

import os
import pickle
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from sim.engine.errors import InvariantError, StrategyError
from sim.engine.watch import Watch
from sim.runs.local_pool import die_with_parent
from sim.scenario.code import code_populations
from sim.scenario.errors import ScenarioError

if TYPE_CHECKING:
    from sim.scenario import Scenario

POLL_S = 0.05
LEAVE_S = 2.0  # for a process that is done, or is asked to stop, to leave by itself
# Words of the board that both processes see.
CALL, ACTIVE, POPULATION, TRADER, STEP, PLAYED, WORDS = range(7)

Limits = Mapping[int, tuple[str, float]]  # name and seconds a decision, by row of the population


class RunDied(RuntimeError):
    """The process of a run ended without an answer, or with an error that is no known one."""


class Board(Watch):
    """A watch whose news the parent process reads from shared memory."""

    def __init__(self, words: Any) -> None:
        self.words = words

    def begin(self, population: int, trader: int, step: int) -> None:
        """Say whose code is about to run."""
        words = self.words
        words[POPULATION], words[TRADER], words[STEP] = population, trader, step
        words[CALL] += 1
        words[ACTIVE] = 1

    def end(self) -> None:
        """Say that it has come back."""
        self.words[ACTIVE] = 0

    def played(self, steps: float) -> None:
        """Say how far the run is."""
        self.words[PLAYED] = int(steps)


class _Worker:
    """The process of a run, to be ended once and with all that it has started in its group."""

    def __init__(self, process: BaseProcess) -> None:
        self.process, self.ended = process, False

    def wait(self) -> None:
        """Give it a moment to leave; it is not reaped, so that its number cannot become another's."""
        wait([self.process.sentinel], LEAVE_S)

    def ask_to_leave(self) -> None:
        """An interrupted run tidies up what it was writing."""
        if not self.ended:
            self.process.terminate()
            self.wait()

    def end(self) -> int | None:
        """End it and its group, and return its exit code."""
        if not self.ended:
            self.ended = True
            try:
                if hasattr(os, "killpg") and self.process.pid:
                    os.killpg(self.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass  # it has no group yet, or nobody is left in it
            self.process.kill()
            self.process.join()
        return self.process.exitcode


def limits_of(scenario: "Scenario") -> Limits:
    """Name and time limit of the populations whose code a scenario runs."""
    rows = {record.name: row for row, record in enumerate(scenario.populations, 1)}
    return {rows[record.name]: (record.name, record.time_limit_s) for record in code_populations(scenario)}


def in_own_process(
    job: Callable[..., Any],
    arguments: tuple[Any, ...],
    limits: Limits,
    tick: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> Any:
    """`job(*arguments, board)` in a new process; what it returns or raises.

    StrategyError when a decision takes longer than its limit: the process is killed then, with all that it started.
    RunDied when it ends without an answer. Nothing of it is left when this returns or raises.
    """
    context = get_context("spawn")
    words = context.RawArray("q", WORDS)
    here, there = context.Pipe(duplex=False)
    worker = _Worker(context.Process(target=_work, args=(there, words, job, arguments), name="firesale run"))
    worker.process.start()
    there.close()
    try:
        kind, answer = _answer(here, worker, words, limits, tick, stop)
        worker.wait()
    except BaseException:
        worker.ask_to_leave()
        raise
    finally:
        worker.end()
        here.close()
    if kind == "raised":
        raise answer
    return answer


def _answer(
    here: Connection, worker: _Worker, words: Any, limits: Limits, tick: Any, stop: threading.Event | None
) -> tuple[str, Any]:
    """What the process sends; StrategyError, RunDied or KeyboardInterrupt where that is nothing."""
    call, since = -1, 0.0
    while not here.poll(POLL_S):
        if stop is not None and stop.is_set():
            raise KeyboardInterrupt
        if tick:
            tick(words[PLAYED])
        if not words[ACTIVE] or words[CALL] != call:
            call, since = words[CALL], time.monotonic()
            continue
        name, limit = limits.get(words[POPULATION], ("", float("inf")))
        if time.monotonic() - since > limit:
            worker.end()
            what = "the file or its start" if words[STEP] < 0 else "decide()"
            text = f"{what} took longer than {limit:g} s; its worker process was ended"
            raise _error(name, words[TRADER], words[STEP], text, limit)
    try:
        kind, answer = pickle.loads(here.recv_bytes())
    except EOFError:
        worker.wait()
        code = worker.end()
        if words[ACTIVE] and words[POPULATION] in limits:
            name = limits[words[POPULATION]][0]
            raise _error(name, words[TRADER], words[STEP], f"the worker process died with code {code}") from None
        raise RunDied(f"the worker process died with code {code}") from None
    return kind, answer


def _error(name: str, trader: int, step: int, text: str, limit: float | None = None) -> Exception:
    return StrategyError(name, trader, step, f": {text}", ended=True, time_limit_s=limit)


def _work(there: Connection, words: Any, job: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """In the new process: do the job, send the answer."""
    if hasattr(os, "setsid"):
        os.setsid()  # a group of its own: whatever the code starts can be ended with it
    _end_group_with_parent(there)
    os.dup2(2, 1)  # what the code prints is no part of the command's answer
    signal.signal(signal.SIGTERM, _leave)
    answer: tuple[str, Any]
    try:
        answer = ("done", job(*arguments, Board(words)))
    except KeyboardInterrupt:
        os._exit(130)
    except BaseException as error:
        answer = ("raised", _portable(error))
    words[ACTIVE] = 0
    there.send_bytes(pickle.dumps(answer))
    there.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads and exit handlers that the code left behind shall not keep it


def _leave(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _end_group_with_parent(there: Connection) -> None:
    """A run whose parent is gone has nobody to answer to: it ends, with all that it has started.

    A small process of the group sees to it, since code that holds the interpreter lets no thread of this one run.
    """
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is None:
        return
    if not hasattr(os, "fork"):
        threading.Thread(target=_leave_with, args=(parent.sentinel,), daemon=True).start()
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # threads of a library do not matter to a child that only waits
        watcher = os.fork()
    if watcher == 0:
        try:
            die_with_parent()  # of the run, when that is through
            os.close(there.fileno())
            _leave_with(parent.sentinel)
        finally:
            os._exit(0)


def _leave_with(sentinel: int) -> None:
    wait([sentinel])
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _portable(error: BaseException) -> BaseException:
    """The error itself where it can be sent, else one that says what it was."""
    if isinstance(error, StrategyError | InvariantError | ScenarioError):
        return error
    if isinstance(error, OSError):
        return OSError(error.errno, error.strerror, error.filename)
    traceback.print_exception(error)
    return RunDied(f"{type(error).__name__}: {error}")
