"""What lies in a results folder, of a run or of a sweep, finished or not: found, checked and read, never changed."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from sim.runs import store
from sim.runs.files import content_name
from sim.runs.parts import linked_files, part_files
from sim.scenario.errors import ScenarioError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("runs", "steps", "events", "evaluation", "profits")


@dataclass(frozen=True)
class Piece:
    """A Parquet file of a table. runs: those that count in it, where another piece has the others already."""

    file: Path
    runs: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Results:
    """The results in a folder. Tables are frames: `runs` (one row a run), `steps` and `events` of all runs.

    Steps and events of a sweep are there when its sweep.yaml keeps them; their first column is `run`, the row of their
    run in `runs`. A single run also has `evaluation` and `profits`. `summary` and `manifest` are what their files hold.
    """

    folder: Path

    @property
    def is_sweep(self) -> bool:
        """Whether they are of a sweep; else of one run."""
        return (self.folder / "sweep.json").is_file() or (self.folder / "runs.parquet").is_file()

    @property
    def is_finished(self) -> bool:
        """Whether all runs are in, and were put together."""
        return not self.is_sweep or (self.folder / "runs.parquet").is_file()

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that are there."""
        single = not self.is_sweep and (self.folder / "summary.json").is_file()
        return tuple(name for name in TABLES if (name == "runs" and single) or self.pieces(name))

    @cached_property
    def runs(self) -> "pd.DataFrame":
        """One row a run, in the order of the sweep; of a single run its summary."""
        return self.frame("runs").convert_dtypes()

    @cached_property
    def steps(self) -> "pd.DataFrame":
        """One row a step and instrument, of each run."""
        return self.frame("steps")

    @cached_property
    def events(self) -> "pd.DataFrame":
        """One row an event, of each run."""
        return self.frame("events")

    @cached_property
    def evaluation(self) -> "pd.DataFrame":
        """One row a population or institution of a single run."""
        return self.frame("evaluation")

    @cached_property
    def profits(self) -> "pd.DataFrame":
        """Equity and profit of each holder over a single run."""
        return self.frame("profits")

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The record of summary.json."""
        return self._json("summary.json")

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The record of manifest.json."""
        return self._json("manifest.json")

    def query(self, sql: str) -> "pd.DataFrame":
        """The answer to a query over the tables, as a frame. Raises ScenarioError."""
        from sim.runs.query import query_frame

        return query_frame(self, sql)

    def frame(self, name: str) -> "pd.DataFrame":
        """A table as a frame. Raises ScenarioError where it is not there, or damaged."""
        table = self.table(name)
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def table(self, name: str) -> pa.Table:
        """A table in the order of the runs."""
        if name == "runs" and not self.is_sweep:
            return pa.Table.from_pylist([self.summary])
        pieces = self.pieces(name)
        if not pieces:
            raise self.absent(name)
        found = []
        for piece in pieces:
            rows = _read(piece.file)
            keep = None if piece.runs is None else pa.array(piece.runs, pa.int64())
            found.append(rows if keep is None else rows.filter(pc.is_in(rows["run"], value_set=keep)))
        whole = pa.concat_tables(found, promote_options="permissive")
        if len(found) > 1:
            metadata = whole.schema.metadata
            whole = whole.sort_by("run").replace_schema_metadata(metadata)
        return whole

    def dataset(self, name: str) -> Any:
        """A table that is read as far as it is needed; texts as texts. Raises ScenarioError."""
        pieces = self.pieces(name)
        if not pieces or any(piece.runs is not None for piece in pieces):
            return self.table(name)
        schemas = [_plain(_schema(piece.file)) for piece in pieces]
        whole = pa.unify_schemas(schemas, promote_options="permissive")
        return ds.dataset([str(piece.file) for piece in pieces], schema=whole, format="parquet")

    def pieces(self, name: str) -> tuple[Piece, ...]:
        """The files of a table, each checked once. Raises ScenarioError for one that is damaged or lies elsewhere."""
        if name not in self._found:
            self._found[name] = self._pieces(name)
        return self._found[name]

    @cached_property
    def _found(self) -> dict[str, tuple[Piece, ...]]:
        return {}

    def _pieces(self, name: str) -> tuple[Piece, ...]:
        single = self.folder / f"{name}.parquet"
        if not self.is_sweep or (name == "runs" and single.is_file()):
            return (Piece(self._unaltered(single)),) if single.is_file() else ()
        if name == "runs":
            return self._rows
        linked = ((linked_files(self.folder, _name(piece.file)).get(name), piece.runs) for piece in self._rows)
        return tuple(Piece(self._sound(file), runs) for file, runs in linked if file is not None)

    @cached_property
    def _rows(self) -> tuple[Piece, ...]:
        return _counted([self._sound(file) for file in part_files(self.folder)])

    def finished_runs(self) -> tuple[int, int | None]:
        """How many runs are in the tables, and how many the sweep has, where that is known."""
        found = sum(_rows(piece.file) if piece.runs is None else len(piece.runs) for piece in self.pieces("runs"))
        file = self.folder / "sweep.json"
        said = self._json("sweep.json").get("runs") if file.is_file() else None
        return found, said if isinstance(said, int) else None

    def absent(self, name: str) -> ScenarioError:
        """The error for a table that is not there; it says which are."""
        if (self.folder / "failure.json").is_file():
            return store.refuse("results", f"the run in {self.folder} failed; failure.json says why")
        if not self.tables:
            message = f"{self.folder} holds no part yet: the first is written when a hundred runs are through"
            return store.refuse("results", f"{message}, or the sweep is stopped; `firesale status` counts them")
        known = ", ".join(each for each in self.tables if each != name) or "none"
        keep = f"; `keep: [{name}]` in sweep.yaml stores them" if self.is_sweep and name in TABLES[1:3] else ""
        return store.refuse("results", f"{self.folder} has no {name}; there: {known}{keep}")

    def _json(self, name: str) -> dict[str, Any]:
        file = self.folder / name
        if not file.is_file():
            raise store.refuse("results", f"{self.folder} has no {name}")
        try:
            record = json.loads(self._unaltered(file).read_text(encoding="utf-8"))
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise store.refuse("results", f"{file} is damaged: it is no JSON object")
        return record

    def _inside(self, file: Path) -> Path:
        if not file.resolve().is_relative_to(self.folder.resolve()):
            raise store.refuse("results", f"{file} leads out of the folder and is not read")
        return file

    def _unaltered(self, file: Path) -> Path:
        """A file whose SHA-256, if the manifest names one, is still that; older folders name none."""
        if file.name != store.MANIFEST and (self.folder / store.MANIFEST).is_file():
            names = self.manifest.get("files")
            known = names.get(file.name) if isinstance(names, dict) else None
            if known is not None and hashlib.sha256(self._inside(file).read_bytes()).hexdigest() != known:
                raise store.refuse("results", f"{file} is damaged: its content is not what {store.MANIFEST} says")
        return self._inside(file)

    def _sound(self, file: Path) -> Path:
        """A part's file, whose name is that of its content."""
        if not self._inside(file).is_file() or content_name(file.read_bytes()) != _name(file):
            message = "its content is not what its name says; the sweep's command moves it aside and plays its runs"
            raise store.refuse("results", f"{file} is damaged: {message}")
        return file


