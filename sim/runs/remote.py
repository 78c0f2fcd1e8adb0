"""What happens at the far end of a cluster: a worker proves that it is like the coordinator, then plays its batch."""

import hashlib
import multiprocessing
import platform
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sim.behaviour import BEHAVIOUR_VERSION
from sim.scenario.errors import Position, ScenarioError, problem_at

# Versions that can change the bytes of a result, or that keep two Pythons from understanding each other.
PACKAGES = ("numpy", "numba", "pandas", "pyarrow")
PATIENCE_S = 10.0  # for a shared file system to show a file that another machine has just written

_ONE_AT_A_TIME = threading.Lock()  # a worker with several threads still plays one batch: a batch owns its process


@dataclass(frozen=True)
class Mark:
    """What a worker must match: versions by name, and the SHA-256 of a file that it must see (None: none)."""

    versions: tuple[tuple[str, str], ...]
    witness: str | None = None
    sha256: str = ""


def mark_of(witness: Path | None) -> Mark:
    """The mark of this process, with a file of the results folder as witness."""
    if witness is None:
        return Mark(versions())
    file = witness.resolve()
    return Mark(versions(), str(file), hashlib.sha256(file.read_bytes()).hexdigest())


def versions() -> tuple[tuple[str, str], ...]:
    """Names and versions that decide the bytes of a result."""
    python = ".".join(platform.python_version_tuple()[:2])
    return (("behaviour", str(BEHAVIOUR_VERSION)), ("python", python), *((name, _version(name)) for name in PACKAGES))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def differences(mark: Mark) -> str:
    """What keeps this process from playing for the coordinator, in words; empty when nothing does."""
    here = dict(versions())
    other = [
        f"{name} {here.get(name, 'none')} (here {value})" for name, value in mark.versions if here.get(name) != value
    ]
    if other:
        return f"has {', '.join(other)}; the same results need the same versions: install them there"
    if mark.witness is not None and not _sees(Path(mark.witness), mark.sha256):
        return f"does not see {mark.witness} as it is here; the results folder must be on a file system that all share"
    return ""


def _sees(file: Path, sha256: str) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            if hashlib.sha256(file.read_bytes()).hexdigest() == sha256:
                return True
        except OSError:
            pass
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)


def play_there(mark: Mark, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `function` returns or raises on this worker. Raises ScenarioError when the worker is not like the mark."""
    if trouble := differences(mark):
        where = f"a worker on {platform.node()} {trouble}"
        raise ScenarioError([problem_at(Position("<command line>", 0), "backend", where)])
    with _ONE_AT_A_TIME:
        _let_it_have_children()
        return function(*args, **kwargs)


def _let_it_have_children() -> None:
    """Runs with code of the user have a process of their own, which multiprocessing denies to daemonic workers."""
    config = getattr(multiprocessing.current_process(), "_config", {})
    config["daemon"] = False
