"""What of a sweep is finished, by what its files hold: the parts and journals are the truth, the catalogue a copy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from sim.runs.files import TEMPORARY, content_name, move_aside, remove_leftovers
from sim.runs.journal import NOW, SUFFIX, frames_of
from sim.runs.parts import RUNS_A_PART, linked_files, part_file, part_files, read_parquet, write_part


@dataclass
class Ledger:
    """Which runs of a sweep are finished, and where each is.

    errors: None or what went wrong, by run; where: the part or journal that counts for it, while that is known;
    damaged: files that were moved aside.
    """

    folder: Path
    keys: Sequence[str]
    errors: dict[int, str | None] = field(default_factory=dict)
    where: dict[int, str] = field(default_factory=dict)
    n_failed: int = 0
    damaged: list[Path] = field(default_factory=list)

    def missing(self) -> list[int]:
        """Runs that are still to be played."""
        return [run for run in range(len(self.keys)) if run not in self.errors]

    def failed(self) -> list[int]:
        """Runs that ended with an error."""
        return sorted(run for run, error in self.errors.items() if error is not None)

    def parts(self) -> dict[str, list[int]]:
        """The runs that each part counts for, by its name."""
        found: dict[str, list[int]] = {}
        for run, place in sorted(self.where.items()):
            if not place.endswith(SUFFIX):
                found.setdefault(place, []).append(run)
        return found

    def claim(self, run: int, error: str | None, place: str | None = None) -> None:
        """Counts a run once: where it was played twice for the row that is no failure, of failures for one of them.

        Which one may not depend on the names of the files that they are in.
        """
        if run in self.errors:
            before = self.errors[run]
            if before is None or (error is not None and error >= before):
                return
            self.n_failed -= 1
        self.errors[run] = error
        self.n_failed += error is not None
        if place is not None:
            self.where[run] = place

    def forget(self, run: int) -> None:
        """Counts a run as missing."""
        self.n_failed -= self.errors.pop(run) is not None
        self.where.pop(run, None)

    def belongs(self, run: int, key: str) -> bool:
        """Whether a run is one of this sweep's."""
        return 0 <= run < len(self.keys) and self.keys[run] == key


def scan(folder: Path, keys: Sequence[str], prefix: str = "") -> Ledger:
    """Reads what is in a folder. Damaged and foreign files are moved aside as `.corrupt`; their runs count as missing.

    prefix: only journals that begin so, those of one shard; others may be in use.
    """
    ledger = Ledger(folder, keys)
    if not prefix:
        remove_leftovers(folder, f".*{TEMPORARY}")
        remove_leftovers(folder / "parts", f".*{TEMPORARY}")
        remove_leftovers(folder / "journals", f"*{NOW}")
    for file in part_files(folder):
        _scan_part(ledger, file)
    for file in sorted((folder / "journals").glob(f"{prefix}*{SUFFIX}")):
        _scan_journal(ledger, file)
    return ledger


def _scan_part(ledger: Ledger, file: Path) -> None:
    name = file.name.partition(".")[0]
    rows = sound_rows(ledger.folder, name)
    if rows is None or not all(ledger.belongs(run, key) for run, key, _ in rows):
        for each in (*linked_files(ledger.folder, name).values(), file):
            if each.exists():
                ledger.damaged.append(move_aside(each))
        return
    for run, _, error in rows:
        ledger.claim(run, error, name)


def sound_rows(folder: Path, name: str) -> list[tuple[int, str, str | None]] | None:
    """Place, key and error of the runs of a part; None where one of its files is not what its name says."""
    data = part_file(folder, name).read_bytes()
    if content_name(data) != name:
        return None
    for each in linked_files(folder, name).values():
        if not each.is_file() or content_name(each.read_bytes()) != each.name.partition(".")[0]:
            return None
    table = read_parquet(pa.BufferReader(data), ["run", "key", "error"])
    return list(zip(*(table[name].to_pylist() for name in ("run", "key", "error")), strict=True))


def _scan_journal(ledger: Ledger, file: Path) -> None:
    sound = 0
    for finished, end in frames_of(file):
        sound = end
        if not ledger.belongs(finished.run, finished.key):
            ledger.damaged.append(move_aside(file))
            return
        ledger.claim(finished.run, finished.row["error"], file.name)
    if sound < file.stat().st_size:
        # What a killed worker was about to write, or what was altered: kept aside, without the runs that are sound.
        aside = file.with_name(file.name + ".torn")
        with file.open("rb+") as stream:
            stream.seek(sound)
            aside.write_bytes(stream.read())
            stream.truncate(sound)
        ledger.damaged.append(move_aside(aside))


def ended_in(
    folder: Path, keys: Mapping[int, str], prefix: str, before: frozenset[str] = frozenset()
) -> dict[int, str | None]:
    """Errors of those of some runs (key by run) that workers have written down, but for parts of `before`."""
    found: dict[int, str | None] = {}
    for file in part_files(folder):
        if file.name in before:
            continue
        rows = sound_rows(folder, file.name.partition(".")[0]) or []
        found.update({run: error for run, key, error in rows if keys.get(run) == key})
    for file in (folder / "journals").glob(f"{prefix}*{SUFFIX}"):
        ends = [finished for finished, _ in frames_of(file)]
        found.update({end.run: end.row["error"] for end in ends if keys.get(end.run) == end.key})
    return found


def merge_journals(ledger: Ledger, prefix: str = "") -> None:
    """Puts what stands in journals into parts of at most 100 runs, and removes the journals. Raises OSError."""
    files = sorted((ledger.folder / "journals").glob(f"{prefix}*{SUFFIX}"))
    waiting = {
        finished.run: finished
        for file in files
        for finished, _ in frames_of(file)
        if ledger.where.get(finished.run) == file.name
    }
    runs = sorted(waiting)
    pieces = max(1, -(-len(runs) // RUNS_A_PART))
    size = max(1, -(-len(runs) // pieces))
    for first in range(0, len(runs), size):
        piece = runs[first : first + size]
        name = write_part(ledger.folder, [waiting[run] for run in piece])
        ledger.where.update(dict.fromkeys(piece, name))
    for file in files:
        file.unlink()
