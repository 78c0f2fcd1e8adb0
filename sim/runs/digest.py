"""One SHA-256 of all that a sweep found: rows, steps and events in order, without times, hosts or versions."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sim.runs.parts import TABLES, columns_of, read_table

NOT_SAID = ("traceback",)  # holds paths of the machine


def sweep_digest(folder: Path, parts: Mapping[str, Sequence[int]]) -> str:
    """The digest of a finished sweep, in hexadecimal, from its parts."""
    whole = hashlib.sha256()
    rows = read_table(folder, parts)
    for row in rows.to_pylist():
        whole.update(row_text(row).encode() + b"\n")
    for table in TABLES:
        # One column at a time: the steps of thousands of runs do not fit into memory.
        names = sorted({name for part in parts for name in columns_of(folder, part, table)})
        for name in names:
            found = read_table(folder, parts, table, () if name == "run" else (name,))
            whole.update(f"{table}.{name}\0".encode() + column_digest(found[name]))
    return whole.hexdigest()


def row_text(row: Mapping[str, Any]) -> str:
    """A run's row as text that does not depend on which runs were stored beside it."""
    said = {name: _number(value) for name, value in row.items() if value is not None and name not in NOT_SAID}
    if "error" in said:
        said["error"] = said["error"].partition(":")[0]  # its kind: the rest may name files, processes and hosts
    return json.dumps(said, sort_keys=True, ensure_ascii=True)


def _number(value: Any) -> Any:
    # A column of integers is one of floats where another run of the same part had a fraction.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def column_digest(column: pa.ChunkedArray) -> bytes:
    """SHA-256 of the values of a column and of which are missing."""
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    if pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_decode()
    missing = np.asarray(whole.is_null().to_numpy(zero_copy_only=False))
    if pa.types.is_string(whole.type) or pa.types.is_large_string(whole.type):
        data = json.dumps(whole.to_pylist()).encode()
    elif pa.types.is_null(whole.type):
        data = b""
    else:
        filled = whole.fill_null(False if pa.types.is_boolean(whole.type) else 0)
        data = np.ascontiguousarray(filled.to_numpy(zero_copy_only=False)).tobytes()
    return hashlib.sha256(missing.tobytes() + data).digest()