def find_results(where: Path | str | None = None) -> Results:
    """The results of a folder: by path, by name below results/, or the newest ones there. Raises ScenarioError."""
    if where is None:
        found = sorted(_folders(), key=lambda folder: folder.stat().st_mtime)
        if not found:
            raise store.refuse("results", f"there are none below {store.RESULTS}/; name a folder")
        return Results(found[-1])
    text = str(where)
    try:
        for path in (Path(text), store.RESULTS / text):
            if text and path.is_dir():
                return _holding(path)
            if text and path.is_file():
                raise store.refuse("results", f"{text!r} is a file; name the folder that it lies in")
    except OSError:  # a name that no file can have
        pass
    known = [folder.name for folder in _folders()]
    raise store.refuse("results", f"no folder {text[:100]!r}{did_you_mean(text, known)}")


def _folders() -> Iterator[Path]:
    if store.RESULTS.is_dir():
        yield from (path for path in store.RESULTS.iterdir() if path.is_dir() and _holds(path))


def _holds(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("steps.parquet", "runs.parquet", "sweep.json", "failure.json"))


def _holding(folder: Path) -> Results:
    if not _holds(folder):
        raise store.refuse("results", f"{folder} holds no results of a run or a sweep")
    return Results(folder)


def _counted(rows: list[Path]) -> tuple[Piece, ...]:
    """The pieces of the rows; a run that stands in two of them, as after a crash, counts in the first."""
    pieces, seen = [], set[int]()
    for file in rows:
        held = _read(file, ["run"])["run"].to_pylist()
        fresh = tuple(run for run in held if run not in seen)
        seen.update(fresh)
        if fresh:
            pieces.append(Piece(file, None if len(fresh) == len(held) else fresh))
    return tuple(pieces)


def _name(part: Path) -> str:
    return part.name.partition(".")[0]


def _plain(schema: pa.Schema) -> pa.Schema:
    """With texts for categories, which differ from file to file."""
    return pa.schema(
        [(field.name, field.type.value_type if pa.types.is_dictionary(field.type) else field.type) for field in schema]
    )


def _read(file: Path, columns: list[str] | None = None) -> pa.Table:
    try:
        return pq.read_table(file, columns=columns, partitioning=None)
    except pa.ArrowException as error:
        raise _unreadable(file, error) from None


def _schema(file: Path) -> pa.Schema:
    try:
        return pq.read_schema(file)
    except pa.ArrowException as error:
        raise _unreadable(file, error) from None


def _rows(file: Path) -> int:
    return int(pq.read_metadata(file).num_rows)


def _unreadable(file: Path, error: Exception) -> ScenarioError:
    return store.refuse("results", f"{file} is damaged: {str(error).splitlines()[0]}")
