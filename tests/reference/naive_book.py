"""A book of dicts and lists: slow, plain, and the judge of the fast one."""

from dataclasses import dataclass

from sim.terms.vocabulary import (
    BUY,
    CANCEL,
    CANCEL_ALL,
    FILL_OR_KILL,
    FLAG_REDUCE_ONLY,
    FLAG_SLIDE,
    FLAG_TRIGGER_LAST,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    MARKET,
    POST_ONLY,
    SELL,
    STOP_LIMIT,
    STOP_MARKET,
)

FEE_SCALE = 1_000_000
IMMEDIATE = (MARKET, IMMEDIATE_OR_CANCEL, FILL_OR_KILL)


@dataclass(slots=True, eq=False)
class Order:
    """One resting order, or one sleeping stop with its trigger."""

    instrument: int
    owner: int
    side: int
    price: int | None
    size: int
    flags: int
    row: int
    trigger: int = 0


@dataclass
class Side:
    """Orders of one side by price, oldest first."""

    levels: dict[int, list[Order]]

    def add(self, order: Order) -> None:
        self.levels.setdefault(order.price, []).append(order)

    def remove(self, order: Order) -> None:
        queue = self.levels[order.price]
        queue.remove(order)
        if not queue:
            del self.levels[order.price]


@dataclass
class Market:
    """One instrument."""

    low: int
    high: int
    tick_value: int
    maker_fee: int
    taker_fee: int
    last: int
    mark: int

    def __post_init__(self) -> None:
        self.sides = {BUY: Side({}), SELL: Side({})}

    def best_bid(self) -> int:
        return max(self.sides[BUY].levels, default=self.low - 1)

    def best_ask(self) -> int:
        return min(self.sides[SELL].levels, default=self.high + 1)


