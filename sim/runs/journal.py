"""What workers have finished and not yet put into a part: checksummed frames; a torn end is found and not read."""

import hashlib
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.runs.files import explained

SUFFIX = ".frames"
NOW = ".now"  # beside it: which run the worker is at, and where a time limit ended it
MAGIC = b"FSJ1"
HEAD = struct.Struct("<4sQ32s")  # magic, length of the payload, its SHA-256
LENGTH = struct.Struct("<Q")


@dataclass(frozen=True)
class Finished:
    """A run that was played: its place in the sweep, its key, its row, and what the sweep keeps of it as Parquet.

    row: labels, seed, `error` (None or what went wrong), `traceback`, summary. tables: bytes by name (steps, events).
    """

    run: int
    key: str
    row: dict[str, Any]
    tables: dict[str, bytes]

    def encoded(self) -> bytes:
        """As one payload: a JSON head, and the tables one after the other."""
        sizes = {name: len(data) for name, data in self.tables.items()}
        head = json.dumps({"run": self.run, "key": self.key, "row": self.row, "tables": sizes}).encode()
        return b"".join([LENGTH.pack(len(head)), head, *self.tables.values()])


def decoded(payload: bytes) -> Finished:
    """The run that a payload holds."""
    (size,) = LENGTH.unpack_from(payload)
    at = LENGTH.size + size
    head = json.loads(payload[LENGTH.size : at])
    tables = {}
    for name, length in head["tables"].items():
        tables[name] = payload[at : at + length]
        at += length
    return Finished(head["run"], head["key"], head["row"], tables)


def framed(payload: bytes) -> bytes:
    """A payload with the head that lets a reader check it."""
    return HEAD.pack(MAGIC, len(payload), hashlib.sha256(payload).digest()) + payload


class Journal:
    """The open journal of one worker process. Appends are whole or cut off again."""

    def __init__(self, file: Path) -> None:
        self.file, self.handle = file, os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        self.size = 0
        self.runs = 0

    def append(self, finished: Finished) -> None:
        """Adds a run. Raises OSError that names the file; what was written of it is taken back."""
        data = framed(finished.encoded())
        try:
            written = 0
            while written < len(data):
                written += os.write(self.handle, data[written:])
        except OSError as error:
            os.ftruncate(self.handle, self.size)
            raise explained(error, self.file, len(data)) from None
        self.size += len(data)
        self.runs += 1

    def close(self) -> None:
        """Closes it; the file stays."""
        os.close(self.handle)


def frames_of(file: Path) -> Iterator[tuple[Finished, int]]:
    """The runs of a journal and where each ends, in bytes, up to its end or the first frame that is damaged."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        while len(head := stream.read(HEAD.size)) == HEAD.size:
            magic, length, digest = HEAD.unpack(head)
            if magic != MAGIC or length > size:
                return
            payload = stream.read(length)
            if len(payload) < length or hashlib.sha256(payload).digest() != digest:
                return
            yield decoded(payload), stream.tell()
