"""Plain Mesa: leveraged traders as agents on a Python book, or on bourse's; margin of all checked every step.

About a hundred order events a step: 45 % limit orders, 45 % cancels, 10 % market orders. Positions change at once;
a trader in breach is closed by a market order in the same step. The fourth argument after the sizes: python | bourse.
"""

import math
import sys
from importlib.metadata import version

import mesa
from harness import loop_benchmark
from python_book import PythonBook

MIDDLE, LOG_KEEP = 10_000, math.log(1 - 0.04)
EVENTS_A_STEP = 100
MAINTENANCE = 0.05


class BourseBook:
    """The few words of PythonBook on bourse's book."""

    def __init__(self):
        from bourse.core import OrderBook

        self.core = OrderBook(0, 1, True)
        self.now = self.seen = 0
        self.ids = {}
        self.owners = {}
        self.trades = []

    def add(self, number, owner, side, price, lots):
        self.now += 1
        self.core.set_time(self.now)
        identity = self.core.place_order(side == 1, lots, owner, price=price)
        self.ids[number] = identity
        self.owners[identity] = owner

    def cancel(self, number):
        self.core.cancel_order(self.ids.pop(number))

    def market(self, number, owner, side, lots):
        self.now += 1
        self.core.set_time(self.now)
        self.owners[self.core.place_order(side == 1, lots, owner)] = owner

    def touch(self):
        bid, ask = self.core.bid_ask()
        return (bid, ask) if 0 < bid < ask < 2 * MIDDLE else (None, None)


class Trader(mesa.Agent):
    def __init__(self, model, cash):
        super().__init__(model)
        self.cash = cash
        self.size = 0
        self.resting = None

    def step(self):
        model = self.model
        draw = self.random.random
        if draw() >= model.activity:
            return
        kind, side = draw(), 1 if draw() < 0.5 else -1
        model.order_events += 1
        if kind >= 0.9:
            model.send_market(self, side, 1 + int(draw() * 5))
        elif kind >= 0.45 and self.resting is not None and model.is_live(self.resting):
            model.book.cancel(self.resting)
            self.resting = None
        else:
            distance = 1 + int(math.log(1.0 - draw()) / LOG_KEEP)
            self.resting = model.send_limit(self, side, model.mid - side * distance, 1 + int(draw() * 10))

    def check_margin(self):
        price = self.model.mid
        if self.size and self.cash + self.size * price < MAINTENANCE * abs(self.size) * price:
            self.model.liquidations += 1
            self.model.order_events += 1
            self.model.send_market(self, -1 if self.size > 0 else 1, abs(self.size))


class Market(mesa.Model):
    def __init__(self, traders):
        super().__init__(seed=1)
        self.book = BourseBook() if with_bourse else PythonBook()
        self.activity = EVENTS_A_STEP / traders
        self.mid, self.number, self.settled = MIDDLE, 0, 0
        self.order_events = self.liquidations = 0
        self.rows = []
        self.house = Trader(self, 1e12)
        for _ in range(5_000):
            side = 1 if self.random.random() < 0.5 else -1
            distance = 1 + int(math.log(1.0 - self.random.random()) / LOG_KEEP)
            self.send_limit(self.house, side, MIDDLE - side * distance, 1 + int(self.random.random() * 10))
        self.house.remove()
        Trader.create_agents(self, traders, cash=20_000.0)
        self.by_id = {agent.unique_id: agent for agent in self.agents} | {self.house.unique_id: self.house}

    def send_limit(self, trader, side, price, lots):
        if not with_bourse:  # a crossing limit order waits one tick behind the touch
            opposite = self.book.best[-side]
            if opposite is not None and (price - opposite) * side >= 0:
                price = opposite - side
        self.number += 1
        self.book.add(self.number, trader.unique_id, side, price, lots)
        return self.number

    def send_market(self, trader, side, lots):
        self.number += 1
        self.book.market(self.number, trader.unique_id, side, lots)

    def is_live(self, number):
        return number in (self.book.ids if with_bourse else self.book.orders)

    def settle(self):
        if with_bourse:
            owners, trades = self.book.owners, self.book.core.get_trades()
            for _, bid_rests, price, lots, taker, maker in trades[self.settled :]:
                self.book_fill(owners[maker], owners[taker], price, lots, -1 if bid_rests else 1)
            bid, ask = self.book.touch()
        else:
            trades = self.book.trades
            for _, _, maker, taker, price, lots, side in trades[self.settled :]:
                self.book_fill(maker, taker, price, lots, side)
            bid, ask = self.book.best[1], self.book.best[-1]
        self.settled = len(trades)
        if bid is not None and ask is not None:
            self.mid = (bid + ask) // 2

    def book_fill(self, maker, taker, price, lots, side):
        buyer, seller = (taker, maker) if side == 1 else (maker, taker)
        self.by_id[buyer].size += lots
        self.by_id[buyer].cash -= lots * price
        self.by_id[seller].size -= lots
        self.by_id[seller].cash += lots * price

    def step(self):
        self.agents.shuffle_do("step")
        self.settle()
        self.agents.do("check_margin")
        self.settle()
        self.rows.append((self.mid, self.order_events, self.liquidations))


with_bourse = sys.argv[4] == "bourse"
name = "Mesa traders, bourse book" if with_bourse else "Mesa traders, Python book"
versions = version("mesa") + (" + " + version("bourse") if with_bourse else "")
loop_benchmark(name, versions, Market, lambda model: model.step(), lambda model: model.order_events)
