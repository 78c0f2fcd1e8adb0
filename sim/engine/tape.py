"""A tape of orders played one after the other: what the naive book of the tests and the benchmarks play too."""

from sim.engine.trading import play
from sim.rules.stops import trigger_stops
from sim.terms import entry, kernel
from sim.terms.vocabulary import CANCEL, EVENT_FILL, EVENT_ORDER_RESTED, NONE

HASH_MASK = (1 << 40) - 1
HASH_FACTOR = 1_000_003


@kernel
def fold(trades, value):
    """A running hash of 40 bits with one more integer in it."""
    return ((trades * HASH_FACTOR) & HASH_MASK) ^ (value & HASH_MASK)


@kernel
def read_events(world, trades):
    """(running hash with the buffered fills in it, id of the order that came to rest or NONE); empties the buffer."""
    rested = int(NONE)
    for row in range(world.clock[0]["event_row"]):
        event = world.events[row]
        if event["kind"] == EVENT_ORDER_RESTED:
            rested = event["cause"]
        elif event["kind"] == EVENT_FILL:
            trades = fold(trades, event["instrument"])
            trades = fold(trades, event["counterparty"])
            trades = fold(trades, event["actor"])
            trades = fold(trades, event["price"])
            trades = fold(trades, event["size"])
    world.clock[0]["event_row"] = 0
    return trades, rested


@entry
def play_tape(world, commands, handles, start, stop, trades):
    """Play rows [start, stop) of a tape of INBOX rows, waking stops after each; the running hash of all fills.

    A cancel names in `order_id` the row of the tape that placed its order; `handles` keeps the ids. Needs
    clock.record_orders, whose events it consumes. Fills are hashed as instrument, maker, taker, price, signed size.
    """
    for row in range(start, stop):
        world.inbox[0] = commands[row]
        placed = commands[row]["order_id"]
        if commands[row]["kind"] == CANCEL and placed >= 0:
            world.inbox[0]["order_id"] = handles[placed]
        play(world, int(0))
        trades, handles[row] = read_events(world, trades)
        trigger_stops(world)
        trades, _ = read_events(world, trades)
    return trades
