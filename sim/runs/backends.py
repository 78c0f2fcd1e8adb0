"""Where the batches of a sweep are played: four back ends behind one `concurrent.futures.Executor`."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar, get_args

from sim.runs import store

Backend = Literal["serial", "local", "dask", "slurm"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def cpu_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class WorkerDied(RuntimeError):
    """The process that played a batch ended before the batch did; the text says what is known of the cause."""


@dataclass(frozen=True)
class BackendOptions:
    """What the command line says about where to play.

    workers: processes that play; None: as many as there are (cores of this machine, workers of the scheduler).
    address: a Dask scheduler, as `tcp://host:8786` or its scheduler file; None: workers are started here.
    site: file with what a site's SLURM wants (`sim.runs.site`); None: its defaults.
    witness: a file of the results folder that every worker must see unchanged; None: not looked for.
    """

    kind: Backend = "local"
    workers: int | None = None
    address: str | None = None
    site: Path | None = None
    witness: Path | None = None


@contextmanager
def open_backend(options: BackendOptions) -> Iterator[tuple[Executor, int]]:
    """An executor, and how many batches it plays at a time; when this is left, nothing that it started is.

    Raises ScenarioError for options that do not go together, a package, command or scheduler that is not there, and
    workers that are not like this process. Futures raise WorkerDied, or ConnectionError when all is lost.
    """
    refuse_strays(options)
    with _OPENED[options.kind](options) as (executor, capacity):
        try:
            yield executor, capacity
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def refuse_strays(options: BackendOptions) -> None:
    """Raises ScenarioError for options that do not go together."""
    if options.kind not in BACKENDS:
        raise store.refuse("backend", f"{options.kind!r} is no back end; allowed are {', '.join(BACKENDS)}")
    if options.workers is not None and not 1 <= options.workers <= 1024:
        raise store.refuse("workers", f"{options.workers} is out of range; 1 to 1024 are allowed")
    if options.address is not None and options.kind != "dask":
        raise store.refuse("address", f"goes with --backend dask only, not with {options.kind}")
    if options.site is not None and options.kind != "slurm":
        raise store.refuse("site", f"goes with --backend slurm only, not with {options.kind}")


class SerialExecutor(Executor):
    """Plays in this process, at once, when a batch is submitted."""

    def submit(self, fn: Callable[Given, Answer], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Answer]:
        """The answer of `fn`, already there. An interrupt goes through to the caller."""
        future: Future[Answer] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def _serial(_options: BackendOptions) -> Iterator[tuple[Executor, int]]:
    yield SerialExecutor(), 1


@contextmanager
def _local(options: BackendOptions) -> Iterator[tuple[Executor, int]]:
    from sim.runs.local_pool import LocalPool

    workers = options.workers or cpu_count()
    with LocalPool(workers) as pool:
        yield pool, workers


def _dask(options: BackendOptions) -> AbstractContextManager[tuple[Executor, int]]:
    from sim.runs.dask_backend import open_dask

    return open_dask(options)


def _slurm(options: BackendOptions) -> AbstractContextManager[tuple[Executor, int]]:
    from sim.runs.slurm_backend import open_slurm

    return open_slurm(options)


_OPENED: dict[Backend, Callable[[BackendOptions], AbstractContextManager[tuple[Executor, int]]]] = {
    "serial": _serial,
    "local": _local,
    "dask": _dask,
    "slurm": _slurm,
}
