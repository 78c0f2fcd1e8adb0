"""The catalogue of a sweep: SQLite, written by its coordinator alone, read by `firesale status` while it grows.

It says nothing that the parts and journals do not say, but when: without it, it is made from them again.
"""

import errno
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sim.runs import terminal
from sim.runs.files import explained, move_aside
from sim.runs.ledger import Ledger

CATALOGUE = "catalogue.sqlite"
ROOM = 1 << 16  # bytes that an empty one and its log want
SCHEMA = """
CREATE TABLE IF NOT EXISTS sweep (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (run INTEGER PRIMARY KEY, key TEXT NOT NULL, error TEXT, ended_utc TEXT);
CREATE TABLE IF NOT EXISTS parts (name TEXT PRIMARY KEY, runs INTEGER NOT NULL) WITHOUT ROWID;
"""


class Catalogue:
    """The open catalogue of a folder. A damaged one is moved aside and made anew. Its methods raise OSError."""

    def __init__(self, folder: Path) -> None:
        self.file, self.said = folder / CATALOGUE, False
        with self._explained():
            try:
                self.base = self._opened()
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self._move_aside()
                self.base = self._opened()

    def _begin_anew(self) -> None:
        self.base.close()
        self._move_aside()
        with self._explained():
            self.base = self._opened()

    def _move_aside(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            file = self.file.with_name(self.file.name + suffix)
            if file.exists():
                move_aside(file)

    def _opened(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.file, timeout=10.0)
        try:
            base.execute("PRAGMA journal_mode=WAL")
            base.execute("PRAGMA synchronous=NORMAL")
            base.executescript(SCHEMA)
            base.execute("SELECT count(*), max(run) FROM runs").fetchall()
        except sqlite3.Error:
            base.close()
            raise
        return base

    def rebuild(self, ledger: Ledger, runs: int) -> None:
        """Makes it say what the ledger says; the times of runs that it knows already stay, unless it was damaged."""
        try:
            self._rebuild(ledger, runs)
        except sqlite3.OperationalError as error:
            self._put_up_with(error)
        except sqlite3.DatabaseError:
            self._begin_anew()
            with self._explained():
                self._rebuild(ledger, runs)

    def _rebuild(self, ledger: Ledger, runs: int) -> None:
        with self.base:
            known = dict(self.base.execute("SELECT run, ended_utc FROM runs"))
            self.base.execute("DELETE FROM runs")
            self.base.execute("DELETE FROM parts")
            rows = [(run, ledger.keys[run], error, known.get(run)) for run, error in sorted(ledger.errors.items())]
            self.base.executemany("INSERT INTO runs VALUES (?, ?, ?, ?)", rows)
            found = [(name, len(counted)) for name, counted in sorted(ledger.parts().items())]
            self.base.executemany("INSERT INTO parts VALUES (?, ?)", found)
            self.base.execute("INSERT OR REPLACE INTO sweep VALUES ('runs', ?)", (str(runs),))

    def add(self, ended: Iterable[tuple[int, str, str | None]]) -> None:
        """Notes runs (place, key, error) that have just ended."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        rows = [(run, key, error, now) for run, key, error in ended]
        try:
            with self.base:
                self.base.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", rows)
        except sqlite3.Error as error:
            self._put_up_with(error)

    def _put_up_with(self, error: sqlite3.Error) -> None:
        """No room is an error like any other's; else the sweep goes on, and the catalogue is made anew at its end."""
        if _is_full(error):
            with self._explained():
                raise error
        if not self.said:
            self.said = True
            terminal.say(f"{self.file} cannot be written ({error}); the sweep goes on without it")

    def close(self) -> None:
        """Closes it; what was written is in the file."""
        self.base.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            number = errno.ENOSPC if _is_full(error) else errno.EIO
            raise explained(OSError(number, str(error)), self.file, ROOM) from None


def _is_full(error: sqlite3.Error) -> bool:
    return "disk is full" in str(error) or "disk I/O error" in str(error)
