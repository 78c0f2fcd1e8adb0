"""Dask as a back end: a scheduler that is there already, or a small cluster on this machine."""

import json
import logging
import re
import tempfile
import time
import warnings
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.runs import store, terminal
from sim.runs.backends import BackendOptions, cpu_count
from sim.runs.dask_executor import DaskExecutor
from sim.runs.remote import Mark, differences, mark_of
from sim.scenario.errors import ScenarioError

if TYPE_CHECKING:
    from distributed import Client

CONNECT_S = 9.0
FILE_S = 5.0
FIRST_WORKER_S = 15.0
PROBE_S = 60.0  # a worker that is busy with somebody else's work may answer late; every batch asks again
ADDRESS = re.compile(r"(?:(?:tcp|tls|ws|wss|ucx)://)?(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}")
INSTALL = "needs packages that are not here; install firesale[cluster]"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
# Ctrl-C reaches the whole group, and it is for the coordinator to decide; when that is gone, nobody is to play on.
WORKER_START = """
import signal
from sim.runs.local_pool import end_with_parent
signal.signal(signal.SIGINT, signal.SIG_IGN)
end_with_parent()
"""
# A worker that dies takes one batch along, and that batch only: none waits on a worker, none is blamed for another.
SETTINGS: dict[str, Any] = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.worker-ttl": None,  # a kernel may keep a worker from saying that it lives
    "distributed.worker.daemon": False,
    "distributed.worker.preload": [WORKER_START],
    "distributed.admin.tick.limit": "1h",
}


@contextmanager
def open_dask(options: BackendOptions) -> Iterator[tuple[Executor, int]]:
    """The executor of a scheduler by address or file, or of a cluster of processes on this machine.

    Raises ScenarioError when the package, the scheduler or its workers are not there, or are not like this process.
    """
    refuse_without("distributed")
    mark = mark_of(options.witness)
    with ExitStack() as stack:
        stack.enter_context(quiet())
        if options.address is None:
            client = stack.enter_context(_own_cluster(options.workers or cpu_count()))
        else:
            client = stack.enter_context(_connected(options.address))
        present = _workers(client)
        _refuse_unlike(client, mark, present)
        capacity = options.workers or len(present)
        yield DaskExecutor(client, mark, capacity), capacity


def refuse_without(*packages: str) -> None:
    """Raises ScenarioError when a package of the extra `cluster` is missing."""
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in packages):
        raise store.refuse("backend", INSTALL)


@contextmanager
def _own_cluster(workers: int) -> "Iterator[Client]":
    import dask
    from distributed import Client, LocalCluster

    with tempfile.TemporaryDirectory(prefix="firesale-dask-") as scratch, dask.config.set(SETTINGS):
        with (
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                memory_limit=0,
                host="127.0.0.1",
                dashboard_address=None,
                worker_dashboard_address=None,
                local_directory=scratch,
                env=ONE_THREAD,
                silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client


@contextmanager
def _connected(address: str) -> "Iterator[Client]":
    from distributed import Client

    where = scheduler_at(address)
    try:
        client = Client(where, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        text = f"no Dask scheduler answers at {where} ({error}); start one, or check host and port"
        raise store.refuse("address", text) from None
    with client:
        yield client


def scheduler_at(address: str) -> str:
    """The address of a scheduler that is given by address or by its file. Raises ScenarioError."""
    file = Path(address)
    if ADDRESS.fullmatch(address) and not file.exists():
        return address
    try:
        _wait_until_there(file)
        found = json.loads(file.read_text(encoding="utf-8"))["address"]
        if ADDRESS.fullmatch(found):
            return str(found)
    except FileNotFoundError:
        message = f"{address!r} is neither a scheduler file nor an address such as tcp://host:8786"
        raise store.refuse("address", message) from None
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise store.refuse("address", f"{address!r} cannot be read as the scheduler file of a Dask scheduler")


def _wait_until_there(file: Path) -> None:
    """A scheduler that was started a moment ago is about to write its file."""
    deadline = time.monotonic() + FILE_S
    while file.suffix == ".json" and file.parent.is_dir() and not file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)


def _workers(client: "Client") -> dict[str, Any]:
    """The scheduler's workers by address. Raises ScenarioError when none has come after a while."""
    try:
        client.wait_for_workers(1, timeout=FIRST_WORKER_S)
    except TimeoutError:
        where = client.scheduler.address
        message = f"the Dask scheduler at {where} has no workers; start some: dask worker {where}"
        raise store.refuse("address", message) from None
    return dict(client.scheduler_info(n_workers=-1)["workers"])


def _refuse_unlike(client: "Client", mark: Mark, present: dict[str, Any]) -> None:
    """Raises ScenarioError that names the first worker that would give other results or sees another folder."""
    from distributed import wait as wait_for

    asked = {address: client.submit(differences, mark, workers=[address], pure=False) for address in present}
    try:
        wait_for(list(asked.values()), timeout=PROBE_S)
    except TimeoutError:
        pass
    for address, answer in asked.items():
        if answer.status == "error":
            error = answer.exception()
            missing = isinstance(error, ImportError | AttributeError)
            text = (
                f"cannot load firesale as it is here ({error})" if missing else f"failed when it was asked: {error!r}"
            )
        else:
            text = answer.result() if answer.status == "finished" else ""
        if text:
            raise store.refuse("address", f"the Dask worker at {address} {text}")


class _Last(logging.Handler):
    """Keeps the last lines that were logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: deque[str] = deque(maxlen=20)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record's line."""
        self.lines.append(self.format(record))


@contextmanager
def quiet() -> Iterator[None]:
    """Dask's own messages stay off the terminal; the last of them are shown when the work ends with a defect."""
    import distributed  # noqa: F401  (it sets its loggers up when it is imported)

    last = _Last()
    families = ("distributed", "dask", "dask_jobqueue", "tornado", "asyncio", "bokeh")
    loggers = [logging.getLogger(n) for n in list(logging.root.manager.loggerDict) if n.partition(".")[0] in families]
    before = [(logger, logger.handlers, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [last], False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (ScenarioError, OSError, KeyboardInterrupt):
        raise  # these say by themselves what is wrong
    except BaseException:
        for line in last.lines:
            terminal.say(f"dask: {line}")
        raise
    finally:
        for logger, handlers, propagate in before:
            logger.handlers, logger.propagate = handlers, propagate
