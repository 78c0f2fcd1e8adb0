"""Index paths from files of prices: rows of any known format become points, a price a step."""

from collections.abc import Iterator
from pathlib import Path

from sim.scenario.formats.format import Refused, Row, Unreadable
from sim.scenario.formats.reading import Reading, reading
from sim.scenario.formats.report import Report
from sim.scenario.formats.words import Clock

POINTS_MAX = 2_000_000
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

    Bars stand at their own time; of trades and snapshots each step has the last one at or before it. Reading stops
    at the first point at or after `steps`.
    """
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
    """Return rows of step and price of an open file of bars or ticks, and what is wrong with them."""
    rows = (row for row in file.rows() if start is None or row[0] >= start)
    place = 1 + COLUMNS.index(column)
    bars = file.format.gives == "bars"
    found = _of_bars(rows, step_seconds, place) if bars else _of_ticks(rows, step_seconds)
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
        wrong.append("no row is at starts_at or after it")
    return points, wrong


def _of_bars(rows: Iterator[Row], step_seconds: float, place: int) -> Iterator[tuple[int, float]]:
    first = None
    for row in rows:
        first = row[0] if first is None else first
        yield round((row[0] - first) / 1e6 / step_seconds), row[min(place, len(row) - 1)]


def _of_ticks(rows: Iterator[Row], step_seconds: float) -> Iterator[tuple[int, float]]:
    """The last price at or before each step, from the first tick to the last one."""
    length = step_seconds * 1e6
    step, last, first = 0, None, 0
    for row in rows:
        time, price = row[0], row[1]
        if last is None:
            first = time
        due = -int(-(time - first) // length)  # the first step at or after this tick
        while last is not None and step < due:
            yield step, last
            step += 1
        last = price
    if last is not None:
        yield step, last
