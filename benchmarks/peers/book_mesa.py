"""Plain Mesa: every owner is an agent that sends its own orders to a Python book; a step is a hundred events."""

from importlib.metadata import version

import mesa
from harness import ADD, CANCEL, book_benchmark
from python_book import PythonBook

OWNERS = 1_000
EVENTS_A_STEP = 100


class Trader(mesa.Agent):
    def step(self):
        model = self.model
        kind, number, owner, side, price, lots = model.row
        if kind == ADD:
            model.book.add(number, owner, side, price, lots)
        elif kind == CANCEL:
            model.book.cancel(number)
        else:
            model.book.market(number, owner, side, lots)


class Market(mesa.Model):
    def __init__(self):
        super().__init__(seed=1)
        self.book = PythonBook()
        self.traders = list(Trader.create_agents(self, OWNERS))
        self.rows = []
        self.played = 0

    def step(self):
        for row in self.rows[self.played : self.played + EVENTS_A_STEP]:
            self.row = row
            self.traders[row[2]].step()
        self.played += EVENTS_A_STEP


def play(market, rows):
    market.rows, market.played = rows, 0
    while market.played < len(rows):
        market.step()


def touch(market):
    return [market.book.best[1], market.book.best[-1]]


book_benchmark("Mesa, Python book", version("mesa"), Market, play, touch)
