"""The face of a Dask client: an executor whose futures are answered, cancelled or given up, and never hang."""

import asyncio
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future, wait
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from sim.runs import terminal
from sim.runs.backends import WorkerDied
from sim.runs.remote import Mark, play_there

if TYPE_CHECKING:
    from distributed import Client

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

LOOK_S = 5.0
ALONE_S = 30.0  # without a worker, before a person is told


class DaskExecutor(Executor):
    """Batches as tasks of a Dask client. What a batch raises comes back as it is.

    at_a_time: batches that the scheduler sees; more where more workers come. The others wait here: they can be
    cancelled, and no worker that dies takes them along.
    WorkerDied: the workers of a batch died. ConnectionError: the scheduler itself is gone.
    """

    def __init__(self, client: "Client", mark: Mark, at_a_time: int) -> None:
        self._client, self._mark = client, mark
        self._loop = client.loop.asyncio_loop
        self._room, self._at_a_time = asyncio.Semaphore(at_a_time), at_a_time
        self._open: set[Future[Any]] = set()
        self._tasks: dict[Future[Any], asyncio.Task[Any]] = {}  # touched in the loop only, as is the reason below
        self._ended: Exception | None = None
        self._watch = asyncio.run_coroutine_threadsafe(self._look(), self._loop)

    def submit(self, fn: Callable[Given, Answer], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Answer]:
        """The answer of `fn`, played by a worker."""
        future: Future[Answer] = Future()
        self._open.add(future)
        future.add_done_callback(self._closed)
        self._loop.call_soon_threadsafe(self._begin, future, fn, args, kwargs)
        return future

    def _begin(
        self, future: Future[Any], fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self._tasks[future] = task = self._loop.create_task(self._carried(future, fn, args, kwargs))
        task.add_done_callback(lambda ended: self._settle(future, ended))

    def _closed(self, future: Future[Any]) -> None:
        self._open.discard(future)
        if future.cancelled():
            self._loop.call_soon_threadsafe(self._leave, future)

    def _leave(self, future: Future[Any]) -> None:
        if future in self._tasks:
            self._tasks[future].cancel()

    async def _carried(
        self, future: Future[Answer], fn: Callable[..., Answer], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Answer | None:
        """Takes a batch to the scheduler when there is room."""
        async with self._room:
            if future.set_running_or_notify_cancel():
                return await self._played(fn, args, kwargs)
            del self._tasks[future]
            return None

    def _settle(self, future: Future[Any], task: "asyncio.Task[Any]") -> None:
        """Gives a future what its task ended with; a task may be cancelled before it has begun."""
        if self._tasks.pop(future, None) is None or not (future.running() or future.set_running_or_notify_cancel()):
            return
        error = (self._ended or CancelledError()) if task.cancelled() else task.exception()
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(task.result())

    async def _played(self, fn: Callable[..., Answer], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Answer:
        from distributed.client import ClosedClientError, FutureCancelledError
        from distributed.scheduler import KilledWorker

        if self._ended is not None:
            raise self._ended
        try:
            task = self._client.submit(play_there, self._mark, fn, args, kwargs, pure=False, retries=0)
            try:
                return await task  # type: ignore[no-any-return]
            except asyncio.CancelledError:
                await task.cancel()
                raise
            finally:
                task.release()
        except KilledWorker as error:
            raise WorkerDied(f"the Dask worker at {error.last_worker.address} died") from None
        except (FutureCancelledError, ClosedClientError):
            where = getattr(self._client.scheduler, "address", "the given address")
            raise ConnectionError(f"the Dask scheduler at {where} is gone; the same command continues") from None

    def give_up(self, error: Exception) -> None:
        """Ends what is open, and whatever comes later, with an error."""
        self._loop.call_soon_threadsafe(self._end, error)

    def _end(self, error: Exception) -> None:
        self._ended = self._ended or error
        for task in self._tasks.values():
            task.cancel()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Waits for what is open, or ends it: what waits is cancelled, what a worker plays is left to itself."""
        self._watch.cancel()
        if cancel_futures:
            for future in list(self._open):
                future.cancel()
            self.give_up(WorkerDied("its back end was shut down"))
        if wait:
            _wait_for(list(self._open))

    async def _look(self) -> None:
        """Makes room for workers that come later; tells a person who sees a bar stand still that there is nobody."""
        alone_s = 0.0
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                there = len((await self._client.scheduler.identity())["workers"])
            except (OSError, AttributeError, TypeError):
                continue  # it is gone, as the futures say
            for _ in range(there - self._at_a_time):
                self._room.release()
            self._at_a_time = max(self._at_a_time, there)
            alone_s = 0.0 if there else alone_s + LOOK_S
            if alone_s == ALONE_S:
                terminal.say("No Dask worker is there; waiting for one (Ctrl-C stops, the same command continues)")


def _wait_for(futures: list[Future[Any]]) -> None:
    wait(futures)
