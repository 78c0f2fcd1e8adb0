"""freqtrade candles: date, open, high, low, close, volume as JSON arrays or feather, and the same columns as CSV."""

from sim.scenario.formats.format import Cells, Format, Refused, Row
from sim.scenario.formats.klines import bar_of
from sim.scenario.formats.order import Regular
from sim.scenario.formats.report import Report
from sim.scenario.formats.words import Clock, amount

NAMED = r"(?P<symbol>[A-Z0-9]+(?:_[A-Z0-9]+)+)-(?P<interval>\d+[smhdwM])(?:-(?:futures|mark|index|spot))?\."


class Candles:
    """Bars without a close time."""

    def __init__(self) -> None:
        self._clock, self._order = Clock(), Regular()

    def row(self, number: int, cells: Cells) -> Row:
        """Return open time (microseconds), open, high, low, close. Raises Refused."""
        if len(cells) != 6:
            raise Refused(f"has {len(cells)} values; allowed: date, open, high, low, close, volume")
        time = self._clock.either("date", cells[0])
        bar = bar_of(cells[1:5])
        amount("volume", cells[5])
        self._order.follow(number, time)
        return (time, *bar)

    def conclude(self, report: Report) -> None:
        """Say where bars are missing."""
        report.time_unit = self._clock.unit
        self._order.conclude(report)


FORMAT = Format(
    name="freqtrade_candles",
    title="freqtrade candles",
    gives="bars",
    carriers=("json_rows", "feather"),
    columns=("date", "open", "high", "low", "close", "volume"),
    new=Candles,
    named=NAMED,
    traps="a bar without a trade is absent, and so is maintenance of the exchange",
)
