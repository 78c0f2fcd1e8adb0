"""The final state from the initial one and the events alone."""

from collections.abc import Callable

import numpy as np

from sim.rules.book import HANDLE_BITS
from sim.tables import World
from sim.terms.vocabulary import (
    EVENT_FILL,
    EVENT_ORDER_REMOVED,
    EVENT_ORDER_RESTED,
    EVENT_STOP_PLACED,
    EVENT_STOP_REMOVED,
)

Row = dict[str, int]
Observer = Callable[[Row, "Replay"], None]


def resting_orders(world: World) -> dict[int, tuple[int, int, int, int]]:
    """(instrument, owner, price, signed lots) of every resting order by its id."""
    orders, found = world.orders, {}
    for slot in np.flatnonzero(orders["sequence"] >= 0).tolist():
        order = orders[slot]
        lots = int(order["side"] * order["size"])
        handle = int(order["sequence"]) << HANDLE_BITS | slot
        found[handle] = (int(order["instrument"]), int(order["owner"]), int(order["price"]), lots)
    return found


def sleeping_stops(world: World) -> dict[int, tuple[int, int, int, int, int]]:
    """(instrument, owner, trigger, signed lots, limit) of every sleeping stop by its id."""
    found = {}
    for stop in world.stops[world.stops["sequence"] >= 0]:
        lots = int(stop["side"] * stop["size"])
        row = (int(stop["instrument"]), int(stop["owner"]), int(stop["trigger_price"]), lots, int(stop["limit_price"]))
        found[-2 - int(stop["sequence"])] = row
    return found


class Replay:
    """Balances, sizes and the book, moved by events: `size` lots from counterparty to actor, `amount` atoms from
    `from_row` to `to_row`; an event with rows of NONE moves nothing."""

    def __init__(self, world: World) -> None:
        self.n_traders = int(world.clock[0]["n_traders"])
        self.balances: list[int] = world.quote_balance.tolist()
        self.sizes: list[int] = world.position_size.tolist()
        self.entries: list[int] = world.entry_value.tolist()
        arithmetic = bool(world.clock[0]["arithmetic"])
        self.centres = [int(row["reference_price"] * row["tick_value"]) * arithmetic for row in world.instruments]
        self.orders = resting_orders(world)
        self.stops = sleeping_stops(world)
        self.next_event = int(world.clock[0]["next_event"])

    def play(self, events: np.ndarray, before: Observer | None = None, after: Observer | None = None) -> None:
        """Play EVENTS rows in order; the observers see each event with its id and the state around it."""
        names = events.dtype.names or ()
        for values in events.tolist():
            event = dict(zip(names, values, strict=True), id=self.next_event)
            self.next_event += 1
            if before:
                before(event, self)
            self._apply(event)
            if after:
                after(event, self)

    def _apply(self, event: Row) -> None:
        if event["from_row"] >= 0:
            self.balances[event["from_row"]] -= event["amount"]
            self.balances[event["to_row"]] += event["amount"]
            if event["size"]:
                row = event["instrument"] * self.n_traders
                self._trade(event["instrument"], row + event["counterparty"], -event["size"], -event["amount"])
                self._trade(event["instrument"], row + event["actor"], event["size"], event["amount"])
        if event["kind"] == EVENT_ORDER_RESTED:
            assert event["cause"] not in self.orders, "an order id was given twice"
            self.orders[event["cause"]] = (event["instrument"], event["actor"], event["price"], event["size"])
        elif event["kind"] in (EVENT_ORDER_REMOVED, EVENT_FILL):
            k, owner, price, lots = self.orders.pop(event["cause"])
            left = lots - event["size"] if event["kind"] == EVENT_ORDER_REMOVED else lots + event["size"]
            assert left * lots >= 0 and abs(left) < abs(lots)
            if left:
                self.orders[event["cause"]] = (k, owner, price, left)
        elif event["kind"] == EVENT_STOP_PLACED:
            row = (event["instrument"], event["actor"], event["price"], event["size"], event["amount"])
            self.stops[event["cause"]] = row
        elif event["kind"] == EVENT_STOP_REMOVED:
            del self.stops[event["cause"]]

    def _trade(self, k: int, row: int, lots: int, cost: int) -> None:
        """Signed lots for `cost` atoms; what is closed takes its share of the entry value along, toward zero."""
        old, self.sizes[row] = self.sizes[row], self.sizes[row] + lots
        if old * lots >= 0:
            self.entries[row] += cost
        elif abs(lots) <= abs(old):
            self.entries[row] -= self._share(k, self.entries[row], -lots, old)
        else:
            self.entries[row] = cost - self._share(k, cost, -old, lots)

    def _share(self, k: int, cost: int, part: int, lots: int) -> int:
        """Cost of `part` of `lots`; its distance from the reference price is rounded toward zero."""
        beyond = cost - lots * self.centres[k]
        share = abs(beyond) * abs(part) // abs(lots)
        return part * self.centres[k] + (share if beyond >= 0 else -share)

    def assert_equals(self, world: World) -> None:
        """The world says the same."""
        assert self.balances == world.quote_balance.tolist()
        assert self.sizes == world.position_size.tolist()
        assert self.entries == world.entry_value.tolist()
        assert self.orders == resting_orders(world)
        assert self.stops == sleeping_stops(world)
