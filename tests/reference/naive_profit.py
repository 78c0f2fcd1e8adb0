"""Profit by holder and part from recorded events alone, in Python integers: the slow twin of rules/profit.py."""

from collections import defaultdict

import numpy as np

from sim.engine.session import Session
from sim.terms import vocabulary as words

PARTS = ("price", "spread", "funding", "fees", "liquidation", "deposits")
PAYMENTS = {
    words.EVENT_TRADING_FEE: "fees",
    words.EVENT_FUNDING: "funding",
    words.EVENT_LIQUIDATION_FEE: "liquidation",
    words.EVENT_FUND_PAYMENT: "liquidation",
    words.EVENT_TRANSFER: "liquidation",
}
TRADES = (words.EVENT_FILL, words.EVENT_OUTSIDE_TRADE)
BY_THE_VENUE = (words.EVENT_LIQUIDATION_SALE, words.EVENT_FUND_SALE)


class NaiveProfit:
    """Replays a run step by step; marks are those of the steps, so no mark may move within one."""

    def __init__(self, session: Session) -> None:
        world = session.world
        self.n_traders = int(world.clock[0]["n_traders"])
        self.n_venues = int(world.clock[0]["n_venues"])
        self.population = world.traders["population"].tolist()
        self.unit = world.instruments["tick_value"].tolist()
        self.mark = world.instruments["mark_price"].tolist()
        self.lots: dict[tuple[int, int], int] = defaultdict(int)
        for row in np.flatnonzero(world.position_size).tolist():
            k, trader = divmod(row, self.n_traders)
            self.lots[self.holder(trader), k] += int(world.position_size[row])
        self.parts: dict[tuple[int, str], int] = defaultdict(int)
        self.rejected: dict[int, int] = defaultdict(int)

    def holder(self, trader: int) -> int:
        """Institutions are holders one by one, the others by population."""
        return self.population[trader] + 2 * self.n_venues if self.population[trader] else trader

    def play(self, steps: np.ndarray, events: np.ndarray) -> None:
        """One step: the mark moves first, then everything of the step happens at that mark."""
        for row in steps:
            k, mark = int(row["instrument"]), int(row["mark_price"])
            for (holder, instrument), lots in self.lots.items():
                if instrument == k:
                    self.parts[holder, "price"] += lots * (mark - self.mark[k]) * self.unit[k]
            self.mark[k] = mark
        rows = [dict(zip(events.dtype.names or (), values, strict=True)) for values in events.tolist()]
        forced = forced_fills(rows)
        for number, event in enumerate(rows):
            self._book(event, number in forced)

    def _book(self, event: dict[str, int], forced: bool) -> None:
        kind, k = event["kind"], event["instrument"]
        if kind == words.EVENT_ORDER_REJECTED:
            self.rejected[self.holder(event["actor"])] += 1
        if event["from_row"] < 0:
            return
        if event["size"]:
            taker, giver = self.holder(event["actor"]), self.holder(event["counterparty"])
            gain = event["size"] * self.mark[k] * self.unit[k] - event["amount"]
            part = "spread" if kind in TRADES and not forced else "liquidation"
            self.parts[taker, part] += gain
            self.parts[giver, part] -= gain
            self.lots[taker, k] += event["size"]
            self.lots[giver, k] -= event["size"]
            return
        payer, receiver = (self.holder(event[row] % self.n_traders) for row in ("from_row", "to_row"))
        if payer != receiver:
            part = PAYMENTS.get(kind, "deposits")
            self.parts[payer, part] -= event["amount"]
            self.parts[receiver, part] += event["amount"]


def forced_fills(rows: list[dict[str, int]]) -> set[int]:
    """Fills of the venue's orders: the last ones of the actor before the event that sums them up."""
    found: set[int] = set()
    for number, event in enumerate(rows):
        if event["kind"] not in BY_THE_VENUE or event["from_row"] >= 0:
            continue
        left, at = event["size"], number
        last = next(row for row in reversed(rows[:number]) if row["kind"] == words.EVENT_FILL)
        if last["actor"] != event["actor"]:  # somebody came to an order of the venue that rested
            assert last["counterparty"] == event["actor"] and last["size"] == -event["size"]
            found.add(next(i for i in range(number - 1, -1, -1) if rows[i] is last))
            continue
        while left:
            at -= 1
            fill = rows[at]
            if fill["kind"] == words.EVENT_FILL and fill["actor"] == event["actor"]:
                assert fill["instrument"] == event["instrument"] and fill["size"] * event["size"] > 0
                found.add(at)
                left -= fill["size"]
    return found


def booked(session: Session) -> dict[tuple[int, str], int]:
    """What the engine has booked, summed over instruments; zeros left out."""
    n = session.world.instruments.shape[0]
    table = session.world.profits.reshape(-1, n)
    sums = {(h, part): int(table[part][h].sum()) for h in range(len(table)) for part in PARTS}
    return {key: value for key, value in sums.items() if value}


def equity_of_holders(session: Session) -> list[int]:
    """Equity of each holder in atoms, added up from every balance and position."""
    world, naive = session.world, NaiveProfit(session)
    found = [0] * (2 * naive.n_venues + len(world.populations))
    for row, balance in enumerate(world.quote_balance.tolist()):
        found[naive.holder(row % naive.n_traders)] += balance
    for row, lots in enumerate(world.position_size.tolist()):
        k, trader = divmod(row, naive.n_traders)
        found[naive.holder(trader)] += lots * naive.mark[k] * naive.unit[k]
    return found
