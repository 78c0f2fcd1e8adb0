"""The book's benchmark: one fixed random flow, made on a book of dicts and lists, played through the compiled book.

45 % adds, 45 % cancels of a random resting order, 10 % market orders; a cancel becomes an add while fewer orders
rest than wanted. Adds at geometric distances (mean 25 ticks, at most 100) from tick 10,000, 1 to 100 lots; market
orders of 1 to 50 lots. The naive book knows what rests while the flow is made, so its trades are the answer.
"""

import math
import random
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MIDDLE = 10_000
REACH = 100
LOG_KEEP = math.log(1 - 0.04)  # a tick farther with this probability: mean distance 25
ADD, CANCEL, MARKET = 0, 1, 2
BUY, SELL = 1, -1
OWNERS = 1_000  # half of them send resting orders, half send market orders
LEVELS = 1_024
ORDER_ROWS = 1 << 13


@dataclass
class NaiveBook:
    """Price levels as lists of [number, owner, lots, order of arrival], oldest first."""

    sides: dict[int, dict[int, list[list[int]]]] = field(default_factory=lambda: {BUY: {}, SELL: {}})
    trades: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    rested: int = 0

    def add(self, number: int, owner: int, side: int, price: int, lots: int) -> None:
        self.sides[side].setdefault(price, []).append([number, owner, lots, self.rested])
        self.rested += 1

    def cancel(self, number: int, side: int, price: int) -> int:
        """The lots that were left."""
        level = self.sides[side][price]
        at = next(i for i, order in enumerate(level) if order[0] == number)
        lots = level.pop(at)[2]
        if not level:
            del self.sides[side][price]
        return lots

    def market(self, number: int, owner: int, side: int, lots: int) -> list[int]:
        """The numbers of the resting orders that were filled to the end."""
        filled: list[int] = []
        other = self.sides[-side]
        while lots and other:
            price = min(other) if side == BUY else max(other)
            level = other[price]
            while lots and level:
                order = level[0]
                quantity = min(lots, order[2])
                self.trades.append((order[3], number, order[1], owner, price, quantity))
                lots -= quantity
                order[2] -= quantity
                if order[2] == 0:
                    filled.append(level.pop(0)[0])
            if not level:
                del other[price]
        return filled

    def touch(self) -> tuple[int, int]:
        """(best bid, best ask)."""
        return max(self.sides[BUY]), min(self.sides[SELL])


@dataclass
class Flow:
    """Rows of (kind, number, owner, side, price, lots): the seeding, the events, and the book they end in."""

    seeding: NDArray[np.int64]
    events: NDArray[np.int64]
    book: NaiveBook


class _Maker:
    """Draws the rows of a flow, playing each on the naive book."""

    def __init__(self, seed: int) -> None:
        self.uniform = random.Random(seed).random
        self.book = NaiveBook()
        self.resting: list[tuple[int, int, int]] = []  # number, side, price, in no order
        self.place: dict[int, int] = {}  # where in `resting` a number stands
        self.numbers = 0

    def add(self) -> tuple[int, ...]:
        side = BUY if self.uniform() < 0.5 else SELL
        distance = min(1 + int(math.log(1.0 - self.uniform()) / LOG_KEEP), REACH)
        lots = 1 + int(self.uniform() * 100)
        self.numbers += 1
        number, owner, price = self.numbers, self.numbers % (OWNERS // 2), MIDDLE - side * distance
        self.book.add(number, owner, side, price, lots)
        self.place[number] = len(self.resting)
        self.resting.append((number, side, price))
        return ADD, number, owner, side, price, lots

    def cancel(self) -> tuple[int, ...]:
        number, side, price = self.resting[int(self.uniform() * len(self.resting))]
        lots = self.book.cancel(number, side, price)
        self.forget(number)
        return CANCEL, number, number % (OWNERS // 2), side, price, lots

    def market(self) -> tuple[int, ...]:
        side = BUY if self.uniform() < 0.5 else SELL
        lots = 1 + int(self.uniform() * 50)
        self.numbers += 1
        number, owner = self.numbers, OWNERS // 2 + self.numbers % (OWNERS // 2)
        for filled in self.book.market(number, owner, side, lots):
            self.forget(filled)
        return MARKET, number, owner, side, 0, lots

    def forget(self, number: int) -> None:
        at, last = self.place.pop(number), self.resting.pop()
        if last[0] != number:
            self.resting[at] = last
            self.place[last[0]] = at


def make_flow(n_events: int = 1_000_000, resting: int = 5_000, seed: int = 7) -> Flow:
    """The flow of one seed: the same rows on every machine."""
    maker = _Maker(seed)
    seeding = [maker.add() for _ in range(resting)]
    events = []
    for _ in range(n_events):
        draw = maker.uniform()
        if draw < 0.45 or (draw < 0.90 and len(maker.resting) < resting):
            events.append(maker.add())
        elif draw < 0.90:
            events.append(maker.cancel())
        else:
            events.append(maker.market())
    return Flow(np.array(seeding, np.int64), np.array(events, np.int64), maker.book)


def measure_book(flow: Flow, repeats: int = 7) -> dict[str, Any]:
    """Events a second of thread CPU time through the compiled book, and whether trades and touch are the naive ones."""
    from sim.engine.book_flow import FLOW, TRADES, book_world, replay

    seeding, events = (np.ascontiguousarray(rows).view(FLOW)[:, 0] for rows in (flow.seeding, flow.events))
    slots = np.zeros(int(flow.events[:, 1].max()) + 1, np.int64)
    trades = np.zeros(len(flow.events), TRADES)
    seconds = []
    for _ in range(repeats):
        world = book_world(MIDDLE - LEVELS // 2, LEVELS, ORDER_ROWS, OWNERS)
        trades[:] = 0
        replay(world, seeding, slots, trades)
        start = time.thread_time()
        n_trades = replay(world, events, slots, trades)
        seconds.append(time.thread_time() - start)
    instrument = world.instruments[0]
    touch = (int(instrument["best_bid"]), int(instrument["best_ask"]))
    expected = np.array(flow.book.trades, np.int64).reshape(-1, 6)
    return {
        "book_events_per_s": round(len(events) / min(seconds)),
        "book_events_per_s_median": round(len(events) / float(np.median(seconds))),
        "book_events": len(events),
        "book_trades": n_trades,
        "book_touch": list(touch),
        "book_touch_matches": touch == flow.book.touch(),
        "book_trades_match": bool(np.array_equal(trades[: max(n_trades, 0)].view(np.int64).reshape(-1, 6), expected)),
    }
