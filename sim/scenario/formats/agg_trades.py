"""aggTrades of the exchange archive: fills of one taker order at one price."""

from collections import Counter

from sim.scenario.formats.format import Cells, Format, Refused, Row
from sim.scenario.formats.order import Stream
from sim.scenario.formats.report import REFUSALS_MAX, Report
from sim.scenario.formats.words import Clock, amount, price, whole, yes_or_no

COLUMNS = ("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker")
TAKERS = {True: "taker sold", False: "taker bought"}


class AggTrades:
    """Trades whose ids rise by one, so that a missing or doubled row shows; `words` are what the columns are called."""

    def __init__(self, words: tuple[str, ...] = COLUMNS) -> None:
        self._words = words
        self._clock, self._order = Clock(), Stream()
        self._id: int | None = None
        self._sides: Counter[str] = Counter()
        self._gaps = 0
        self._missing: list[tuple[int, str]] = []  # the first of the gaps

    def row(self, number: int, cells: Cells) -> Row:
        """Return time (microseconds) and price. Raises Refused."""
        words = self._words
        name = whole(words[0], cells[0])
        value = price(words[1], cells[1])
        amount(words[2], cells[2])
        if whole(words[4], cells[4]) < whole(words[3], cells[3]):
            raise Refused(f"{words[4]} {cells[4]} is below {words[3]} {cells[3]}")
        time = self._clock.since_1970(words[5], cells[5])
        maker = yes_or_no(words[6], cells[6])
        if self._id is not None and name <= self._id:
            word = "is a duplicate" if name == self._id else f"comes after {self._id}"
            raise Refused(f"{words[0]} {name} {word}; ids must rise")
        self._order.follow(time)
        if self._id is not None and name != self._id + 1:
            self._gaps += 1
            if self._gaps <= REFUSALS_MAX:
                self._missing.append((number, f"a gap: ids {self._id + 1} to {name - 1} are missing before it"))
        self._id = name
        self._sides[TAKERS[maker]] += 1
        return time, value

    def conclude(self, report: Report) -> None:
        """Say who was the taker, and which ids are missing."""
        report.time_unit = self._clock.unit
        report.semantics = "is_buyer_maker = true: the buyer's order was resting, the taker sold"
        report.sides = dict(sorted(self._sides.items()))
        self._order.conclude(report)
        for number, reason in self._missing:
            report.gap(number, reason)
        report.gaps += self._gaps - len(self._missing)


FORMAT = Format(
    name="archive_agg_trades",
    title="exchange archive, aggTrades",
    gives="ticks",
    carriers=("csv",),
    columns=COLUMNS,
    bare=((*COLUMNS, "is_best_match"), COLUMNS),
    new=AggTrades,
    named=r"(?P<symbol>[A-Z0-9_]+)-aggTrades-",
    traps="futures have a header and 7 columns, spot has none and 8, and microseconds from 2025 on",
)
