"""Which format a file has, and its clean rows: one at a time, with a report that fills as they are read."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

from sim.scenario.errors import did_you_mean, shown
from sim.scenario.formats import FORMATS, NAMES
from sim.scenario.formats.container import Source, opened
from sim.scenario.formats.format import Cells, Format, Reader, Refused, Row, Unreadable
from sim.scenario.formats.records import BOM, csv_rows, feather_rows, json_rows, json_tiers
from sim.scenario.formats.report import Report

CARRIERS = {"csv": csv_rows, "json_rows": json_rows, "json_tiers": json_tiers, "feather": feather_rows}
LENGTHS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
HEADER_SHOWN = 8  # words of an unknown header that a message quotes


@dataclass
class Reading:
    """An open file whose format is known. `rows` may be read once, whole or in part; then `conclude`."""

    format: Format
    report: Report
    records: Iterator[tuple[int, Cells]]
    reader: Reader
    order: tuple[int, ...] | None = None  # where the cells stand in a row of the file; None: as they are
    width: int = 0  # cells of a row of the file

    def rows(self) -> Iterator[Row]:
        """Yield the clean rows. Raises Unreadable where the rest of the file cannot be read."""
        report, take = self.report, self.reader.row
        select = itemgetter(*self.order) if self.order is not None else None
        for number, cells in self.records:
            report.rows += 1
            try:
                if select is not None:
                    if len(cells) != self.width:
                        raise Refused(_width_said(cells, self.width, self.format))
                    cells = select(cells)
                row = take(number, cells)
            except Refused as refused:
                report.refuse(number, str(refused))
                continue
            yield row

    def conclude(self) -> Report:
        """Return the report on the rows that were read."""
        report = self.report
        self.reader.conclude(report)
        stated = LENGTHS.get(report.interval[-1:], 0) * int(report.interval[:-1] or 0)
        if stated and report.spacing_s and report.spacing_s != stated:
            report.note(f"the name says {report.interval}, but rows are {report.spacing_s:g} s apart")
        if report.rows == report.refused and not report.faults:
            report.faults.append(self._nothing_taken())
        return report

    def _nothing_taken(self) -> str:
        if self.report.rows:
            return "no row could be taken"
        start = 2 if self.report.header else 1
        return f"row {start}: is missing; at least one row of {','.join(self.format.columns)} is needed"


def _width_said(cells: Cells, width: int, form: Format) -> str:
    if not cells:
        return "is empty; each row holds " + ",".join(form.columns)
    words = f"allowed: {','.join(form.columns)}" if width == len(form.columns) else f"the file has {width} columns"
    return f"has {len(cells)} values; {words}"


@contextmanager
def reading(path: Path, label: str, name: str | None = None) -> Iterator[Reading]:
    """Open a file of a known format, or of one that its content shows. Raises Unreadable; OSError."""
    if name is not None and name not in NAMES:
        raise Unreadable(f"unknown format {shown(name)}{did_you_mean(name, NAMES)}")
    with opened(path) as source:
        report = Report(label, container=source.container)
        carrier = _carrier(source)
        forms = [item for item in FORMATS if carrier in item.carriers and name in (None, item.name)]
        if not forms:
            wanted = next(item for item in FORMATS if item.name == name)
            held = {"csv": "text", "json_rows": "a JSON array", "json_tiers": "a JSON mapping", "feather": "feather"}
            raise Unreadable(f"is {held[carrier]}; {wanted.name} is {' or '.join(wanted.carriers)}")
        records: Iterator[tuple[int, Any]] = CARRIERS[carrier](source.stream, report)  # type: ignore[operator]
        if carrier == "csv":
            found = _of_csv(forms, records, report, source.name, name)
        else:
            found = Reading(forms[0], report, records, forms[0].new())
        _name_things(found, source.name)
        yield found


def _carrier(source: Source) -> str:
    head = source.stream.peek(64)[:64].removeprefix(BOM)
    if not head:
        raise Unreadable("row 1: is missing; the file is empty")
    if head.startswith(b"ARROW1"):
        return "feather"
    if b"\x00" in head:
        raise Unreadable(f"is no text, nor a packed or feather file; known formats: {', '.join(NAMES)}")
    first = head.lstrip()[:1]
    return {b"[": "json_rows", b"{": "json_tiers"}.get(first, "csv")


def _of_csv(
    forms: list[Format], records: Iterator[tuple[int, list[str]]], report: Report, file: str, name: str | None
) -> Reading:
    number, cells = next(records, (1, []))
    words = [cell.strip() for cell in cells]
    fitting = [(form, order) for form in forms if (order := _by_header(form, words)) is not None]
    if fitting:
        report.header = True
        form, order = _best(fitting, file)
        return Reading(form, report, records, form.new(), order, len(cells))
    bare = [(form, order) for form in forms if (order := _by_first_row(form, words)) is not None]
    if bare:
        form, order = _best(bare, file)
        return Reading(form, report, chain([(number, cells)], records), form.new(), order, len(cells))
    raise Unreadable(_unknown(words, forms, name))


def _by_header(form: Format, words: list[str]) -> tuple[int, ...] | None:
    """Where the columns of a format stand in a header; None when one is not there or is there twice."""
    meant = dict(form.aliases)
    lower = [word.lower() for word in words]
    known = [word if word in form.columns else meant.get(word, word) for word in lower]
    if form.exact and known != list(form.columns):
        return None
    if any(known.count(column) != 1 for column in form.columns):
        return None
    return tuple(known.index(column) for column in form.columns)


def _by_first_row(form: Format, cells: list[str]) -> tuple[int, ...] | None:
    """Where the columns stand in a file without header whose first row the format takes."""
    for layout in form.bare:
        if len(layout) != len(cells):
            continue
        order = tuple(layout.index(column) for column in form.columns)
        try:
            form.new().row(1, [cells[place] for place in order])
        except Refused:
            continue
        return order
    return None


def _best(fitting: list[tuple[Format, tuple[int, ...]]], file: str) -> tuple[Format, tuple[int, ...]]:
    """The format with the most columns; among equals the one whose word is in the file's name."""
    most = max(len(form.columns) for form, _ in fitting)
    best = [item for item in fitting if len(item[0].columns) == most]
    if len(best) > 1:
        named = [item for item in best if item[0].word and item[0].word in file.lower()]
        best = named if len(named) == 1 else best
    if len(best) > 1:
        names = " or ".join(form.name for form, _ in best)
        raise Unreadable(f"may be {names}, which have the same columns; say which with format")
    return best[0]


def _unknown(words: list[str], forms: list[Format], name: str | None) -> str:
    header = ",".join(words[:HEADER_SHOWN]) + (",..." if len(words) > HEADER_SHOWN else "")
    if name is not None:
        return f"row 1: the header is {shown(header) if header else 'missing'}; allowed: {','.join(forms[0].columns)}"
    if len(words) < 2:
        return f"row 1: {shown(header)} is one column; columns are separated by commas"
    return (
        f"row 1: {shown(header)} is the header or first row of no known format; known: {', '.join(NAMES)}; "
        "columns: docs/reference/files.md"
    )


def _name_things(found: Reading, file: str) -> None:
    """Take format, title and, where the file's name says them, instrument and interval into the report."""
    form, report = found.format, found.report
    report.format, report.title, report.gives = form.name, form.title, form.gives
    match = re.match(form.named, file) if form.named else None
    if match:
        groups = match.groupdict()
        report.instrument, report.interval = groups.get("symbol") or "", groups.get("interval") or ""
