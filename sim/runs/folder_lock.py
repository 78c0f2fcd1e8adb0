"""One coordinator a results folder: a lock that its process holds and that ends with it, however it ends."""

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sim.runs import store, terminal

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = "lock"
BEGINNING = f"{LOCK}-beginning"
GLANCE_S = 1.0  # another's look at who holds a folder takes its lock for an instant


@contextmanager
def locked(folder: Path, shard: str | None = None) -> Iterator[None]:
    """Holds a folder for one coordinator; shards of a sweep share it, and each holds its own part of it.

    Raises ScenarioError that names the process that holds it. What a dead process left is taken over.
    """
    with ExitStack() as stack:
        stack.enter_context(_held(folder / LOCK, shared=shard is not None))
        if shard is not None:
            stack.enter_context(_held(folder / f"{LOCK}-{shard}", shared=False))
        yield


@contextmanager
def _held(file: Path, shared: bool) -> Iterator[None]:
    if fcntl is None:
        raise store.refuse("out", "sweeps hold their folders by a lock that only Linux and macOS have")
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _taken(handle, shared):
            message = f"{file.parent} is in use by {described(_holder(file.parent) or {})}"
            raise store.refuse("out", f"{message}; wait for it, stop it, or give another --out")
        if shared:
            yield
            return
        before = _owner(file)
        if before is not None:
            terminal.say(f"Taking over {file.parent} from {described(before)}, which has ended")
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        record = {"pid": os.getpid(), "host": platform.node(), "started": now}
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(record).encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)  # an orderly end leaves nobody's name
    finally:
        os.close(handle)  # the lock goes with the last handle; the file stays, or another could lock a second one


def _taken(handle: int, shared: bool) -> bool:
    """Whether a lock could be taken, within the time of a glance."""
    end = time.monotonic() + GLANCE_S
    while True:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)


@contextmanager
def beginning(folder: Path) -> Iterator[None]:
    """Holds a folder, waiting for others that do, while it is written what it is of."""
    handle = os.open(folder / BEGINNING, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _owner(file: Path) -> dict[str, Any] | None:
    """Who wrote a lock last: pid, host, start; None after an orderly end."""
    try:
        record = json.loads(file.read_text(encoding="utf-8") or "null")
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _is_held(file: Path) -> bool:
    try:
        handle = os.open(file, os.O_RDONLY)
    except OSError:
        return False
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _holder(folder: Path) -> dict[str, Any] | None:
    """Who holds a folder or, where shards share it, one of them."""
    locks = [folder / LOCK, *sorted(folder.glob(f"{LOCK}-*"))]
    return next((owner for file in locks if _is_held(file) and (owner := _owner(file)) is not None), None)


def held_by(folder: Path) -> dict[str, Any] | None:
    """The process that plays in a folder now, None where there is none."""
    return _holder(folder) or ({} if _is_held(folder / LOCK) else None)


def described(owner: dict[str, Any]) -> str:
    """An owner in words."""
    return f"process {owner.get('pid', '?')} on {owner.get('host', '?')}, started {owner.get('started', '?')}"
