"""What a user-written trader sees before it decides: the market as the last step left it, and its own affairs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sim.agents.readings import account_rows, price_of
from sim.engine.session import Session
from sim.rules.book import HANDLE_BITS
from sim.terms.vocabulary import (
    BUY,
    EVENT_FILL,
    EVENT_LIQUIDATION,
    EVENT_ORDER_REJECTED,
    FLAG_REDUCE_ONLY,
    NONE,
    REJECT_BAND,
)

Side = Literal["buy", "sell"]
Rows = NDArray[Any]
# By the REJECT codes of the vocabulary, from 1.
REASONS = ("size", "price", "margin", "post_only", "fill_or_kill", "reduce_only", "book_full", "band")
assert len(REASONS) == REJECT_BAND


@dataclass(frozen=True)
class OpenOrder:
    """An own resting order: size left in base units, price in quote units."""

    order_id: int
    side: Side
    size: float
    price: float
    reduce_only: bool


@dataclass(frozen=True)
class StopOrder:
    """An own sleeping stop; without a limit price it becomes a market order."""

    order_id: int
    side: Side
    size: float
    trigger_price: float
    price: float | None
    reduce_only: bool


@dataclass(frozen=True)
class Fill:
    """A trade of one's own since the last decision: base units, quote units; maker: the own order was resting."""

    side: Side
    size: float
    price: float
    maker: bool


@dataclass(frozen=True)
class InstrumentView:
    """One instrument: prices in quote units, sizes in base units; an empty side of the book is None.

    position: signed, long above zero. entry_price: mean price of it, None when flat. collateral: what an isolated
    position has been allotted (quote units), 0 with cross margin. rejected: reasons of refused orders.
    """

    name: str
    last_price: float
    mark_price: float
    index_price: float
    best_bid: float | None
    best_ask: float | None
    position: float
    entry_price: float | None
    unrealised_pnl: float
    collateral: float
    open_orders: tuple[OpenOrder, ...]
    stops: tuple[StopOrder, ...]
    fills: tuple[Fill, ...]
    rejected: tuple[str, ...]

    @property
    def mid(self) -> float:
        """Middle of the touch; the last price while a side is empty."""
        if self.best_bid is None or self.best_ask is None:
            return self.last_price
        return (self.best_bid + self.best_ask) / 2.0


