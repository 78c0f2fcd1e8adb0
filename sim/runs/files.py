"""Files that are whole or not there: written beside, flushed, synced, renamed; what is damaged is moved aside."""

import errno
import hashlib
import os
from pathlib import Path

CORRUPT = ".corrupt"
TEMPORARY = ".tmp"
NAME_HEX = 32  # of a SHA-256: 128 bits name a file by its content


def write_whole(file: Path, data: bytes) -> None:
    """Writes a file that takes its name only when all of it is on disk. Raises OSError that names file and bytes."""
    beside = file.with_name(f".{file.name}.{os.getpid()}{TEMPORARY}")
    try:
        with beside.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise explained(error, file, len(data)) from None
    sync_folder(file.parent)


def write_new(file: Path, data: bytes) -> None:
    """Writes a file as `write_whole` does, but never over another one. Raises FileExistsError; OSError."""
    beside = file.with_name(f".{file.name[:40]}.{os.getpid()}{TEMPORARY}")
    try:
        with beside.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(beside, file)  # fails where a rename would replace
        except PermissionError:  # a file system without links
            if file.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file)) from None
            os.rename(beside, file)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(file.parent)


def explained(error: OSError, file: Path, n_bytes: int) -> OSError:
    """The error with the file, and with what to do where the disk is full."""
    text = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        text += f"; {n_bytes:,} bytes are needed; make room and give the same command again, it continues"
    return OSError(error.errno, text, str(file))


def sync_folder(folder: Path) -> None:
    """Puts the names in a folder on disk too, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass  # some file systems cannot sync a folder
    finally:
        os.close(handle)


def content_name(data: bytes) -> str:
    """The name of a file by its content: the first 128 bits of its SHA-256, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()[:NAME_HEX]


def move_aside(file: Path) -> Path:
    """Renames a damaged file so that nothing reads it again; returns its new name."""
    number, aside = 1, file.with_name(file.name + CORRUPT)
    while aside.exists():
        number += 1
        aside = file.with_name(f"{file.name}{CORRUPT}-{number}")
    os.replace(file, aside)
    return aside


def remove_leftovers(folder: Path, pattern: str) -> None:
    """Removes what writers left that were killed."""
    for file in folder.glob(pattern):
        file.unlink(missing_ok=True)
