"""Rows of cells from a stream of bytes, one at a time: CSV lines, JSON arrays, feather batches, JSON tier tables."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from sim.scenario.errors import shown
from sim.scenario.formats.format import Cells, Unreadable
from sim.scenario.formats.report import Report
from sim.scenario.formats.words import UNITS, shown_cell

LINE_MAX = 1 << 16
CHUNK = 1 << 16
FEATHER_MAX = 256 << 20  # bytes of what cannot be read piece by piece
JSON_MAX = 32 << 20
SLICE = 1 << 14  # rows of a batch that are Python numbers at a time
BOM = b"\xef\xbb\xbf"
TIER_KEYS = ("tier", "currency", "minNotional", "maxNotional", "maintenanceMarginRate", "maxLeverage")
TOKEN = re.compile(r"\s*(\[[^\[\]]*\]|[,\]])")
TURNS = {("start", "item"), ("start", "]"), ("item", ","), ("item", "]"), (",", "item")}  # what follows what
CANDLE_COLUMNS = ("date", "open", "high", "low", "close", "volume")


def csv_rows(stream: io.BufferedReader, report: Report) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each line of a CSV file. Raises Unreadable."""
    reader = csv.reader(_lines(stream, report), strict=True, skipinitialspace=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable(f"row {reader.line_num}: is no CSV: {error}") from None
        yield reader.line_num, cells


def _lines(stream: io.BufferedReader, report: Report) -> Iterator[str]:
    number = 0
    while True:
        line = stream.readline(LINE_MAX + 1)
        if not line:
            return
        number += 1
        if len(line) > LINE_MAX:
            raise Unreadable(f"row {number}: is longer than {LINE_MAX} bytes; rows end with a line feed")
        if number == 1:
            if line.startswith(BOM):
                line = line[len(BOM) :]
                report.note("begins with a byte order mark, which was passed over")
            if line.endswith(b"\r\n"):
                report.note("lines end with carriage return and line feed")
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError:
            raise Unreadable(f"row {number}: is not UTF-8 text; save the file as UTF-8") from None


def json_rows(stream: io.BufferedReader, report: Report) -> Iterator[tuple[int, Cells]]:
    """Yield number and cells of each array inside one array of arrays, piece by piece. Raises Unreadable."""
    text, at, number, before = _opening(stream, report), 0, 0, "start"
    while True:
        found = TOKEN.match(text, at)
        if found is None:
            text, at = text[at:].lstrip(), 0
            if (text and (text[0] != "[" or "[" in text[1:])) or len(text) > LINE_MAX:
                raise Unreadable(f"row {number + 1}: is no array of numbers: {shown(text[:40])}")
            more = stream.read(CHUNK)
            if not more:
                raise Unreadable(f"row {number + 1}: the file ends inside the array; it is torn: fetch it again")
            text += _ascii(more, number + 1)
            continue
        token, at = found[1], found.end()
        kind = "item" if token[0] == "[" else token
        if (before, kind) not in TURNS:
            raise Unreadable(f"row {number + 1}: is not JSON: {shown(token[:40])} is out of place")
        before = kind
        if kind == "item":
            number += 1
            yield number, _array(token, number)
        elif kind == "]":
            _end(stream, text[at:])
            return


def _opening(stream: io.BufferedReader, report: Report) -> str:
    text = stream.read(CHUNK)
    if text.startswith(BOM):
        report.note("begins with a byte order mark, which was passed over")
        text = text[len(BOM) :]
    return _ascii(text, 1).lstrip().removeprefix("[")


def _end(stream: io.BufferedReader, rest: str) -> None:
    while not rest.strip():
        more = stream.read(CHUNK)
        if not more:
            return
        rest = _ascii(more, 0)
    raise Unreadable(f"something follows the array: {shown(rest.strip()[:40])}")


def _ascii(data: bytes, number: int) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise Unreadable(f"row {number}: holds bytes that are no part of numbers") from None


def _array(text: str, number: int) -> list[Any]:
    try:
        return list(json.loads(text, parse_constant=float))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"row {number}: is not JSON: {error}") from None


def json_tiers(stream: io.BufferedReader, report: Report) -> Iterator[tuple[int, Cells]]:
    """Yield the tiers of a mapping of symbols to lists, numbered through. Raises Unreadable."""
    tree = _whole_json(stream)
    if not isinstance(tree, dict) or not tree:
        raise Unreadable("is no mapping of symbols to tiers")
    number = 0
    for symbol, tiers in tree.items():
        if not isinstance(tiers, list) or not tiers or not all(isinstance(tier, dict) for tier in tiers):
            raise Unreadable(f"{shown(symbol)}: {shown(tiers)} is no list of tiers")
        for tier in tiers:
            number += 1
            info = tier.get("info")
            stated = info.get("cum") if isinstance(info, dict) else None
            yield number, (symbol, *(tier.get(key) for key in TIER_KEYS), stated)


def _whole_json(stream: io.BufferedReader) -> Any:
    data = stream.read(JSON_MAX + 1)
    if len(data) > JSON_MAX:
        raise Unreadable(f"holds more than {JSON_MAX:,} bytes of JSON tiers")
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Unreadable("is not UTF-8 text; save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}, column {error.colno}: is not JSON: {error.msg}") from None
    except RecursionError:
        raise Unreadable("is not JSON that can be read: nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise Unreadable(f"is not JSON that can be read: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f"the key {shown(twice)} is given twice")
    return found


def _no_number(word: str) -> NoReturn:
    raise Unreadable(f"holds {word}, which is no number")


def feather_rows(stream: io.BufferedReader, report: Report) -> Iterator[tuple[int, Cells]]:
    """Yield number and cells of each row of a feather file, batch by batch; times as milliseconds or finer."""
    import pyarrow as pa

    data = stream.read(FEATHER_MAX + 1)
    if len(data) > FEATHER_MAX:
        raise Unreadable(f"is a feather file of more than {FEATHER_MAX:,} bytes")
    number = 0
    try:
        with pa.ipc.open_file(pa.BufferReader(data)) as batches:
            missing = [name for name in CANDLE_COLUMNS if name not in batches.schema.names]
            if missing:
                raise Unreadable(f"has no column {', '.join(missing)}; columns: {', '.join(batches.schema.names[:12])}")
            for k in range(batches.num_record_batches):
                batch = batches.get_batch(k).select(list(CANDLE_COLUMNS))
                batch.validate(full=True)  # buffers of a damaged file may end before their rows do
                for start in range(0, batch.num_rows, SLICE):
                    part = batch.slice(start, SLICE)
                    columns = [_times(part.column(0)), *(part.column(c).to_pylist() for c in range(1, 6))]
                    for cells in zip(*columns, strict=True):
                        number += 1
                        yield number, cells
    except Unreadable:
        raise
    except (pa.ArrowException, OSError, MemoryError, ValueError, LookupError, TypeError) as error:
        said = shown_cell((str(error) or type(error).__name__).splitlines()[0])
        raise Unreadable(f"is no feather file that can be read: {said}") from None


def _times(column: Any) -> list[Any]:
    """Whole numbers since 1970 in the column's own unit; nanoseconds become microseconds."""
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist())
    scale = {"s": UNITS["seconds"], "ms": UNITS["milliseconds"], "us": 1, "ns": 0}[column.type.unit]
    counts = column.cast(pa.int64()).to_pylist()
    return [None if n is None else n * scale if scale else n // 1_000 for n in counts]