class NaiveExchange:
    """All instruments, positions and balances; `trades` is the list of fills of the last command."""

    def __init__(self, markets: list[Market], treasury: int, balances: list[int], stops_max: int) -> None:
        self.markets, self.treasury, self.balances, self.stops_max = markets, treasury, balances, stops_max
        self.sizes = [[0] * len(balances) for _ in markets]
        self.own: dict[tuple[int, int], list[Order]] = {}
        self.by_row: dict[int, Order] = {}
        self.stops: list[Order] = []
        self.trades: list[tuple[int, int, int, int, int]] = []

    def play(self, row: int, command: tuple[int, ...]) -> None:
        """One command of a tape, then every stop that it wakes."""
        _, kind, side, k, owner, price, size, trigger, flags, _, placed = command
        self.trades = []
        if kind == CANCEL:
            order = self.by_row.get(placed)
            if order is not None and order.owner == owner:
                self.cancel(order)
        elif kind == CANCEL_ALL:
            for order in list(self.own.get((k, owner), ())):
                self.cancel(order)
            self.stops = [stop for stop in self.stops if (stop.instrument, stop.owner) != (k, owner)]
        elif kind in (STOP_MARKET, STOP_LIMIT):
            if len(self.stops) < self.stops_max and size > 0:
                limit = price if kind == STOP_LIMIT else None
                self.stops.append(Order(k, owner, side, limit, size, flags, -1, trigger))
        elif size > 0:
            self.order(kind, Order(k, owner, side, price, size, flags, row))
        self.wake_stops()

    def wake_stops(self) -> None:
        while woken := [stop for stop in self.stops if self.triggered(stop)]:
            self.stops = [stop for stop in self.stops if stop not in woken]
            for stop in woken:
                self.order(MARKET if stop.price is None else LIMIT, stop)

    def triggered(self, stop: Order) -> bool:
        market = self.markets[stop.instrument]
        seen = market.last if stop.flags & FLAG_TRIGGER_LAST else market.mark
        return seen >= stop.trigger if stop.side == BUY else seen <= stop.trigger

    def order(self, kind: int, order: Order) -> None:
        """Check, match, rest."""
        market = self.markets[order.instrument]
        if order.flags & FLAG_REDUCE_ONLY:
            order.size = min(order.size, -order.side * self.sizes[order.instrument][order.owner])
            if order.size <= 0:
                return
        if kind == MARKET:
            order.price = market.high if order.side == BUY else market.low
        touch = market.best_ask() if order.side == BUY else market.best_bid()
        if not market.low <= order.price <= market.high:
            return
        if kind == POST_ONLY and self.crosses(order, touch):
            order.price = touch - order.side
            if not order.flags & FLAG_SLIDE or not market.low <= order.price <= market.high:
                return
        if order.flags & FLAG_REDUCE_ONLY and (kind == POST_ONLY or kind == LIMIT and not self.crosses(order, touch)):
            order.size = min(order.size, self.unclaimed(order.instrument, order.owner, order.side))
            if order.size <= 0:
                return
        if kind == FILL_OR_KILL and self.on_offer(order) < order.size:
            return
        elif kind != POST_ONLY:
            self.match(market, order)
        assert kind != FILL_OR_KILL or order.size == 0
        if order.size > 0 and kind not in IMMEDIATE:
            market.sides[order.side].add(order)
            self.own.setdefault((order.instrument, order.owner), []).append(order)
            if order.row >= 0:
                self.by_row[order.row] = order
            self.shrink(order.instrument, order.owner)

    def crosses(self, order: Order, touch: int) -> bool:
        return order.price >= touch if order.side == BUY else order.price <= touch

    def unclaimed(self, k: int, owner: int, side: int) -> int:
        """Lots of the opposite position that no resting reduce-only order claims yet."""
        claimed = sum(o.size for o in self.reduce_only_orders(k, owner) if o.side == side)
        return max(-side * self.sizes[k][owner] - claimed, 0)

    def reduce_only_orders(self, k: int, owner: int) -> list[Order]:
        return [order for order in self.own.get((k, owner), ()) if order.flags & FLAG_REDUCE_ONLY]

    def on_offer(self, taker: Order) -> int:
        """Lots of others that are sure to be there: a reduce-only order counts if it is its owner's only one there."""
        total = 0
        for price, queue in self.markets[taker.instrument].sides[-taker.side].levels.items():
            if self.crosses(taker, price):
                for order in queue:
                    others = [o for o in self.own[taker.instrument, order.owner] if o.side == order.side]
                    if order.owner != taker.owner and (not order.flags & FLAG_REDUCE_ONLY or len(others) == 1):
                        total += order.size
        return total

    def match(self, market: Market, taker: Order) -> None:
        """Best price first, oldest first; the taker's own orders in the way are cancelled."""
        while taker.size > 0:
            touch = market.best_ask() if taker.side == BUY else market.best_bid()
            if not self.crosses(taker, touch) or touch not in market.sides[-taker.side].levels:
                return
            maker = market.sides[-taker.side].levels[touch][0]
            if maker.owner == taker.owner:
                self.cancel(maker)
                continue
            lots = min(maker.size, taker.size)
            maker.size -= lots
            taker.size -= lots
            if maker.size == 0:
                self.cancel(maker)
            self.settle(market, maker, taker, lots)

    def settle(self, market: Market, maker: Order, taker: Order, lots: int) -> None:
        k, price, signed = taker.instrument, maker.price, taker.side * lots
        value = lots * price * market.tick_value
        self.trades.append((k, maker.owner, taker.owner, price, signed))
        self.sizes[k][taker.owner] += signed
        self.sizes[k][maker.owner] -= signed
        self.balances[taker.owner] -= taker.side * value
        self.balances[maker.owner] += taker.side * value
        for owner, rate in ((maker.owner, market.maker_fee), (taker.owner, market.taker_fee)):
            fee = -(-value * rate // FEE_SCALE)
            self.balances[owner] -= fee
            self.balances[self.treasury] += fee
        market.last = price
        self.shrink(k, maker.owner)
        self.shrink(k, taker.owner)

    def shrink(self, k: int, owner: int) -> None:
        """Reduce-only orders may together not exceed the position that they reduce; the newest give way first."""
        size = self.sizes[k][owner]
        orders = self.reduce_only_orders(k, owner)
        excess = sum(order.size for order in orders if order.side * size < 0) - abs(size)
        for order in reversed(orders):
            if order.side * size >= 0:
                self.cancel(order)
            elif excess > 0:
                cut = min(excess, order.size)
                excess -= cut
                order.size -= cut
                if order.size == 0:
                    self.cancel(order)

    def cancel(self, order: Order) -> None:
        """Take an order out of the book."""
        self.markets[order.instrument].sides[order.side].remove(order)
        self.own[order.instrument, order.owner].remove(order)
        self.by_row.pop(order.row, None)
