"""A venue, an empty book and owners whose positions and money a test sets by hand: one liquidation at a time."""

from typing import Any

import numpy as np
from small_worlds import empty_session, everybody_is_due

from sim.engine.liquidation import liquidate
from sim.rules.exchange import execute
from sim.rules.margin import account_margin
from sim.terms import entry
from sim.terms.vocabulary import EVENT_KINDS, LIMIT, NONE

OWNERS = 6
MAKER = OWNERS - 1
RICH = 10**12  # atoms
TICK_VALUE = (2, 1)  # atoms a lot and tick of the two instruments
START = 1_000  # ticks, in both
LOT = tuple(value * START for value in TICK_VALUE)  # atoms of notional
ATOM = 0.005  # quote
NO_LIMITS = {"cap_per_step": None, "price_band": None, "fee_rate": 0.0, "rounds_max": 1}


@entry
def liquidate_once(world, t):
    world.clock[0]["step"] = t
    liquidate(world, t)


@entry
def send(world, k, side, owner, price, size):
    return execute(world, k, LIMIT, side, owner, price, size, int(0), NONE)


@entry
def margin_of(world, account):
    return account_margin(world, account)


class Breach:
    """Owners 0 to 4 may be in breach; owner 5 is rich and trades against everybody. The mark is the index."""

    def __init__(
        self, policy: dict[str, Any] | None = None, waterfall: list[dict[str, Any]] | None = None, scope: str = "cross",
        margin: dict[str, Any] | None = None, settings: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        chosen: dict[str, Any] = {
            "venues.venue.margin.scope": scope, "venues.venue.waterfall": waterfall or [],
            "venues.venue.liquidation": {**NO_LIMITS, **(policy or {})}, "venues.venue.mark_price": {"kind": "index"},
            **{f"venues.venue.margin.{name}": value for name, value in (margin or {}).items()}, **(settings or {}),
        }  # fmt: skip
        self.session = empty_session(OWNERS, 0.0, chosen)
        self.world = self.session.world
        self.n_traders = int(self.world.clock[0]["n_traders"])
        self.first = self.n_traders - OWNERS
        self.isolated = scope == "isolated"
        for k in range(2):
            self.set_mark(START, k)
        for k in range(2):
            self.world.quote_balance[self.account(MAKER, k)] = RICH
        self.world.quote_balance[self.first + MAKER] = RICH

    def account(self, owner: int, k: int = 0) -> int:
        """The account behind a position."""
        return (self.n_traders * (1 + k) if self.isolated else 0) + self.first + owner

    def set_mark(self, ticks: int, k: int = 0) -> None:
        """Index, mark and last price of an instrument."""
        row = self.world.instruments[k]
        row["mark_price"] = row["index_price"] = row["last_price"] = row["booked_mark"] = ticks
        row["index_milli"] = 1_000 * ticks
        everybody_is_due(self.world)

    def hold(self, owner: int, lots: int, equity: int = 0, k: int = 0, entry_price: int | None = None) -> None:
        """A position against the maker, and an account of so many atoms of equity at the mark."""
        for who, signed in ((owner, lots), (MAKER, -lots)):
            price = int(self.world.instruments[k]["mark_price"] if entry_price is None else entry_price)
            row = k * self.n_traders + self.first + who
            self.world.position_size[row] += signed
            self.world.entry_value[row] += signed * price * TICK_VALUE[k]
            self.world.instruments[k]["open_interest"] += max(signed, 0)
            self.world.quote_balance[self.account(who, k)] -= signed * price * TICK_VALUE[k]
        self.world.quote_balance[self.account(owner, k)] += equity - self.equity(owner, k)
        everybody_is_due(self.world)

    def book(self, side: int, price: int, lots: int, k: int = 0) -> None:
        """A resting order of the maker."""
        assert send(self.world, k, side, self.first + MAKER, price, lots) == 0

    def liquidate(self, t: int = 0) -> list[tuple[str, int, int, int]]:
        """(kind, owner or row, instrument, signed lots) of the events of phase 8 at step `t`; nothing is lost in it."""
        money, lots = int(self.world.quote_balance.sum()), self.world.position_size.reshape(2, -1).sum(axis=1).tolist()
        liquidate_once(self.world, t)
        assert int(self.world.clock[0]["error"]) == 0
        assert int(self.world.quote_balance.sum()) == money
        assert self.world.position_size.reshape(2, -1).sum(axis=1).tolist() == lots
        self.events: np.ndarray = self.session.take_events()
        return [
            (EVENT_KINDS[row["kind"]], int(row["actor"]) - self.first, int(row["instrument"]), int(row["size"]))
            for row in self.events
        ]

    def sold(self, t: int = 0) -> list[int]:
        """Lots that the venue sold (+) or bought back (-) on the book at step `t`, order by order."""
        return [-size for kind, _, _, size in self.liquidate(t) if kind == "liquidation_sale"]

    def size(self, owner: int, k: int = 0) -> int:
        return int(self.world.position_size[k * self.n_traders + self.first + owner])

    def margin(self, owner: int, k: int = 0) -> tuple[int, int]:
        """(equity, maintenance) in atoms."""
        equity, maintenance = margin_of(self.world, self.account(owner, k))
        return int(equity), int(maintenance)

    def equity(self, owner: int, k: int = 0) -> int:
        return self.margin(owner, k)[0]

    @property
    def fund(self) -> int:
        """The fund, counted as owners are."""
        return int(self.world.venues[0]["fund"]) - self.first
