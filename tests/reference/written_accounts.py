"""Accounts whose positions and balances a test writes straight into the tables."""

from math import ceil
from typing import Any

from naive_margin import NaiveMargin
from small_worlds import empty_session, small_scenario

from sim.rules.margin import is_breached

OWNERS = 6


class Accounts:
    """Flat owners of an empty market; positions and balances are written straight into the tables."""

    def __init__(self, scope: str) -> None:
        chosen: dict[str, Any] = {"venues.venue.margin.scope": scope}
        self.session = empty_session(OWNERS, 0.0, chosen)
        self.world = self.session.world
        self.naive = NaiveMargin(small_scenario(chosen), self.session)
        self.n_traders = int(self.world.clock[0]["n_traders"])
        self.first = self.n_traders - OWNERS

    def hold(self, k: int, size: int, owner: int = 0) -> None:
        self.world.position_size[k * self.n_traders + self.first + owner] = size

    def account(self, k: int, owner: int = 0) -> int:
        return int(self.naive.account_of(self.first + owner, k))

    def lists(self) -> tuple[list[int], list[int]]:
        return self.world.quote_balance.tolist(), self.world.position_size.tolist()

    def set_buffer(self, account: int, atoms: int) -> None:
        """Give the account an equity of its maintenance margin, rounded up, and some atoms."""
        self.world.quote_balance[account] = 0
        equity, needed = self.naive.margin(account, *self.lists())
        self.world.quote_balance[account] = ceil(needed) - equity + atoms

    def breached(self, account: int) -> bool:
        return bool(is_breached(self.world, account))
