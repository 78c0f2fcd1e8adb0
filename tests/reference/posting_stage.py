"""Populations decide, nobody trades: the orders that they post in a market that a test sets by hand."""

from typing import Any

import numpy as np
from small_worlds import POPULATIONS, small_session

from sim.engine.session import Session
from sim.strategies.dispatch import decide
from sim.strategies.reactions import look_at_accounts
from sim.terms import entry
from sim.terms.vocabulary import FLAG_REDUCE_ONLY


@entry
def decide_once(world, t):
    decide(world, t)


@entry
def look_once(world, t):
    for p in range(world.populations.shape[0]):
        look_at_accounts(world, p, t)


def record_of(name: str, **dials: Any) -> dict[str, Any]:
    """The record of a population of the small world, with other dials."""
    return {**next(item for item in POPULATIONS if item["name"] == name), **dials}


class Stage:
    """One population in an empty market whose prices the test sets; nothing is matched unless `fill` says so."""

    def __init__(self, name: str, seed: int = 1, settings: dict[str, Any] | None = None, **dials: Any) -> None:
        one = {"populations": [record_of(name, **dials)], **(settings or {})}
        self.session: Session = small_session(one, seed)
        self.world = self.session.world
        self.population = self.world.populations[1]
        self.desk = self.world.desks[int(self.world.clock[0]["n_instruments"])]
        self.first = int(self.population["first_trader"])
        self.n_traders = int(self.world.clock[0]["n_traders"])
        self.set_price(0.0)

    @property
    def start(self) -> float:
        """Start price of the first instrument in ticks."""
        return float(self.world.instruments[0]["reference_price"])

    def set_price(self, move: float, index: float | None = None, t: int = 0) -> None:
        """Mid and mark of both instruments at the start price moved by a fraction; the index too, or elsewhere."""
        for k in range(2):
            row, view = self.world.instruments[k], self.world.market_view[k]
            start = float(row["reference_price"])
            view["mid"] = start * (1.0 + move)
            view["mark_price"] = row["mark_price"] = row["last_price"] = round(start * (1.0 + move))
            row["index_milli"] = round(1000.0 * start * (1.0 + (move if index is None else index)))
            row["index_price"] = round(row["index_milli"] / 1000)
            self.world.mids[k, t % self.world.mids.shape[1]] = view["mid"]

    def orders(self, t: int, k: int = 0) -> np.ndarray:
        """What is posted in instrument `k` at step `t`, in order of posting."""
        decide_once(self.world, t)
        found = self.world.inbox[: int(self.world.clock[0]["inbox_rows"])].copy()
        self.world.clock[0]["inbox_rows"] = 0
        assert int(self.world.clock[0]["error"]) == 0
        return found[found["instrument"] == k]

    def position(self, trader: int, k: int = 0) -> int:
        """Lots of a trader."""
        return int(self.world.position_size[k * self.n_traders + trader])

    def fill(self, orders: np.ndarray) -> None:
        """Fill orders at the mid, against the outside world."""
        for order in orders:
            k, lots = int(order["instrument"]), int(order["side"] * order["size"])
            price = round(float(self.world.market_view[k]["mid"]))
            cost = lots * price * int(self.world.instruments[k]["tick_value"])
            if order["flags"] & FLAG_REDUCE_ONLY:
                held = self.position(int(order["owner"]), k)
                assert held * lots < 0 and abs(lots) <= abs(held), "a reduce-only order reduces"
            for trader, sign in ((int(order["owner"]), 1), (0, -1)):
                row = k * self.n_traders + trader
                self.world.position_size[row] += sign * lots
                self.world.entry_value[row] += sign * cost
                self.world.quote_balance[trader] -= sign * cost
                if self.world.position_size[row] == 0:
                    self.world.entry_value[row] = 0
