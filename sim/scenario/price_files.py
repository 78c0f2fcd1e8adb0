"""Price files: CSV with the columns time (seconds) and price, sorted, positive, nothing missing."""

import csv
import math
from pathlib import Path
from statistics import median

ROWS_MAX = 2_000_000
# After this many problems the rest of a file says nothing new.
PROBLEMS_MAX = 20
GAP_FACTOR = 1.5


def read_price_file(path: Path, step_seconds: float) -> tuple[list[list[float]], list[str]]:
    """Return rows of step (whole) and price (quote), and what is wrong, with row numbers; row 1 is the header."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return _rows(csv.reader(stream), step_seconds)
    except UnicodeDecodeError:
        return [], ["is not UTF-8 text"]
    except OSError as error:
        return [], [f"cannot be read: {error.strerror or error}"]
    except csv.Error as error:
        return [], [f"is no CSV file: {error}"]


def _rows(reader: object, step_seconds: float) -> tuple[list[list[float]], list[str]]:
    rows = iter(reader)  # type: ignore[call-overload]
    header = [word.strip() for word in next(rows, [])]
    if header != ["time", "price"]:
        return [], [f"row 1: the header is {','.join(header) or 'missing'}; allowed: time,price"]
    points: list[list[float]] = []
    problems: list[str] = []
    spacings: list[tuple[float, int]] = []
    first = before = math.nan
    for number, row in enumerate(rows, start=2):
        if len(problems) >= PROBLEMS_MAX or number > ROWS_MAX:
            problems.append(f"row {number}: reading stopped here")
            break
        if not row:
            problems.append(f"row {number}: is empty; each row holds time,price")
            continue
        time, price, wrong = _row(row)
        if wrong:
            problems.append(f"row {number}: {wrong}")
            continue
        first = time if math.isnan(first) else first
        step = round((time - first) / step_seconds)
        if time == before:
            problems.append(f"row {number}: time {time:g} is a duplicate; times must rise")
        elif time < before:
            problems.append(f"row {number}: time {time:g} comes after {before:g}; times must rise")
        elif points and step <= points[-1][0]:
            problems.append(f"row {number}: time {time:g} falls into the same step as the row before")
        else:
            points.append([step, price])
            spacings.append((time - before, number))
        before = time
    problems += _gaps(spacings[1:])
    if not points and not problems:
        problems.append("row 2: is missing; at least one row of time,price is needed")
    return points, problems


def _gaps(spacings: list[tuple[float, int]]) -> list[str]:
    """Name the rows that stand farther from the row before than rows of this file do."""
    if not spacings:
        return []
    usual = median(spacing for spacing, _ in spacings)
    wide = [(spacing, number) for spacing, number in spacings if spacing > GAP_FACTOR * usual]
    return [
        f"row {number}: a gap of {spacing:g} s; rows are {usual:g} s apart (irregular rows are for kind: points)"
        for spacing, number in wide[:PROBLEMS_MAX]
    ]


def _row(row: list[str]) -> tuple[float, float, str]:
    if len(row) != 2:
        return 0.0, 0.0, f"has {len(row)} values; allowed: time,price"
    values = []
    for word, text in zip(("time", "price"), row, strict=True):
        try:
            value = float(text)
        except ValueError:
            return 0.0, 0.0, f"{word} {text.strip()[:40]!r} is no number" if text.strip() else f"{word} is missing"
        if not math.isfinite(value):
            return 0.0, 0.0, f"{word} {text.strip()[:40]} is not finite"
        values.append(value)
    time, price = values
    if not 0 < price <= 1e9:
        return time, price, f"price {price:g} is out of range; allowed: above 0 to 1e9"
    if abs(time) > 1e15:
        return time, price, f"time {time:g} is out of range; allowed: seconds within 1e15"
    return time, price, ""
