"""Parts: Parquet files of 50 to 200 runs, named by their content, so that none that was altered is ever read."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sim.runs.files import content_name, write_whole
from sim.runs.journal import Finished

if TYPE_CHECKING:
    import pandas as pd

RUNS_A_PART = 100
PART = re.compile(r"[0-9a-f]{32}\.runs\.parquet")
KINDS = ((bool, pa.bool_()), (int, pa.int64()), (float, pa.float64()), (str, pa.string()))
TABLES = ("steps", "events")  # what a sweep can keep of each run beside its row
LINKS = b"firesale.tables"


def part_file(folder: Path, name: str, table: str = "runs") -> Path:
    """Where a part's table is."""
    return folder / "parts" / f"{name}.{table}.parquet"


def part_files(folder: Path) -> list[Path]:
    """The files of rows in a folder, by name; what else lies there is not ours."""
    return sorted(file for file in (folder / "parts").glob("*.runs.parquet") if PART.fullmatch(file.name))


def read_parquet(source: Any, columns: Sequence[str] | None = None) -> pa.Table:
    """A Parquet file as a table, read in this thread: others of the library may outlive a process that ends."""
    with pq.ParquetFile(source) as file:
        return file.read(columns=None if columns is None else list(columns), use_threads=False)


def write_part(folder: Path, runs: Sequence[Finished]) -> str:
    """Writes runs as one part, what is kept of them first and their rows last; returns the part's name.

    The rows' file names the others, so that a part is there when its rows are. Raises OSError.
    """
    ordered = sorted(runs, key=lambda run: run.run)
    links = {}
    for table in TABLES:
        kept = [(run.run, run.tables[table]) for run in ordered if table in run.tables]
        if kept:
            data = _parquet(_stacked(kept))
            links[table] = content_name(data)
            write_whole(part_file(folder, links[table], table), data)
    rows = rows_table(
        [{"run": run.run, "key": run.key} | run.row | {"run": run.run, "key": run.key} for run in ordered]
    )
    words = ",".join(f"{table}={name}" for table, name in links.items())
    data = _parquet(rows.replace_schema_metadata({LINKS: words.encode()}))
    name = content_name(data)
    write_whole(part_file(folder, name), data)
    return name


def rows_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table, columns in the order in which they first occur.

    A column that holds several types takes the widest, as `widest` says: whatever the rows beside it.
    """
    kinds: dict[str, set[pa.DataType]] = {}
    for row in rows:
        for name, value in row.items():
            kinds.setdefault(name, set())
            if value is not None:
                kinds[name].add(next(kind for known, kind in KINDS if isinstance(value, known)))
    kinds |= {"error": {pa.string()}, "traceback": {pa.string()}}
    columns = {
        name: pa.array([fitted(row.get(name), widest(found)) for row in rows], widest(found))
        for name, found in kinds.items()
    }
    return pa.table(columns)


def widest(found: "set[pa.DataType]") -> pa.DataType:
    """The type that holds values of all of these."""
    for kind in (pa.string(), pa.float64(), pa.int64()):
        if kind in found and found != {kind}:
            return kind
    return next(iter(found)) if len(found) == 1 else pa.null()


def fitted(value: Any, kind: pa.DataType) -> Any:
    """A value of a run as a column of this type holds it: numbers among texts as text."""
    if value is None:
        return None
    if kind == pa.float64():
        return float(value)
    if kind == pa.int64():
        return int(value)
    return value if isinstance(value, str) or kind != pa.string() else number_text(value)


def number_text(value: float) -> str:
    """A number as text; the same for a whole number of any type."""
    whole = isinstance(value, int) or value.is_integer()
    return str(int(value)) if whole else repr(value)


def together(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables one after the other, with columns of the types that `rows_table` would have given to all of them."""
    kinds: dict[str, set[pa.DataType]] = {}
    for table in tables:
        for field in table.schema:
            kinds.setdefault(field.name, set()).update(set() if pa.types.is_null(field.type) else {field.type})
    known = {kind for _, kind in KINDS}
    mixed = {name: widest(found) for name, found in kinds.items() if len(found) > 1 and found <= known}
    for number, table in enumerate(tables):
        for name in mixed.keys() & set(table.column_names):
            column = pa.array([fitted(value, mixed[name]) for value in table[name].to_pylist()], mixed[name])
            table = table.set_column(table.column_names.index(name), name, column)
        tables = [*tables[:number], table, *tables[number + 1 :]]
    return pa.concat_tables(tables, promote_options="permissive")


def rows_frame(rows: pa.Table) -> "pd.DataFrame":
    """Rows as a frame of nullable columns: what did not happen is missing."""
    frame: pd.DataFrame = rows.to_pandas()
    for name in ("error", "traceback"):
        frame[name] = frame[name].astype("string")
    return frame.convert_dtypes()


def _stacked(kept: Iterable[tuple[int, bytes]]) -> pa.Table:
    tables = []
    for run, data in kept:
        table = read_parquet(pa.BufferReader(data))
        tables.append(table.add_column(0, "run", pa.array([run] * len(table), pa.int64())))
    return pa.concat_tables(tables, promote_options="permissive")


def _parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    return stream.getvalue()


def linked_files(folder: Path, name: str) -> dict[str, Path]:
    """The files of steps and events that belong to a part's rows; none where the rows cannot be read."""
    try:
        metadata = pq.read_schema(part_file(folder, name)).metadata or {}
    except (OSError, pa.ArrowException):
        return {}
    words = metadata.get(LINKS, b"").decode("utf-8", "replace")
    pairs = [word.partition("=") for word in words.split(",") if word]
    return {table: part_file(folder, link, table) for table, _, link in pairs if table in TABLES and link.isalnum()}


def columns_of(folder: Path, name: str, table: str) -> list[str]:
    """Names of the columns of a part's table; none where the part has no such table."""
    file = linked_files(folder, name).get(table)
    return list(pq.read_schema(file).names) if file is not None else []


def read_table(
    folder: Path, parts: Mapping[str, Sequence[int]], table: str = "runs", columns: Sequence[str] | None = None
) -> pa.Table:
    """One table of parts, in the order of the runs. parts: the runs that each counts for; others of it are left out."""
    found = []
    for name, runs in parts.items():
        file = part_file(folder, name) if table == "runs" else linked_files(folder, name).get(table)
        if file is not None:
            rows = read_parquet(file, None if columns is None else ["run", *columns])
            found.append(rows.filter(pc.is_in(rows["run"], value_set=pa.array(runs, pa.int64()))))
    if not found:
        return pa.table({"run": pa.array([], pa.int64())})
    whole = together(found)
    order = np.argsort(whole["run"].to_numpy(), kind="stable")  # a run's rows keep their order
    return whole.take(pa.array(order)).replace_schema_metadata(None)
