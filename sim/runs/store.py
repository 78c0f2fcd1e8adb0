"""The results store: a folder appears whole or not at all, and none is ever overwritten."""

import hashlib
import importlib.metadata
import io
import json
import math
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.behaviour import BEHAVIOUR_VERSION
from sim.runs.files import write_whole
from sim.scenario.errors import Position, ScenarioError, problem_at

if TYPE_CHECKING:
    import pandas as pd

NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
NAME_BYTES_MAX = 255
RESULTS = Path("results")
MANIFEST = "manifest.json"


def refuse(path: str, message: str) -> ScenarioError:
    """The error for a bad name on the command line: exit code 2, nothing written."""
    return ScenarioError([problem_at(Position("<command line>"), path, message)])


def prove_writable(target: Path) -> None:
    """Make and remove a folder where the results will go, so that a run is not played in vain. Raises OSError."""
    beside = next(parent for parent in target.resolve().parents if parent.is_dir())
    Path(tempfile.mkdtemp(prefix=".firesale-", dir=beside)).rmdir()


def results_folder(name: str, out: Path | str | None = None, root: Path = RESULTS) -> Path:
    """Where results go: `out` itself if given, else `name` below the results folder.

    Raises ScenarioError for a name that would leave the results folder and for an `out` that climbs (`..`), is
    empty or is a file.
    """
    if out is None:
        if not NAME_PATTERN.fullmatch(name) or ".." in name:
            raise refuse("name", f"{name!r} names no results folder; letters, digits, '_', '-' and '.' are allowed")
        return root / name
    path = Path(out)
    if not path.name or "\0" in str(out):
        raise refuse("out", f"{str(out)!r} names no folder")
    if any(len(os.fsencode(part)) > NAME_BYTES_MAX for part in path.parts):
        raise refuse("out", f"a name of more than {NAME_BYTES_MAX} bytes is no folder's: {str(out)[:40]}...")
    if ".." in path.parts:
        raise refuse("out", f"{str(out)!r} would leave the results folder; '..' is not allowed")
    if path.exists() and not path.is_dir():
        raise refuse("out", f"{str(out)!r} is a file, a folder is needed")
    return path


def free_folder(target: Path) -> Path:
    """The folder itself while it is free or empty, else its first free numbered sibling."""
    candidate, number = target, 1
    while candidate.is_symlink() or (candidate.exists() and (not candidate.is_dir() or any(candidate.iterdir()))):
        number += 1
        candidate = target.with_name(f"{target.name}-{number}")
    return candidate


class Folder:
    """A results folder being written. Files are given by plain name or `figures/<name>`.

    whole: each file takes its name only when all of it is on disk, for a folder that others can see already.
    """

    def __init__(self, path: Path, whole: bool = False) -> None:
        self.path, self.whole = path, whole
        self.final = path  # where it was moved in the end
        self.files: dict[str, str] = {}  # SHA-256 of what was written, by name

    def _put(self, name: str, data: bytes) -> None:
        if any(not NAME_PATTERN.fullmatch(part) for part in name.split("/")):
            raise refuse("file", f"{name!r} would leave the results folder")
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        self.files[name] = hashlib.sha256(data).hexdigest()
        if self.whole:
            write_whole(file, data)
        else:
            file.write_bytes(data)

    def write_json(self, name: str, record: Any) -> None:
        """Writes JSON; NaN and infinity become null. Keys keep their order."""
        self._put(name, (json_text(record) + "\n").encode())

    def write_manifest(self, record: dict[str, Any]) -> None:
        """Writes manifest.json, last of all: it also names each file's SHA-256, so that none is read when altered."""
        self.write_json(MANIFEST, {**record, "files": dict(self.files)})

    def write_text(self, name: str, text: str) -> None:
        """Writes UTF-8 text."""
        self._put(name, text.encode())

    def write_bytes(self, name: str, data: bytes) -> None:
        """Writes bytes, such as a picture."""
        self._put(name, data)

    def write_frame(self, name: str, frame: "pd.DataFrame") -> None:
        """Writes Parquet, or CSV where the name ends so."""
        if name.endswith(".csv"):
            self._put(name, frame.to_csv(index=False, lineterminator="\n").encode())
        else:
            stream = io.BytesIO()
            frame.to_parquet(stream, index=False)
            self._put(name, stream.getvalue())


@contextmanager
def new_folder(target: Path) -> Iterator[Folder]:
    """A folder that takes its name only when all of it is written; after an error nothing is left.

    An existing folder is left alone and a numbered sibling is used: see `Folder.final` afterwards.
    """
    existing = target.parent
    while not existing.exists():
        existing = existing.parent
    missing = [p for p in (target.parent, *target.parent.parents) if not p.exists() and existing in p.parents]
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    folder = Folder(temporary)
    try:
        yield folder
        temporary.chmod(0o755)
        folder.final = _move(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        for made in missing:
            try:
                made.rmdir()
            except OSError:
                break
        raise


def _move(temporary: Path, target: Path) -> Path:
    while True:
        final = free_folder(target)
        if final.exists():
            final.rmdir()  # empty, as free_folder found it
        try:
            os.rename(temporary, final)
        except OSError:
            if final.exists():  # another run took the name in between
                continue
            raise
        return final


def clean(value: Any) -> Any:
    """A value as JSON can hold it: built-in types, NaN and infinity as None."""
    if isinstance(value, dict):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    if hasattr(value, "tolist"):
        return clean(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_text(record: Any) -> str:
    """JSON with two spaces, keys in their order, no NaN."""
    return json.dumps(clean(record), indent=2, allow_nan=False, ensure_ascii=False)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def git_commit(folder: Path) -> str | None:
    """The commit of the source tree that `folder` lies in, `-dirty` added when it was changed; None outside of one."""
    try:
        options: dict[str, Any] = {"cwd": folder, "capture_output": True, "text": True, "timeout": 10, "check": True}
        commit = subprocess.run(["git", "rev-parse", "HEAD"], **options).stdout.strip()
        tracked = subprocess.run(["git", "ls-files", "--error-unmatch", str(folder)], **options).stdout
        changed = subprocess.run(["git", "status", "--porcelain", "--untracked-files=no"], **options).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return (f"{commit}-dirty" if changed else commit) if commit and tracked else None


def manifest(config_hash: str, duration_s: float, **further: Any) -> dict[str, Any]:
    """What it takes to repeat a run: configuration hash, versions, commit, platform, duration in seconds."""
    versions = {name: _version(name) for name in ("firesale", "numpy", "numba", "mesa", "pandas", "pyarrow")}
    return {
        "config_hash": config_hash,
        **further,
        "behaviour_version": BEHAVIOUR_VERSION,
        "versions": {"python": platform.python_version(), **versions},
        "commit": git_commit(Path(__file__).resolve().parent),
        "platform": {"system": platform.system(), "machine": platform.machine(), "release": platform.release()},
        "duration_s": round(duration_s, 3),
    }
