"""What a user-written trader sees before it decides: the market as the last step left it, and its own affairs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sim.agents.market import InstrumentMarket, market_fields
from sim.agents.readings import Floats, account_rows, cost_of_pairs, locked_of, mean_price
from sim.engine.session import Session
from sim.rules.book import HANDLE_BITS
from sim.rules.worth import units
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


@dataclass(frozen=True, kw_only=True)
class InstrumentView(InstrumentMarket):
    """One instrument and one's own affairs in it: prices in quote units, sizes in base units.

    position: signed, long above zero; in hedge mode what one leg has beyond the other, and both legs by themselves in
    long_size and short_size. entry_price: mean price of it, None when flat. collateral: what an isolated position has
    been allotted (quote units), 0 with cross margin. rejected: reasons of refused orders.
    """

    position: float
    long_size: float
    short_size: float
    entry_price: float | None
    long_entry_price: float | None
    short_entry_price: float | None
    unrealised_pnl: float
    collateral: float
    open_orders: tuple[OpenOrder, ...]
    stops: tuple[StopOrder, ...]
    fills: tuple[Fill, ...]
    rejected: tuple[str, ...]


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
            atoms += sum(
                sum(cost_of_pairs(world, row)) for row in range(self._owner, len(world.entry_value), n_traders)
            )
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
        return bool(world.traders[self._owner]["isolated"])

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
        locked, paid = locked_of(world, row), cost_of_pairs(world, row)
        legs = {1: locked + max(lots, 0), -1: locked + max(-lots, 0)}
        cost = {side: paid[side < 0] + (entry if side * lots > 0 else 0) for side in legs}
        price = {
            side: side * cost[side] * names.atom / names.lot_size[k] / held if held else None
            for side, held in legs.items()
        }
        value = lots * int(units(instrument, instrument["mark_price"]))
        size = lots * names.lot_size[k]
        collateral = (int(world.quote_balance[n_traders + row]) + entry) * names.atom if self._isolated else 0.0
        return InstrumentView(
            **market_fields(self._session, int(world.traders[self._owner]["population"]), k),
            position=size,
            long_size=legs[1] * names.lot_size[k],
            short_size=legs[-1] * names.lot_size[k],
            entry_price=mean_price(instrument, lots, entry) * names.tick_size[k] if lots else None,
            long_entry_price=price[1],
            short_entry_price=price[-1],
            unrealised_pnl=(value - entry - sum(paid)) * names.atom,
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
        rows = world.stops[(world.stops["sequence"] >= 0) & (world.stops["owner"] == self._owner)]
        rows = rows[rows["instrument"] == k]
        return tuple(
            StopOrder(
                order_id=int(-2 - stop["sequence"]),
                side=_side(stop["side"]),
                size=int(stop["size"]) * names.lot_size[k],
                trigger_price=int(stop["trigger_price"]) * names.tick_size[k],
                price=None if stop["limit_price"] == NONE else int(stop["limit_price"]) * names.tick_size[k],
                reduce_only=bool(stop["flags"] & FLAG_REDUCE_ONLY),
            )
            for stop in rows[np.argsort(rows["sequence"])]
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


class PopulationView:
    """What a Strategy sees: `view["BTCUSDT"]` is an InstrumentMarket; `view.trader(3)` what its fourth trader sees."""

    def __init__(self, session: Session, population: int, events: Rows) -> None:
        self._session, self._population, self._events = session, population, events
        row = session.world.populations[population]
        self._first, self._count = int(row["first_trader"]), int(row["n_traders"])

    @property
    def step(self) -> int:
        """The step that is about to be played, from 0."""
        return self._session.tick

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        return iter(self._session.names.instruments)

    def __getitem__(self, name: str) -> InstrumentMarket:
        return InstrumentMarket(**market_fields(self._session, self._population, self._row(name)))

    def trader(self, place: int) -> MarketView:
        """What one of its traders sees, from 0 to len(view) - 1."""
        if not 0 <= place < self._count:
            raise IndexError(f"no trader {place}; 0 to {self._count - 1} are there")
        return MarketView(self._session, self._first + place, self._events)

    def lots(self, name: str) -> NDArray[np.int64]:
        """(len(view),) signed lots that its traders hold of an instrument."""
        first = self._row(name) * int(self._session.world.clock[0]["n_traders"]) + self._first
        return self._session.world.position_size[first : first + self._count].copy()

    @property
    def equities(self) -> Floats:
        """(len(view),) equity of each trader at mark prices, quote units."""
        return account_rows(self._session, self._first, self._first + self._count).equity

    def _row(self, name: str) -> int:
        if name not in self._session.names.instruments:
            raise KeyError(f"no instrument {name!r}; known: {', '.join(self)}")
        return self._session.names.instruments.index(name)


def _side(sign: Any) -> Side:
    return "buy" if int(sign) * BUY > 0 else "sell"
