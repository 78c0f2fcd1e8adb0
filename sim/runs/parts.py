"""Parts: Parquet files of 50 to 200 runs, named by their content, so that none that was altered is ever read."""

import io
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
TABLES = ("steps", "events")  # what a sweep can keep of each run beside its row
LINKS = b"firesale.tables"


def part_file(folder: Path, name: str, table: str = "runs") -> Path:
    """Where a part's table is."""
    return folder / "parts" / f"{name}.{table}.parquet"


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
    rows = rows_table([{"run": run.run, "key": run.key, **run.row} for run in ordered])
    words = ",".join(f"{table}={name}" for table, name in links.items())
    data = _parquet(rows.replace_schema_metadata({LINKS: words.encode()}))
    name = content_name(data)
    write_whole(part_file(folder, name), data)
    return name


def rows_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table, columns in the order in which they first occur; integers and floats in one column are floats."""
    kinds: dict[str, set[type]] = {}
    for row in rows:
        for name, value in row.items():
            kinds.setdefault(name, set())
            if value is not None:
                kinds[name].add(next(kind for kind in (bool, int, float, str) if isinstance(value, kind)))
    kinds |= {"error": {str}, "traceback": {str}}
    return pa.Table.from_pylist(list(rows), pa.schema([(name, _type(found)) for name, found in kinds.items()]))


def rows_frame(rows: pa.Table) -> "pd.DataFrame":
    """Rows as a frame of nullable columns: what did not happen is missing."""
    frame: pd.DataFrame = rows.to_pandas()
    for name in ("error", "traceback"):
        frame[name] = frame[name].astype("string")
    return frame.convert_dtypes()


def _type(found: set[type]) -> pa.DataType:
    if found == {bool}:
        return pa.bool_()
    if found and found <= {int, bool}:
        return pa.int64()
    if found and found <= {int, float, bool}:
        return pa.float64()
    return pa.string() if found else pa.null()


def _stacked(kept: Iterable[tuple[int, bytes]]) -> pa.Table:
    tables = []
    for run, data in kept:
        table = pq.read_table(io.BytesIO(data))
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
            rows = pq.read_table(file, columns=None if columns is None else ["run", *columns])
            found.append(rows.filter(pc.is_in(rows["run"], value_set=pa.array(runs, pa.int64()))))
    if not found:
        return pa.table({"run": pa.array([], pa.int64())})
    whole = pa.concat_tables(found, promote_options="permissive")
    order = np.argsort(whole["run"].to_numpy(), kind="stable")  # a run's rows keep their order
    return whole.take(pa.array(order)).replace_schema_metadata(None)
