"""Klines of the exchange archive: trade, mark or index price bars, in milliseconds or microseconds."""

from sim.scenario.formats.format import Cells, Format, Refused, Row
from sim.scenario.formats.order import Regular
from sim.scenario.formats.report import Report
from sim.scenario.formats.words import Clock, amount, price

COLUMNS = ("open_time", "open", "high", "low", "close", "volume", "close_time")
FURTHER = ("quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume", "ignore")


def bar_of(cells: Cells) -> tuple[float, float, float, float]:
    """Return open, high, low and close. Raises Refused where they contradict each other."""
    start, high, low, close = (price(name, cell) for name, cell in zip(COLUMNS[1:5], cells, strict=True))
    if not low <= min(start, close) <= max(start, close) <= high:
        raise Refused(f"open {start:g} and close {close:g} do not lie between low {low:g} and high {high:g}")
    return start, high, low, close


class Klines:
    """Bars whose close time says how long they are."""

    def __init__(self) -> None:
        self._clock, self._order = Clock(), Regular()
        self._length: int | None = None
        self._volume = 0.0

    def row(self, number: int, cells: Cells) -> Row:
        """Return open time (microseconds), open, high, low, close. Raises Refused."""
        time = self._clock.since_1970("open_time", cells[0])
        bar = bar_of(cells[1:5])
        volume = amount("volume", cells[5])
        length = self._clock.since_1970("close_time", cells[6]) - time
        if length <= 0:
            raise Refused("close_time is not after open_time")
        if self._length is None:
            self._length = length
        elif length != self._length:
            raise Refused(f"the bar lasts {length / 1e6:.6g} s, the bars before {self._length / 1e6:.6g} s")
        self._order.follow(number, time)
        self._volume += volume
        return (time, *bar)

    def conclude(self, report: Report) -> None:
        """Say what the bars are of."""
        report.time_unit = self._clock.unit
        self._order.conclude(report)
        if self._length is not None and self._volume == 0.0:
            report.note("all volumes are zero: bars of a mark or index price, not of trades")


FORMAT = Format(
    name="archive_klines",
    title="exchange archive, klines",
    gives="bars",
    carriers=("csv",),
    columns=COLUMNS,
    bare=((*COLUMNS, *FURTHER),),
    new=Klines,
    named=r"(?P<symbol>[A-Z0-9_]+)-(?P<interval>\d+[smhdwM])-\d{4}-\d{2}",
    traps="spot files have no header and, from 2025 on, microseconds; mark and index price klines have zero volumes",
)
