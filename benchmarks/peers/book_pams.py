"""PAMS: its Market driven without its runner. A cancel scans the side's heap and builds it again."""

import random
from importlib.metadata import version

from harness import ADD, BUY, CANCEL, book_benchmark
from pams.logs.base import Logger
from pams.market import Market
from pams.order import LIMIT_ORDER, MARKET_ORDER, Cancel, Order
from pams.simulator import Simulator


class Book:
    def __init__(self):
        dice = random.Random(1)
        self.market = Market(market_id=0, prng=dice, simulator=Simulator(prng=dice), name="market", logger=Logger())
        self.market.setup({"tickSize": 1.0, "marketPrice": 10_000.0, "outstandingShares": 1})
        self.market._set_time(0, 10_000.0)
        self.market._is_running = True
        self.orders = {}


def play(book, rows):
    market, orders = book.market, book.orders
    for kind, number, owner, side, price, lots in rows:
        if kind == ADD:
            order = Order(
                agent_id=owner, market_id=0, is_buy=side == BUY, kind=LIMIT_ORDER, volume=lots, price=float(price)
            )
            orders[number] = order
            market._add_order(order)
        elif kind == CANCEL:
            market._cancel_order(Cancel(order=orders.pop(number)))
        else:
            market._add_order(Order(agent_id=owner, market_id=0, is_buy=side == BUY, kind=MARKET_ORDER, volume=lots))
            market._execution()


def touch(book):
    return [int(book.market.get_best_buy_price()), int(book.market.get_best_sell_price())]


book_benchmark("PAMS", version("pams"), Book, play, touch)
