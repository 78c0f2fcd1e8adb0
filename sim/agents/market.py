"""One instrument as everybody sees it, in natural units, in ticks and in lots."""

import math
from dataclasses import dataclass, field
from typing import Any

from sim.agents.readings import price_of
from sim.engine.session import Session
from sim.rules.inbox import TICK_FUZZ
from sim.strategies.desk import LOT_FUZZ
from sim.terms.vocabulary import BUY


@dataclass(frozen=True)
class Units:
    """What the numbers of an instrument are made of. scale: lots x ticks that one quote unit buys, with its scale."""

    scale: float
    reference: int  # tick of the start price
    arithmetic: bool  # moves are fractions of the start price
    lowest: int  # first and last tick of the price ladder
    highest: int
    inverse: bool = False  # a lot is quote money, paid in coins


@dataclass(frozen=True, kw_only=True)
class InstrumentMarket:
    """One instrument: prices in quote units, sizes in base units; an empty side of the book is None.

    mid_ticks is the mid in ticks, exactly; the last price while a side is empty.
    """

    name: str
    tick_size: float
    lot_size: float
    last_price: float
    mark_price: float
    index_price: float
    best_bid: float | None
    best_ask: float | None
    mid_ticks: float
    units: Units = field(repr=False)

    @property
    def mid(self) -> float:
        """Middle of the touch; the last price while a side is empty."""
        if self.best_bid is None or self.best_ask is None:
            return self.last_price
        return (self.best_bid + self.best_ask) / 2.0

    def size(self, lots: int) -> float:
        """Lots as base units."""
        return lots * self.lot_size

    def lots_for(self, money: float) -> int:
        """Quote money (at liquidity scale 1) as lots at the mid, at least one."""
        return max(int(money * self.units.scale / self._lot_price(self.mid_ticks) + LOT_FUZZ), 1)

    def shifted(self, ticks: float, fraction: float) -> float:
        """A price in ticks, moved by a fraction of itself (of the start price in an arithmetic world)."""
        return ticks + fraction * self._valued(ticks)

    def limit(self, side: int, ticks: float) -> float:
        """A price in ticks as the limit of a taker: a whole tick, down for a buyer (side 1), up for a seller (-1)."""
        distance = ticks - float(self.units.reference)
        whole = math.floor(distance + TICK_FUZZ) if side == BUY else math.ceil(distance - TICK_FUZZ)
        return min(max(self.units.reference + whole, self.units.lowest), self.units.highest) * self.tick_size

    def _lot_price(self, ticks: float) -> float:
        return 1.0 / max(ticks, 1.0) if self.units.inverse else self._valued(ticks)

    def _valued(self, ticks: float) -> float:
        return float(self.units.reference) if self.units.arithmetic else ticks


def market_fields(session: Session, population: int, k: int) -> dict[str, Any]:
    """The fields of an InstrumentMarket, for a strategy of this population."""
    world, names = session.world, session.names
    row = world.instruments[k]
    two_sided = bool(row["bid_orders"]) and bool(row["ask_orders"])
    desk = world.desks[population * len(names.instruments) + k]
    low = int(row["ladder"])
    return {
        "name": names.instruments[k],
        "tick_size": names.tick_size[k],
        "lot_size": names.lot_size[k],
        "last_price": price_of(session, k, "last_price"),
        "mark_price": price_of(session, k, "mark_price"),
        "index_price": price_of(session, k, "index_price"),
        "best_bid": price_of(session, k, "best_bid") if row["bid_orders"] else None,
        "best_ask": price_of(session, k, "best_ask") if row["ask_orders"] else None,
        "mid_ticks": (int(row["best_bid"]) + int(row["best_ask"])) / 2 if two_sided else float(row["last_price"]),
        "units": Units(
            scale=float(desk["scale"]),
            reference=int(row["reference_price"]),
            arithmetic=bool(world.clock[0]["arithmetic"]),
            lowest=low,
            highest=low + int(row["n_levels"]) - 1,
            inverse=bool(row["inverse"]),
        ),
    }
