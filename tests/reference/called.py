"""Accounts of a venue with margin calls: phases 7 and 8 played by hand, step by step, with a mark that a test sets."""

from typing import Any

import numpy as np
from breach import MAKER, Breach
from small_worlds import everybody_is_due

from sim.engine.liquidation import liquidate
from sim.engine.margin_calls import margin_calls
from sim.terms import entry
from sim.terms.vocabulary import EVENT_KINDS

SCHEDULES = {"BTC": {"tiers": [[0, 0.05]], "initial": {"max_leverage": 10}},
             "ETH": {"tiers": [[0, 0.05]], "initial": {"max_leverage": 10}}}  # fmt: skip


@entry
def play_step(world, t):
    world.clock[0]["step"] = t
    world.clock[0]["round"] = 0
    margin_calls(world, t)
    liquidate(world, t)


class Called(Breach):
    """A position of 100 lots at 1,000 ticks is worth 200,000 atoms and needs 10,000; owners pay calls if they can."""

    def __init__(self, calls: dict[str, Any] | None, policy: dict[str, Any] | None = None, **more: Any) -> None:
        margin = {"schedules": SCHEDULES, "calls": calls}
        settings = {"venues.venue.contracts.BTC": {"tick_size": 1.0, "lot_size": 0.01}, **more.pop("settings", {})}
        super().__init__(
            {"target": "restore", "execution": "market", **(policy or {})}, margin=margin, settings=settings, **more
        )
        self.world.populations["pays_calls"] = 1.0

    def wealth(self, owner: int, atoms: int) -> None:
        """Money outside the venue."""
        self.world.traders[self.first + owner]["outside_wealth"] = atoms

    def pay(self, owner: int, atoms: int) -> None:
        """Money that the maker gives."""
        self.world.quote_balance[[self.account(owner), self.account(MAKER)]] += np.array([atoms, -atoms])
        everybody_is_due(self.world)

    def step(self, t: int) -> list[tuple[str, int, int]]:
        """(kind, owner, amount) of the notices, payments and liquidations of step `t`; nothing is lost in it."""
        money = int(self.world.quote_balance.sum())
        play_step(self.world, t)
        assert int(self.world.clock[0]["error"]) == 0
        assert int(self.world.quote_balance.sum()) == money
        self.events: np.ndarray = self.session.take_events()
        return [
            (EVENT_KINDS[row["kind"]], int(row["actor"]) - self.first, int(row["amount"]))
            for row in self.events
            if row["kind"] == 0 or row["kind"] > EVENT_KINDS.index("order_rejected")
        ]
