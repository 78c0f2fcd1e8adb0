"""Cells as numbers and times, strictly: no surprises of `float`, one unit and one zone of time in a file."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sim.scenario.errors import shown
from sim.scenario.formats.format import Refused

PRICE_MAX = 1e9
AMOUNT_MAX = 1e18
UNITS = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}  # microseconds in one
# 2008 to 2100: before the first coin, after the last reader. The ranges of the units do not touch.
EARLIEST_YEAR, LATEST_YEAR = 2008, 2100
EARLIEST_S, LATEST_S = 1_199_145_600, 4_102_444_800
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WRITTEN = "written out"
WORDS = {"true": True, "false": False, "True": True, "False": False}


def number(name: str, cell: Any) -> float:
    """Return a finite number. Raises Refused."""
    if type(cell) in (int, float):
        value = _as_float(name, cell)
    elif isinstance(cell, str):
        value = _of_text(name, cell)
    else:
        raise Refused(f"{name} is missing" if cell is None else f"{name} {shown(cell)} is no number")
    if not math.isfinite(value):
        raise Refused(f"{name} {shown_cell(cell)} is not finite")
    return value


def _of_text(name: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise Refused(f"{name} {shown(cell.strip())} is no number" if cell.strip() else f"{name} is missing") from None
    if "_" in cell or not cell.isascii():
        raise Refused(f"{name} {shown(cell)} is no number")
    return value


def _as_float(name: str, cell: Any) -> float:
    try:
        return float(cell)
    except OverflowError:
        raise Refused(f"{name} is out of range") from None


def shown_cell(cell: Any) -> str:
    """Return a cell for a message: at most 60 characters, none that steers a terminal."""
    text = str(cell).strip()[:60]
    return text if text.isprintable() else ascii(text)


def price(name: str, cell: Any) -> float:
    """Return a number above 0 and up to 1e9. Raises Refused."""
    value = _quickly(cell)
    if value is not None and 0 < value <= PRICE_MAX:
        return value
    raise Refused(f"{name} {number(name, cell):g} is out of range; allowed: above 0 to 1e9")


def amount(name: str, cell: Any) -> float:
    """Return a number from 0 to 1e18. Raises Refused."""
    value = _quickly(cell)
    if value is not None and 0 <= value <= AMOUNT_MAX:
        return value
    raise Refused(f"{name} {number(name, cell):g} is out of range; allowed: 0 to 1e18")


def _quickly(cell: Any) -> float | None:
    """The number of a cell, or None where `number` has something to say about it. Millions of cells pass here."""
    kind = type(cell)
    if kind is float or (kind is str and cell.isascii() and "_" not in cell):
        try:
            return float(cell)
        except ValueError:
            return None
    return number("", cell) if kind is int and cell.bit_length() < 64 else None


def whole(name: str, cell: Any) -> int:
    """Return a whole number from 0 on. Raises Refused."""
    if type(cell) is str:
        if cell.isdigit() and cell.isascii() and len(cell) <= 20:
            return int(cell)
    elif type(cell) is int and cell >= 0:
        return int(cell)
    missing = cell is None or (isinstance(cell, str) and not cell.strip())
    raise Refused(f"{name} is missing" if missing else f"{name} {shown_cell(cell)} is no whole number")


def yes_or_no(name: str, cell: Any) -> bool:
    """Return the truth of `true` and `false` in any case. Raises Refused."""
    value = WORDS.get(cell)
    if value is None:
        value = WORDS.get(str(cell).lower())
    if value is None:
        raise Refused(f"{name} {shown(cell)} is neither true nor false")
    return value


def one_of(name: str, cell: Any, known: Iterable[str]) -> str:
    """Return a word of a list, in lower case. Raises Refused."""
    word = str(cell).strip().lower()
    if word not in known:
        raise Refused(f"{name} {shown(cell)} is unknown; allowed: {', '.join(known)}")
    return word


class Clock:
    """Times of one file in microseconds since 1970; the unit, or the zone, is that of the first row."""

    def __init__(self) -> None:
        self.unit = ""
        self._scale = 1
        self._zone: str | None = None

    def since_1970(self, name: str, cell: Any) -> int:
        """Return a time that is given as a whole number of seconds, milliseconds or microseconds. Raises Refused."""
        value = whole(name, cell)
        if not EARLIEST_S * 1_000_000 <= value * self._scale < LATEST_S * 1_000_000 or not self.unit:
            self._change(name, value)
        return value * self._scale

    def _change(self, name: str, value: int) -> None:
        fitting = [word for word, scale in UNITS.items() if EARLIEST_S <= value * scale // 1_000_000 < LATEST_S]
        if not fitting:
            raise Refused(f"{name} {value} is no time from 2008 to 2099 in seconds, milliseconds or microseconds")
        if self.unit:
            raise Refused(f"{name} {value} is in {fitting[0]}, the rows before are in {self.unit}: mixed units")
        self.unit, self._scale = fitting[0], UNITS[fitting[0]]

    def either(self, name: str, cell: Any) -> int:
        """Return a time that is counted or written out; the file keeps to one of them. Raises Refused."""
        if isinstance(cell, str) and not cell.strip().isdigit():
            if self.unit not in ("", WRITTEN):
                raise Refused(f"{name} {shown(cell.strip())} is no whole number, the rows before are in {self.unit}")
            return self.written(name, cell)
        if self.unit == WRITTEN:
            raise Refused(f"{name} {shown_cell(cell)} is a count, the rows before are written out: mixed units")
        return self.since_1970(name, cell)

    def written(self, name: str, cell: Any) -> int:
        """Return a time that is written out, as in 2025-10-10 00:00:07; without a zone it is UTC. Raises Refused."""
        text = str(cell).strip()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise Refused(f"{name} {shown(text)} is no time" if text else f"{name} is missing") from None
        if not EARLIEST_YEAR <= moment.year < LATEST_YEAR:
            raise Refused(f"{name} {shown_cell(text)} is out of range; allowed: 2008 to 2099")
        zone = "none" if moment.tzinfo is None else "UTC" if not moment.utcoffset() else f"{moment:%z}"
        if self._zone not in (None, zone):
            raise Refused(f"{name} {shown_cell(text)} has the zone {zone}, the rows before {self._zone}: mixed zones")
        self._zone, self.unit = zone, WRITTEN
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return (moment - EPOCH) // timedelta(microseconds=1)


def written_out(microseconds: int) -> str:
    """Return a time as ISO 8601 in UTC; what is no date as plain seconds."""
    if not EARLIEST_S * 1_000_000 <= microseconds < LATEST_S * 1_000_000:
        return f"{microseconds / 1e6:.15g}"
    moment = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    digits = f".{microseconds % 1_000_000:06d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{digits}Z"
