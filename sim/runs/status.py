"""`firesale status` and `firesale digest`: what a sweep's folder holds, without changing anything in it."""

import sqlite3
from pathlib import Path
from typing import Any

from sim.runs import store, terminal
from sim.runs.catalogue import CATALOGUE
from sim.runs.digest import sweep_digest
from sim.runs.folder_lock import described, held_by
from sim.runs.identity import FILE, keys_hash, read_identity
from sim.runs.journal import SUFFIX, frames_of
from sim.runs.ledger import sound_rows
from sim.runs.parts import part_files

ERRORS_SHOWN = 3
UNFINISHED = 3


def opened_sweep(folder: Path) -> dict[str, Any]:
    """What a folder says it is of. Raises ScenarioError where it is no folder of a sweep."""
    record = read_identity(folder) if folder.is_dir() else None
    if record is None:
        raise store.refuse("results", f"{str(folder)!r} is no folder of a sweep; there is no {FILE} in it")
    return record


def ended_runs(folder: Path, runs: int) -> tuple[dict[int, str | None], dict[str, list[int]], list[Path]]:
    """Errors by run, the runs that each part counts for, and files that are damaged; nothing is moved.

    Raises ScenarioError where all runs are there and are not those that the folder says it is of.
    """
    keys: dict[int, str] = {}
    errors: dict[int, str | None] = {}
    where: dict[int, str] = {}
    damaged = []
    for file in part_files(folder):
        name = file.name.partition(".")[0]
        rows = sound_rows(folder, name)
        if rows is None:
            damaged.append(file)
        for run, key, error in rows or ():
            before = errors.get(run, "")
            if run < runs and (run not in errors or (before is not None and (error is None or error < before))):
                errors[run], where[run], keys[run] = error, name, key
    for file in sorted((folder / "journals").glob(f"*{SUFFIX}")):
        for finished, _ in frames_of(file):
            errors.setdefault(finished.run, finished.row["error"])
    if len(keys) == runs and keys_hash([keys[run] for run in range(runs)]) != opened_sweep(folder)["keys"]:
        raise store.refuse("results", f"{folder} holds runs of another sweep than {FILE} says")
    parts: dict[str, list[int]] = {}
    for run, name in sorted(where.items()):
        parts.setdefault(name, []).append(run)
    return errors, parts, damaged


def status_command(folder: Path) -> None:
    """Prints how far a sweep is, on stdout."""
    record = opened_sweep(folder)
    runs = int(record["runs"])
    errors, _, damaged = ended_runs(folder, runs)
    failed = {run: error for run, error in errors.items() if error is not None}
    holder = held_by(folder)
    print(f"{record['experiment']} ({record['form']}): {len(errors):,} of {runs:,} runs are finished")
    print(f"  failed: {len(failed):,}, left: {runs - len(errors):,}")
    print(f"  played by: {described(holder) if holder is not None else 'nobody now'}")
    last = _last_end(folder)
    if last is not None:
        print(f"  last run ended: {last}")
    for file in damaged:
        print(f"  damaged, to be moved aside: {file}")
    for run, error in list(failed.items())[:ERRORS_SHOWN]:
        print(f"  run {run} failed: {error}")


def _last_end(folder: Path) -> str | None:
    """When the last run ended, as the catalogue knows it."""
    file = folder / CATALOGUE
    if not file.is_file():
        return None
    try:
        base = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            (last,) = base.execute("SELECT max(ended_utc) FROM runs").fetchone()
        finally:
            base.close()
    except sqlite3.Error:
        return None
    return last  # type: ignore[no-any-return]


def digest_command(folder: Path) -> None:
    """Prints the digest of a finished sweep. Raises ScenarioError for a damaged part, SystemExit(3) when unfinished."""
    record = opened_sweep(folder)
    errors, parts, damaged = ended_runs(folder, int(record["runs"]))
    if damaged:
        raise store.refuse("results", f"{damaged[0]} is damaged; the experiment's command plays its runs again")
    stored = sum(map(len, parts.values()))
    if stored < int(record["runs"]):
        terminal.say(f"{folder} is not finished: {stored} of {record['runs']} runs; the experiment's command continues")
        raise SystemExit(UNFINISHED)
    print(sweep_digest(folder, parts))
