"""What the files of Tardis share: exchange and symbol in every row, and two clocks that need not agree."""

from sim.scenario.formats.format import Cells, Refused
from sim.scenario.formats.order import Stream
from sim.scenario.formats.report import Report
from sim.scenario.formats.words import Clock, shown_cell, written_out

COLUMNS = ("exchange", "symbol", "timestamp", "local_timestamp")
LATE_MAX = 60_000_000  # microseconds by which an exchange time may fall behind that of the row before


class TardisRows:
    """Rows in the order in which they were recorded; their time is the exchange's, which may step back a little."""

    def __init__(self) -> None:
        self._clock, self._order = Clock(), Stream()
        self._market: tuple[str, str] | None = None
        self._recorded = self._latest = 0
        self._late = self._ahead = 0
        self._latest_late = 0

    def time(self, cells: Cells) -> int:
        """Return the exchange time (microseconds), at least that of the row before. Raises Refused."""
        market = (cells[0].strip(), cells[1].strip())
        if not all(market) or self._market not in (None, market):
            before = "/".join(self._market or ("none",))
            raise Refused(f"exchange and symbol are {shown_cell('/'.join(market))}; the rows before: {before}")
        time = self._clock.since_1970("timestamp", cells[2])
        recorded = self._clock.since_1970("local_timestamp", cells[3])
        if recorded < self._recorded:
            times = f"{written_out(recorded)} comes after {written_out(self._recorded)}"
            raise Refused(f"local_timestamp {times}; times must not fall")
        late = self._latest - time
        if late > LATE_MAX:
            raise Refused(f"time {written_out(time)} comes after {written_out(self._latest)}; times must not fall")
        self._market, self._recorded = market, recorded
        self._late += late > 0
        self._ahead += time > recorded
        self._latest_late = max(self._latest_late, late)
        self._latest = max(self._latest, time)
        self._order.follow(self._latest)
        return self._latest

    def conclude(self, report: Report) -> None:
        """Say whose clock was used, and how far the clocks disagree."""
        report.time_unit = self._clock.unit
        if self._market is not None:
            report.instrument = f"{self._market[1]} of {self._market[0]}"
        report.note("times are the exchange's (timestamp), the order of rows is that of recording (local_timestamp)")
        if self._ahead:
            report.note(f"in {self._ahead} rows the exchange's clock is ahead of the recorder's")
        if self._late:
            seconds = self._latest_late / 1e6
            report.note(f"{self._late} rows are up to {seconds:g} s older than the row before and count as its time")
        self._order.conclude(report)
