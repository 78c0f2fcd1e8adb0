"""bourse: an order book in Rust, one Python call an event.

It files resting orders under (price, time): without a new time for each, orders at one price replace each other.
"""

from importlib.metadata import version

from bourse.core import OrderBook
from harness import ADD, BUY, CANCEL, book_benchmark


class Book:
    def __init__(self):
        self.core = OrderBook(0, 1, True)  # start time, tick size, trading allowed
        self.ids = {}
        self.now = 0


def play(book, rows):
    core, ids, now = book.core, book.ids, book.now
    set_time, place, cancel = core.set_time, core.place_order, core.cancel_order
    for kind, number, owner, side, price, lots in rows:
        if kind == ADD:
            now += 1
            set_time(now)
            ids[number] = place(side == BUY, lots, owner, price=price)
        elif kind == CANCEL:
            cancel(ids.pop(number))
        else:
            place(side == BUY, lots, owner)
    book.now = now


book_benchmark("bourse", version("bourse"), Book, play, lambda book: list(book.core.bid_ask()))
