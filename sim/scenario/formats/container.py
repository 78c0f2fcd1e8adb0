"""A file as a stream of bytes, plain or inside .zip or .gz, told by its first bytes; a bomb is refused."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sim.scenario.errors import shown
from sim.scenario.formats.format import Unreadable

HEAD = 1 << 16
INFLATED_MAX = 32 << 30  # bytes
# Prices as text shrink to a tenth, columns of zeros to a hundredth; deflate cannot do more than 1 : 1032.
RATIO_MAX = 300
RATIO_FROM = 16 << 20  # bytes inflated before the ratio says anything
OTHER_MAGIC = {
    b"\x1f\x9d": "a .Z file",
    b"BZh": "a .bz2 file",
    b"\xfd7zXZ": "an .xz file",
    b"7z\xbc\xaf": "a .7z file",
    b"\x28\xb5\x2f\xfd": "a .zst file",
    b"Rar!": "a .rar file",
    b"PAR1": "a Parquet file",
    b"FEA1": "a feather file of version 1",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"SQLite format 3": "an SQLite file",
    b"%PDF": "a PDF file",
    b"\x89PNG": "a picture",
}


@dataclass(frozen=True)
class Source:
    """A stream that can be peeked at, the name of what is in it, and what it was packed in."""

    stream: io.BufferedReader
    name: str
    container: str


class _Measured(io.RawIOBase):
    """Inflated bytes, counted: more than the caps allow is an error and never reaches memory."""

    def __init__(self, inner: IO[bytes] | gzip.GzipFile, packed: int) -> None:
        self._inner, self._packed, self._count = inner, packed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._inner.read(len(buffer))
        except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, NotImplementedError) as error:
            raise Unreadable(f"is torn or damaged: {str(error).rstrip('.')}; fetch it again") from None
        self._count += len(data)
        if self._count > INFLATED_MAX or (self._count > RATIO_FROM and self._count > RATIO_MAX * max(self._packed, 1)):
            raise Unreadable(_too_large(self._count, self._packed))
        buffer[: len(data)] = data
        return len(data)


def _too_large(inflated: int, packed: int) -> str:
    return (
        f"inflates to {inflated:,} bytes or more from {packed:,}; allowed: {RATIO_MAX} times the size "
        f"and {INFLATED_MAX:,} bytes"
    )


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a regular file. Raises Unreadable for what is none, or is packed in a way that is not read; OSError."""
    if path.is_dir():
        raise Unreadable("is a folder, not a file")
    if not path.is_file():
        if path.exists():
            raise Unreadable("is no regular file")
        raise FileNotFoundError(2, "No such file or directory", str(path))
    with path.open("rb") as raw:
        magic = raw.read(16)
        raw.seek(0)
        for start, what in OTHER_MAGIC.items():
            if magic.startswith(start):
                raise Unreadable(f"is {what}; allowed: CSV, JSON and feather files, plain or inside .zip or .gz")
        if magic.startswith(b"\x1f\x8b"):
            yield _unzipped(raw, path)
        elif magic.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            yield from _unpacked(raw, path)
        else:
            yield Source(raw, path.name, "plain")


def _unzipped(raw: IO[bytes], path: Path) -> Source:
    measured = _Measured(gzip.GzipFile(fileobj=raw), path.stat().st_size)
    return Source(io.BufferedReader(measured, HEAD), path.name.removesuffix(".gz"), "gz")


def _unpacked(raw: IO[bytes], path: Path) -> Iterator[Source]:
    try:
        archive = zipfile.ZipFile(raw)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise Unreadable(f"is torn or damaged: {error}; fetch it again") from None
    with archive:
        members = [item for item in archive.infolist() if not item.is_dir()]
        if len(members) != 1:
            names = ", ".join(shown(item.filename) for item in members[:3])
            more = f" and {len(members) - 3} more" if len(members) > 3 else ""
            held = f" ({names}{more})" if members else ""
            raise Unreadable(f"holds {len(members)} files{held}; allowed: one; unpack it and name one of them")
        member = members[0]
        if member.flag_bits & 0x1:
            raise Unreadable(f"holds {shown(member.filename)} under a password; unpack it first")
        try:
            inner = archive.open(member)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
            raise Unreadable(f"is torn or damaged: {error}; fetch it again") from None
        measured = _Measured(inner, max(member.compress_size, 1))
        name = member.filename.replace("\\", "/").rpartition("/")[2]
        yield Source(io.BufferedReader(measured, HEAD), name, f"zip, {shown(member.filename)}")
