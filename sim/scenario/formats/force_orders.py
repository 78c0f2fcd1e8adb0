"""Liquidation orders as recorders of the exchange's forceOrder stream save them, with and without header."""

from collections import Counter

from sim.scenario.formats.format import Cells, Format, Refused, Row, Unreadable
from sim.scenario.formats.order import Stream
from sim.scenario.formats.report import Report
from sim.scenario.formats.tardis_liquidations import CLOSED, SEMANTICS
from sim.scenario.formats.words import Clock, amount, one_of, price

SHARED = (
    "symbol",
    "side",
    "order_type",
    "time_in_force",
    "original_quantity",
    "price",
    "average_price",
    "order_status",
)
SYMBOLS_MAX = 100_000
BARE = (*SHARED, "last_filled_qty", "filled_accumulated_qty", "trade_time_ms", "usd_size")


class ForceOrders:
    """Orders of all symbols in one file."""

    def __init__(self) -> None:
        self._clock, self._order = Clock(), Stream()
        self._sides: Counter[str] = Counter()
        self._symbols: set[str] = set()
        self._usd = 0.0

    def row(self, number: int, cells: Cells) -> Row:
        """Return time (microseconds), symbol, side, average price and filled quantity. Raises Refused."""
        symbol, side = cells[0].strip(), CLOSED[one_of("side", cells[1], ("sell", "buy"))]
        if not symbol:
            raise Refused("symbol is missing")
        if len(self._symbols) > SYMBOLS_MAX:
            raise Unreadable(f"row {number}: names more than {SYMBOLS_MAX} symbols")
        value, filled = price("average_price", cells[2]), amount("filled_accumulated_qty", cells[3])
        time = self._clock.since_1970("trade_time_ms", cells[4])
        self._order.follow(time)
        self._sides[side] += 1
        self._symbols.add(symbol)
        self._usd += value * filled
        return time, symbol, side, value, filled

    def conclude(self, report: Report) -> None:
        """Say who was liquidated, and why the counts are too low."""
        report.time_unit, report.semantics = self._clock.unit, SEMANTICS
        report.sides = dict(sorted(self._sides.items()))
        report.figures = {"symbols": len(self._symbols), "notional filled": round(self._usd, 2)}
        report.note("the stream sends one order a symbol and second at most: counts and sums are lower bounds")
        self._order.conclude(report)


FORMAT = Format(
    name="force_orders",
    title="exchange stream, forceOrder recordings",
    gives="figures",
    carriers=("csv",),
    columns=("symbol", "side", "average_price", "filled_accumulated_qty", "trade_time_ms"),
    bare=(BARE,),
    aliases=(
        ("order_filled_accumulated_quantity", "filled_accumulated_qty"),
        ("accumulated_fill_quantity", "filled_accumulated_qty"),
        ("order_trade_time", "trade_time_ms"),
        ("time", "trade_time_ms"),
    ),
    new=ForceOrders,
    traps="one order a symbol and second at most is sent, so sums are lower bounds",
)
