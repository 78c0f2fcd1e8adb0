"""metrics of the exchange archive: open interest and ratios of longs to shorts, every five minutes."""

from sim.scenario.formats.format import Cells, Format, Refused, Row
from sim.scenario.formats.order import Regular
from sim.scenario.formats.report import Report
from sim.scenario.formats.words import Clock, amount

RATIOS = (
    "count_toptrader_long_short_ratio",
    "sum_toptrader_long_short_ratio",
    "count_long_short_ratio",
    "sum_taker_long_short_vol_ratio",
)
COLUMNS = ("create_time", "symbol", "sum_open_interest", "sum_open_interest_value", *RATIOS)


class Metrics:
    """Open interest of one symbol."""

    def __init__(self) -> None:
        self._clock, self._order = Clock(), Regular("the rows between are missing")
        self._symbol = ""
        self._interest: list[float] = []

    def row(self, number: int, cells: Cells) -> Row:
        """Return time (microseconds), open interest (base) and its value (quote). Raises Refused."""
        time = self._clock.written("create_time", cells[0])
        symbol = cells[1].strip()
        if not symbol or self._symbol not in ("", symbol):
            raise Refused(f"symbol {symbol or 'is missing'}; the rows before: {self._symbol or 'none'}")
        interest, value = amount(COLUMNS[2], cells[2]), amount(COLUMNS[3], cells[3])
        for name, cell in zip(RATIOS, cells[4:], strict=True):
            if cell.strip():  # the archive leaves a ratio empty where it has none
                amount(name, cell)
        self._order.follow(number, time)
        self._symbol = symbol
        ends = self._interest or [interest] * 4
        self._interest = [ends[0], interest, min(ends[2], interest), max(ends[3], interest)]
        return time, interest, value

    def conclude(self, report: Report) -> None:
        """Say what the open interest did."""
        report.time_unit = self._clock.unit
        report.instrument = self._symbol or report.instrument
        report.semantics = "open interest in coins, one side of it; ratios are longs over shorts"
        names = ("first", "last", "lowest", "highest")
        report.figures = {f"open_interest_{name}": value for name, value in zip(names, self._interest, strict=False)}
        self._order.conclude(report)


FORMAT = Format(
    name="archive_metrics",
    title="exchange archive, metrics",
    gives="figures",
    carriers=("csv",),
    columns=COLUMNS,
    new=Metrics,
    named=r"(?P<symbol>[A-Z0-9_]+)-metrics-",
    traps="times are written out and in UTC without saying so",
)