class MarketView:
    """`view["BTCUSDT"]` is an InstrumentView; iterating gives the names. Read it at once: it shows the present."""

    def __init__(self, session: Session, owner: int, events: Rows) -> None:
        self._session, self._owner, self._events = session, owner, events
        self._seen: dict[str, InstrumentView] = {}

    @property
    def step(self) -> int:
        """The step that is about to be played, from 0."""
        return self._session.tick

    @property
    def wallet(self) -> float:
        """Money not allotted to isolated positions, without unrealised results, quote units."""
        world, n_traders = self._session.world, int(self._session.world.clock[0]["n_traders"])
        atoms = int(world.quote_balance[self._owner])
        if not self._isolated:
            atoms += int(world.entry_value[self._owner :: n_traders].sum())
        return atoms * self._session.names.atom

    @property
    def equity(self) -> float:
        """Wallet, collateral and unrealised results at mark prices, quote units."""
        return float(account_rows(self._session, self._owner, self._owner + 1).equity.sum())

    @property
    def liquidated(self) -> bool:
        """True when the venue has begun to liquidate this trader since the last decision."""
        rows = self._events
        return bool(((rows["kind"] == EVENT_LIQUIDATION) & (rows["actor"] == self._owner)).any())

    @property
    def _isolated(self) -> bool:
        world = self._session.world
        return bool(world.populations[int(world.traders[self._owner]["population"])]["isolated"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._session.names.instruments)

    def __getitem__(self, name: str) -> InstrumentView:
        if name not in self._seen:
            if name not in self._session.names.instruments:
                raise KeyError(f"no instrument {name!r}; known: {', '.join(self)}")
            self._seen[name] = self._look(self._session.names.instruments.index(name))
        return self._seen[name]

    def _look(self, k: int) -> InstrumentView:
        world, names = self._session.world, self._session.names
        instrument, n_traders = world.instruments[k], int(world.clock[0]["n_traders"])
        row = k * n_traders + self._owner
        lots, entry = int(world.position_size[row]), int(world.entry_value[row])
        value = lots * int(instrument["mark_price"]) * int(instrument["tick_value"])
        size = lots * names.lot_size[k]
        collateral = (int(world.quote_balance[n_traders + row]) + entry) * names.atom if self._isolated else 0.0
        return InstrumentView(
            name=names.instruments[k],
            last_price=price_of(self._session, k, "last_price"),
            mark_price=price_of(self._session, k, "mark_price"),
            index_price=price_of(self._session, k, "index_price"),
            best_bid=price_of(self._session, k, "best_bid") if instrument["bid_orders"] else None,
            best_ask=price_of(self._session, k, "best_ask") if instrument["ask_orders"] else None,
            position=size,
            entry_price=entry * names.atom / size if lots else None,
            unrealised_pnl=(value - entry) * names.atom,
            collateral=collateral,
            open_orders=self._open_orders(k, row),
            stops=self._stops(k),
            fills=self._fills(k),
            rejected=self._rejected(k),
        )

    def _open_orders(self, k: int, row: int) -> tuple[OpenOrder, ...]:
        """Oldest first; the owner's list runs from the newest."""
        orders, names = self._session.world.orders, self._session.names
        found: list[OpenOrder] = []
        slot = int(self._session.world.positions[row]["first_order"])
        while slot >= 0:
            order = orders[slot]
            found.append(
                OpenOrder(
                    order_id=int(order["sequence"]) << HANDLE_BITS | slot,
                    side=_side(order["side"]),
                    size=int(order["size"]) * names.lot_size[k],
                    price=int(order["price"]) * names.tick_size[k],
                    reduce_only=bool(order["flags"] & FLAG_REDUCE_ONLY),
                )
            )
            slot = int(order["owner_next"])
        return tuple(reversed(found))

    def _stops(self, k: int) -> tuple[StopOrder, ...]:
        world, names = self._session.world, self._session.names
        rows = world.stops[: int(world.clock[0]["n_stops"])]
        return tuple(
            StopOrder(
                order_id=int(-2 - stop["sequence"]),
                side=_side(stop["side"]),
                size=int(stop["size"]) * names.lot_size[k],
                trigger_price=int(stop["trigger_price"]) * names.tick_size[k],
                price=None if stop["limit_price"] == NONE else int(stop["limit_price"]) * names.tick_size[k],
                reduce_only=bool(stop["flags"] & FLAG_REDUCE_ONLY),
            )
            for stop in rows[(rows["owner"] == self._owner) & (rows["instrument"] == k)]
        )

    def _fills(self, k: int) -> tuple[Fill, ...]:
        names, rows = self._session.names, self._events
        own = (rows["actor"] == self._owner) | (rows["counterparty"] == self._owner)
        found = []
        for event in rows[own & (rows["kind"] == EVENT_FILL) & (rows["instrument"] == k)]:
            maker = bool(event["counterparty"] == self._owner)
            signed = -int(event["size"]) if maker else int(event["size"])  # the lots pass to the taker
            size, price = abs(signed) * names.lot_size[k], int(event["price"]) * names.tick_size[k]
            found.append(Fill(_side(signed), size, price, maker))
        return tuple(found)

    def _rejected(self, k: int) -> tuple[str, ...]:
        rows = self._events
        own = (rows["actor"] == self._owner) & (rows["kind"] == EVENT_ORDER_REJECTED) & (rows["instrument"] == k)
        return tuple(REASONS[int(code) - 1] for code in np.asarray(rows["amount"][own]))


def _side(sign: Any) -> Side:
    return "buy" if int(sign) * BUY > 0 else "sell"
