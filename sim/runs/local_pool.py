"""Worker processes on this machine: spawned, each with a pipe of its own, so that one that dies takes nobody along."""

import ctypes
import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from sim.runs.backends import WorkerDied

STARTED = "started"
LEAVE_S = 2.0
START_DEATHS_MAX = 3  # in a row, before any worker was ready: then it is no run that kills them
PR_SET_PDEATHSIG = 1
DEAF_TO = (signal.SIGINT, signal.SIGTERM)


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    ready: bool = False
    future: "Future[Any] | None" = None


class LocalPool(Executor):
    """An executor of spawned processes. A batch whose process dies ends with WorkerDied; a new process takes its place.

    Workers end with this process, however it ends, and leave Ctrl-C to it.
    """

    def __init__(self, workers: int) -> None:
        self._context = get_context("spawn")  # compiled kernels and threads do not survive a fork everywhere
        self._waiting: deque[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = deque()
        self._lock = threading.Condition()
        self._open, self._now, self._deaths = True, False, 0
        self._wake_here, self._wake_there = self._context.Pipe(duplex=False)
        self._workers = [self._spawned() for _ in range(workers)]
        self._thread = threading.Thread(target=self._serve, name="local pool", daemon=True)
        self._thread.start()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> "Future[Any]":
        """Has a worker call a function of a module with arguments that can be pickled."""
        assert not named  # as nobody needs them here
        future: Future[Any] = Future()
        with self._lock:
            if not self._open:
                raise RuntimeError("the pool is shut down")
            self._waiting.append((future, function, arguments))
        self._wake()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the workers when they are through; with cancel_futures at once."""
        with self._lock:
            self._open = False
            self._now = self._now or cancel_futures
        self._wake()
        if wait:
            self._thread.join()

    def pids(self) -> list[int]:
        """Numbers of the processes."""
        return [worker.process.pid for worker in self._workers if worker.process.pid is not None]

    def _wake(self) -> None:
        try:
            self._wake_there.send_bytes(b"")
        except OSError:
            pass  # the thread has left

    def _spawned(self) -> _Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(target=_work, args=(there,), name="firesale worker")
        # Ctrl-C reaches the whole group: a worker is deaf to it from its first instruction on.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, DEAF_TO)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        there.close()
        return _Worker(process, here)

    def _serve(self) -> None:
        """Gives out batches and takes answers, in a thread of its own, until the pool is shut down and quiet."""
        try:
            while self._goes_on():
                ends = [end for worker in self._workers for end in (worker.pipe, worker.process.sentinel)]
                ready = wait([self._wake_here, *ends])
                while self._wake_here.poll():
                    self._wake_here.recv_bytes()
                for worker in list(self._workers):
                    if worker.pipe in ready or worker.process.sentinel in ready:
                        self._hear(worker)
        except Exception as error:  # such as no room for a new process: nobody may wait for this thread for ever
            self._give_up(error)
        self._end()

    def _goes_on(self) -> bool:
        self._give()
        with self._lock:
            busy = any(worker.future is not None for worker in self._workers)
            return self._open or (not self._now and (busy or bool(self._waiting)))

    def _give(self) -> None:
        for worker in self._workers:
            while worker.ready and worker.future is None:
                with self._lock:
                    if not self._waiting or self._now:
                        break
                    future, function, arguments = self._waiting.popleft()
                if not future.set_running_or_notify_cancel():
                    continue
                worker.future = future
                try:
                    worker.pipe.send((function, arguments))
                except OSError:
                    break  # it has died, as will be heard

    def _hear(self, worker: _Worker) -> None:
        try:
            if not worker.pipe.poll():
                if worker.process.is_alive():
                    return
                raise EOFError
            kind, answer = worker.pipe.recv()
        except (EOFError, OSError):
            self._bury(worker)
            return
        if kind == STARTED:
            worker.ready, self._deaths = True, 0
            return
        future, worker.future = worker.future, None
        assert future is not None
        if kind == "raised":
            future.set_exception(answer)
        else:
            future.set_result(answer)

    def _bury(self, worker: _Worker) -> None:
        worker.process.join(LEAVE_S)
        code = worker.process.exitcode
        self._workers.remove(worker)
        worker.pipe.close()
        if not worker.ready:
            self._deaths += 1
        if worker.future is not None:
            worker.future.set_exception(WorkerDied(_died(code)))
        if self._deaths >= START_DEATHS_MAX * max(1, len(self._workers) + 1):
            self._give_up(RuntimeError(f"worker processes cannot start: {_died(code)}"))
        elif not self._now:
            self._workers.append(self._spawned())

    def _give_up(self, error: Exception) -> None:
        with self._lock:
            self._open, self._now = False, True
            waiting, self._waiting = list(self._waiting), deque()
        for future, *_ in waiting:
            future.set_exception(error)
        for worker in self._workers:
            running, worker.future = worker.future, None
            if running is not None:
                running.set_exception(error)

    def _end(self) -> None:
        with self._lock:
            waiting, self._waiting = list(self._waiting), deque()
        for future, *_ in waiting:
            future.cancel()
        for worker in self._workers:
            if worker.future is not None or self._now:
                worker.process.kill()
            else:
                worker.pipe.close()  # an idle worker leaves when nobody can ask it any more
        for worker in self._workers:
            worker.process.join(LEAVE_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            if worker.future is not None:
                worker.future.set_exception(WorkerDied("the pool was shut down"))
        self._workers.clear()


def _died(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return f"the worker process was ended by {signal.Signals(-code).name}"
        except ValueError:
            pass
    return f"the worker process died with code {code}"


def _work(pipe: Connection) -> None:
    """In a worker: calls what it is asked to until its coordinator closes the pipe or is gone."""
    for number in DEAF_TO:  # they reach the whole group; the coordinator decides
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, DEAF_TO)  # the runs' own processes are asked to leave by one of them
    end_with_parent()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    pipe.send((STARTED, None))
    while True:
        try:
            function, arguments = pipe.recv()
        except (EOFError, OSError):
            break
        try:
            answer = ("done", function(*arguments))
        except BaseException as error:
            answer = ("raised", _portable(error))
        pipe.send(answer)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # no exit handler of a library shall hold it


def end_with_parent() -> None:
    """This process ends when its parent does, also where it is deep in compiled code that lets no thread run."""
    from multiprocessing import parent_process

    parent = parent_process()
    die_with_parent()
    if parent is not None:
        threading.Thread(target=_leave_with, args=(parent.sentinel,), daemon=True).start()


def die_with_parent() -> None:
    """Asks the kernel to kill this process when the thread that started it ends; on Linux."""
    if sys.platform == "linux":
        try:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        except (OSError, AttributeError):
            pass


def _leave_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _portable(error: BaseException) -> BaseException:
    if isinstance(error, OSError):
        return OSError(error.errno, error.strerror, error.filename)
    return RuntimeError(f"{type(error).__name__}: {error}\n{''.join(traceback.format_exception(error))}")
