"""Leveraged traders whose positions and money a test sets by hand; they look, nobody trades unless a test says so."""

from typing import Any

import numpy as np
from posting_stage import Stage, look_once
from small_worlds import everybody_is_due

from sim.rules.margin import account_margin
from sim.terms import entry

ANSWERS = ("top_up", "reduce", "hedge", "close", "late", "ignore")
LOTS = 1_000  # of the first instrument: 10,000 quote units at the start price, in the tier of 0.4 %
MAINTENANCE = 40  # quote units of such a position
ISOLATED = {"venues.venue.margin.scope": "isolated"}


@entry
def margin_of(world, account):
    return account_margin(world, account)


def only(answer: str) -> dict[str, float]:
    """Everybody gives this answer."""
    return {name: float(name == answer) for name in ANSWERS}


class Traders(Stage):
    """`count` flat speculators without money; trader `i` is row `first + i`."""

    def __init__(
        self, answer: str = "ignore", count: int = 1, settings: dict[str, Any] | None = None, seed: int = 1,
        stops: dict[str, Any] | None = None, **reactions: Any,
    ) -> None:  # fmt: skip
        told = {"attention_s": 1.0, "answers": only(answer), **reactions}
        super().__init__(
            "speculators", seed, settings, count=count, reactions=told, stops=stops, trades_per_s=0.0,
            leverage_median=10.0, leverage_sigma=0.0, tail_share=0.0, size_sigma=0.0, long_share=0.5,
        )  # fmt: skip
        self.quote = int(self.world.clock[0]["atoms_per_quote"])
        self.isolated = int(self.world.traders[self.first]["isolated"]) != 0
        for column in ("position_size", "entry_value", "quote_balance"):
            getattr(self.world, column)[:] = 0
        self.world.traders["outside_wealth"] = 0

    def account(self, i: int, k: int = 0) -> int:
        """The account behind a trader's position."""
        return (self.n_traders * (1 + k) if self.isolated else 0) + self.first + i

    def hold(self, i: int, lots: int, k: int = 0) -> None:
        """A position bought at the mark, without money behind it."""
        row, unit = self.world.instruments[k], int(self.world.instruments[k]["tick_value"])
        cost = lots * int(row["mark_price"]) * unit
        self.world.position_size[k * self.n_traders + self.first + i] += lots
        self.world.entry_value[k * self.n_traders + self.first + i] += cost
        self.world.quote_balance[self.account(i, k)] -= cost

    def fund(self, i: int, equity: int, k: int = 0) -> None:
        """Money such that the account's equity is so many atoms."""
        self.world.quote_balance[self.account(i, k)] += equity - self.margin(i, k)[0]

    def margin(self, i: int, k: int = 0) -> tuple[int, int]:
        """(equity, maintenance) in atoms."""
        equity, maintenance = margin_of(self.world, self.account(i, k))
        return int(equity), int(maintenance)

    def fill(self, orders: np.ndarray) -> None:
        """As on the stage; in isolated mode the position's own account pays."""
        before = self.world.quote_balance[: self.n_traders].copy()
        super().fill(orders)
        if self.isolated:
            rows = slice(self.first, self.first + int(self.population["n_traders"]))
            paid = self.world.quote_balance[rows] - before[rows]
            self.world.quote_balance[rows] = before[rows]
            assert not orders["instrument"].any()
            self.world.quote_balance[self.n_traders + rows.start : self.n_traders + rows.stop] += paid

    def look(self, t: int = 0) -> np.ndarray:
        """What those whose turn it is at step `t` post, in both instruments."""
        everybody_is_due(self.world)
        look_once(self.world, t)
        assert int(self.world.clock[0]["error"]) == 0
        found = self.world.inbox[: int(self.world.clock[0]["inbox_rows"])].copy()
        self.world.clock[0]["inbox_rows"] = 0
        return found
