"""Book snapshots as Tardis records them: the best levels, interleaved by level; the path is the mid."""

from sim.scenario.formats.format import Cells, Format, Refused, Row
from sim.scenario.formats.report import Report
from sim.scenario.formats.tardis import COLUMNS, TardisRows
from sim.scenario.formats.words import amount, price

BEST = ("asks[0].price", "asks[0].amount", "bids[0].price", "bids[0].amount")


class TardisBookSnapshot:
    """Best bid and ask; deeper levels are not read."""

    def __init__(self) -> None:
        self._rows = TardisRows()
        self._spreads: list[float] = []  # smallest, largest

    def row(self, number: int, cells: Cells) -> Row:
        """Return time (microseconds) and mid. Raises Refused."""
        if not (cells[4].strip() and cells[6].strip()):
            raise Refused("a side of the book is empty; there is no mid")
        ask, bid = price(BEST[0], cells[4]), price(BEST[2], cells[6])
        for name, cell in ((BEST[1], cells[5]), (BEST[3], cells[7])):
            amount(name, cell)
        if bid >= ask:
            raise Refused(f"the best bid {bid:g} is not below the best ask {ask:g}")
        time = self._rows.time(cells)
        spread = ask - bid
        lowest, highest = self._spreads or (spread, spread)
        self._spreads = [min(lowest, spread), max(highest, spread)]
        return time, (bid + ask) / 2.0

    def conclude(self, report: Report) -> None:
        """Say how wide the spread was."""
        self._rows.conclude(report)
        report.semantics = "the price is the mid of the best bid and ask; deeper levels are not read"
        if self._spreads:
            report.figures = {
                "spread_smallest": round(self._spreads[0], 10),
                "spread_largest": round(self._spreads[1], 10),
            }


FORMAT = Format(
    name="tardis_book_snapshot",
    title="Tardis, book_snapshot_5, _25 and the like",
    gives="ticks",
    carriers=("csv",),
    columns=(*COLUMNS, *BEST),
    new=TardisBookSnapshot,
    word="book_snapshot",
    traps="levels are interleaved (ask, bid, ask, bid); a side may be empty",
)
