"""Index paths from files of prices: rows of any known format become points, a price a step."""

import time
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any

from sim.scenario.formats.format import Refused, Row, Unreadable
from sim.scenario.formats.reading import Reading, reading
from sim.scenario.formats.report import Report
from sim.scenario.formats.words import Clock

POINTS_MAX = 2_000_000
SETTLED_S = 2.0
HEAD_ROWS = 5  # the least spacing of which is the length of a bar
COLUMNS = ("open", "high", "low", "close")
Points = list[list[float]]


def read_price_file(
    path: Path,
    step_seconds: float,
    *,
    steps: int | None = None,
    form: str | None = None,
    column: str = "close",
    gaps: str = "refuse",
    starts_at: str | None = None,
) -> tuple[Points, list[str]]:
    """Return rows of step (whole) and price (quote), and what is wrong, with row numbers.

    The close of a bar stands at its end; of trades and snapshots each step has the last one at or before it.
    Reading stops at the first point at or after `steps`.
    """
    options = (step_seconds, steps, form, column, gaps, starts_at)
    stamp = _stamp(path)
    points, wrong = _read(path, *options) if stamp is None else _remembered(stamp, path, *options)
    return [list(point) for point in points], list(wrong)


def _stamp(path: Path) -> tuple[int, ...] | None:
    """What changes when a file changes; None for one that changed so lately that a change of now might not show."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    if time.time() - max(found.st_mtime, found.st_ctime) < SETTLED_S:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@lru_cache(maxsize=8)
def _remembered(stamp: tuple[int, ...], path: Path, *options: Any) -> tuple[Points, list[str]]:
    """A sweep loads one scenario many times: the file behind it is read once."""
    return _read(path, *options)


def _read(
    path: Path,
    step_seconds: float,
    steps: int | None,
    form: str | None,
    column: str,
    gaps: str,
    starts_at: str | None,
) -> tuple[Points, list[str]]:
    try:
        start = start_time(starts_at)
        with reading(path, path.name, form) as file:
            if file.format.gives not in ("bars", "ticks"):
                return [], [f"{file.format.name} gives no prices; it gives {file.format.gives}"]
            points, wrong = price_points(file, step_seconds, steps, column, start)
            return points, problems_of(file.conclude(), gaps) + wrong
    except Unreadable as error:
        return [], [str(error)]
    except (OSError, ValueError) as error:
        return [], [f"cannot be read: {getattr(error, 'strerror', None) or error}"]


def start_time(text: str | None) -> int | None:
    try:
        return None if text is None else Clock().written("starts_at", text)
    except Refused as error:
        raise Unreadable(str(error)) from None


def problems_of(report: Report, gaps: str = "refuse") -> list[str]:
    """Return what forbids to use a file. With `gaps` other than refuse, missing rows do not."""
    if gaps != "refuse" and not report.refused:
        return list(report.faults)
    return report.lines()


def price_points(
    file: Reading, step_seconds: float, steps: int | None = None, column: str = "close", start: int | None = None
) -> tuple[Points, list[str]]:
    """Return rows of step and price of an open file of bars or ticks, and what is wrong with them.

    `start` is the time of step 0 in microseconds; by default that of the first price.
    """
    bars = file.format.gives == "bars"
    rows = file.rows()
    found = _of_bars(rows, step_seconds, column, start) if bars else _of_ticks(rows, step_seconds, start)
    points: Points = []
    wrong: list[str] = []
    for step, price in found:
        if points and step <= points[-1][0]:
            if not wrong:
                number = file.report.rows + file.report.header
                wrong.append(f"row {number}: falls into the same step as the row before; lower step_seconds")
            continue
        if len(points) == POINTS_MAX:
            wrong.append(f"more than {POINTS_MAX} points; raise step_seconds, or cut the file")
            break
        points.append([step, price])
        if steps is not None and step >= steps:
            break
    if start is not None and not points and file.report.rows > file.report.refused:
        wrong.append("no price is at starts_at or after it")
    return points, wrong


def _of_bars(rows: Iterator[Row], step_seconds: float, column: str, start: int | None) -> Iterator[tuple[int, float]]:
    """The open stands at the beginning of its bar, other prices at its end; a single price at its own time."""
    place = 1 + COLUMNS.index(column)
    head = list(islice(rows, HEAD_ROWS))
    length = min((after[0] - before[0] for before, after in pairwise(head)), default=0)
    for row in chain(head, rows):
        single = len(row) == 2
        at = row[0] if single or column == "open" else row[0] + length
        if start is None:
            start = at
        if at >= start:
            yield round((at - start) / 1e6 / step_seconds), row[1] if single else row[place]


def _of_ticks(rows: Iterator[Row], step_seconds: float, start: int | None) -> Iterator[tuple[int, float]]:
    """The last price at or before each step, from the first tick to the last one."""
    length = step_seconds * 1e6
    step, last, latest = 0, None, 0
    for latest, price in rows:
        if start is None:
            start = latest
        due = -int(-(latest - start) // length)  # the first step at or after this tick
        if last is None:
            step = max(due, 0)
        while last is not None and step < due:
            yield step, last
            step += 1
        last = price
    if last is not None and start is not None and latest >= start:
        yield step, last
