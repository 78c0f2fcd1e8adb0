"""A bare order flow through the book's own kernels: adds, cancels and market orders, trades and owners kept.

Used by the benchmarks; a run never comes here.
"""

import numpy as np

from sim.rules.book import HANDLE_BITS, cancel_order, match_against_book, no_ask, no_bid, rest_order
from sim.tables import World, layout
from sim.terms import entry, kernel
from sim.terms.vocabulary import BUY, NONE

ADD, CANCEL, MARKET = 0, 1, 2  # kinds of flow rows
FILL_ROWS = 256

# (rows,) number: the sender's own; side BUY or SELL; price in ticks, 0 for market orders; size in lots.
# Owners of market orders own no resting order: a cancelled self-trade would leave the flow's later rows without theirs.
FLOW = np.dtype([(name, np.int64) for name in ("kind", "number", "owner", "side", "price", "size")])
# (rows,) maker_order: how many orders rested before it; taker_order: the sender's number; then both owners.
TRADES = np.dtype([(name, np.int64) for name in ("maker_order", "taker_order", "maker", "taker", "price", "size")])


def book_world(ladder: int, n_levels: int, order_rows: int, n_owners: int) -> World:
    """A world with one instrument and an empty book, and nothing in its other tables."""
    arrays = {name: np.zeros((1,) * ndim, dtype) for name, (dtype, ndim) in World.columns.items()}
    arrays["levels"] = np.zeros(n_levels, layout.LEVELS)
    arrays["orders"] = np.zeros(order_rows, layout.ORDERS)
    arrays["positions"] = np.zeros(n_owners, layout.POSITIONS)
    arrays["fills"] = np.zeros(FILL_ROWS, layout.FILLS)
    arrays["levels"]["head"] = arrays["levels"]["tail"] = NONE
    arrays["orders"]["sequence"] = NONE
    arrays["orders"]["next"] = np.append(np.arange(1, order_rows), NONE)
    arrays["positions"]["first_order"] = arrays["positions"]["first_stop"] = NONE
    instrument, clock = arrays["instruments"][0], arrays["clock"][0]
    instrument["ladder"], instrument["n_levels"], instrument["level_base"] = ladder, n_levels, -ladder
    instrument["best_bid"], instrument["best_ask"] = ladder - 1, ladder + n_levels
    clock["n_traders"], clock["n_instruments"] = n_owners, 1
    return World(**arrays)


@entry
def play_flow(world, flow, slots, trades):
    """Play the rows one after the other, trades into `trades`; how many, or NONE when the order pool is full.

    `slots` keeps the row in which each numbered order rests.
    """
    done = 0
    for i in range(flow.shape[0]):
        row = flow[i]
        number = row["number"]
        if row["kind"] == ADD:
            slot = rest_order(world, 0, row["side"], row["price"], row["size"], row["owner"], 0, NONE)
            if slot < 0:
                return NONE
            slots[number] = slot
        elif row["kind"] == CANCEL:
            cancel_order(world, slots[number])
        else:
            done = take(world, row, trades, done)
    return done


@kernel
def take(world, row, trades, done):
    """A market order: matched to the end, its fills kept as trades; the number of trades so far."""
    side, owner = row["side"], row["owner"]
    limit = no_ask(world.instruments[0]) - 1 if side == BUY else no_bid(world.instruments[0]) + 1
    left = row["size"]
    while left > 0:
        left = match_against_book(world, 0, side, limit, left, owner)
        n = world.clock[0]["n_fills"]
        for i in range(n):
            fill, trade = world.fills[i], trades[done + i]
            trade["maker_order"] = fill["order_id"] >> HANDLE_BITS
            trade["taker_order"] = row["number"]
            trade["maker"] = fill["maker"]
            trade["taker"] = owner
            trade["price"] = fill["price"]
            trade["size"] = fill["size"]
        done += n
        if n < world.fills.shape[0]:
            break
    return done


def replay(world: World, flow: np.ndarray, slots: np.ndarray, trades: np.ndarray) -> int:
    """`play_flow` for callers with types."""
    return int(play_flow(world, flow, slots, trades))
