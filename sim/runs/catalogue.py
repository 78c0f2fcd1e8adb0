"""The catalogue of a sweep: SQLite, written by its coordinator alone, read by `firesale status` while it grows.

It says nothing that the parts and journals do not say, but when: without it, it is made from them again.
"""

import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from sim.runs.files import explained, move_aside
from sim.runs.ledger import Ledger

CATALOGUE = "catalogue.sqlite"
SCHEMA = """
CREATE TABLE IF NOT EXISTS sweep (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (run INTEGER PRIMARY KEY, key TEXT NOT NULL, error TEXT, ended_utc TEXT);
CREATE TABLE IF NOT EXISTS parts (name TEXT PRIMARY KEY, runs INTEGER NOT NULL) WITHOUT ROWID;
"""


class Catalogue:
    """The open catalogue of a folder. A damaged one is moved aside and made anew."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / CATALOGUE
        try:
            self.base = self._opened()
        except sqlite3.DatabaseError as error:
            if _is_full(error):
                raise self._explained(error) from None
            for suffix in ("", "-wal", "-shm"):
                file = self.file.with_name(self.file.name + suffix)
                if file.exists():
                    move_aside(file)
            self.base = self._opened()

    def _opened(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.file, timeout=10.0)
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA synchronous=NORMAL")
        base.executescript(SCHEMA)
        base.execute("SELECT count(*), max(run) FROM runs").fetchall()
        return base

    def rebuild(self, ledger: Ledger, runs: int) -> None:
        """Makes it say what the ledger says; the times of runs that it knows already stay."""
        with self._written():
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
        with self._written():
            self.base.executemany(
                "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", [(run, key, error, now) for run, key, error in ended]
            )

    def close(self) -> None:
        """Closes it; what was written is in the file."""
        self.base.close()

    def _written(self) -> "_Written":
        return _Written(self)

    def _explained(self, error: sqlite3.Error) -> OSError:
        return explained(OSError(28, str(error)), self.file, 4096)


class _Written:
    """A transaction whose failure for want of room is an OSError like any other."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def __enter__(self) -> None:
        self.catalogue.base.__enter__()

    def __exit__(self, *raised: object) -> None:
        error = raised[1]
        try:
            self.catalogue.base.__exit__(*raised)  # type: ignore[arg-type]
        except sqlite3.Error as late:
            error = late
        if isinstance(error, sqlite3.Error):
            raise self.catalogue._explained(error) from None


def _is_full(error: sqlite3.Error) -> bool:
    return "full" in str(error) or "readonly" in str(error) or "unable to open" in str(error)
