"""Stop orders: asleep until the mark (or the last price, by flag) reaches the trigger, then market or limit orders.

No stop sleeps nearer than the nearest trigger of its side and price, so that a market in which none is reached costs
one comparison, and one in which some are a walk over the ticks in between.
"""

import numpy as np

from sim.rules.book import HANDLE_BITS, SLOT_MASK
from sim.rules.events import emit
from sim.rules.exchange import execute
from sim.rules.sorting import sort_keys
from sim.rules.stop_lists import first_at, link_stop, remove_stop, stop_id, stop_level, take_row
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import BUY, EVENT_STOP_PLACED, FLAG_TRIGGER_LAST, LIMIT, MARKET, NONE, SELL

FIELDS = 6  # of a woken stop: instrument, side, owner, size, limit price, flags


@kernel
def place_stop(world, k, side, owner, size, trigger_price, limit_price, flags):
    """Put a stop to sleep; False when the table is full. limit_price NONE: market when triggered."""
    slot = take_row(world) if size > 0 else NONE
    if slot < 0:
        return False
    world.clock[0]["order_events"] += 1
    stop = world.stops[slot]
    stop["trigger_price"] = trigger_price
    stop["limit_price"] = limit_price
    stop["size"] = size
    stop["side"] = side
    stop["instrument"] = k
    stop["owner"] = owner
    stop["flags"] = flags
    stop["sequence"] = world.clock[0]["sequence"]
    world.clock[0]["sequence"] += 1
    link_stop(world, slot)
    emit(world, EVENT_STOP_PLACED, k, owner, flags, trigger_price, side * size, limit_price, stop_id(stop), NONE, NONE)
    return True


@kernel
def buys_reached(instrument):
    """True when the nearest trigger of a buy stop is reached; it may have been cancelled since."""
    last, mark = instrument["last_price"], instrument["mark_price"]
    return last >= instrument["buy_stop_last"] or mark >= instrument["buy_stop_mark"]


@kernel
def sells_reached(instrument):
    """The same of sell stops."""
    last, mark = instrument["last_price"], instrument["mark_price"]
    return last <= instrument["sell_stop_last"] or mark <= instrument["sell_stop_mark"]


@kernel
def _is_triggered(stop, instrument):
    price = instrument["last_price"] if stop["flags"] & FLAG_TRIGGER_LAST else instrument["mark_price"]
    return (price - stop["trigger_price"]) * stop["side"] >= 0


@kernel
def trigger_stops(world):
    """Wake every stop whose trigger is reached, in order of arrival; again until none is. Lots filled."""
    filled = 0
    while world.clock[0]["n_stops"] > 0:
        n = 0
        for k in range(world.instruments.shape[0]):
            if buys_reached(world.instruments[k]):
                n += _note_triggered(world, k, BUY, n)
            if sells_reached(world.instruments[k]):
                n += _note_triggered(world, k, SELL, n)
        if n == 0:
            break
        filled += _wake(world, n)
    return filled


@kernel
def _note_triggered(world, k, side, n):
    """Put the triggered stops of a side behind the `n` in `woken`, and pass the ticks that they slept at; how many."""
    never_inline()
    instrument = world.instruments[k]
    last, mark = instrument["last_price"], instrument["mark_price"]
    found = 0
    if side == BUY:
        first = min(instrument["buy_stop_last"], instrument["buy_stop_mark"])
        end = max(last, mark)
    else:
        first = max(instrument["sell_stop_last"], instrument["sell_stop_mark"])
        end = min(last, mark)
    for level in range(stop_level(world, k, first), stop_level(world, k, end) + side, side):
        slot = first_at(world, level, side)
        while slot >= 0:
            if _is_triggered(world.stops[slot], instrument):
                world.woken[n + found] = (world.stops[slot]["sequence"] << HANDLE_BITS) | slot
                found += 1
            slot = world.stops[slot]["next"]
    if side == BUY:
        instrument["buy_stop_last"] = max(instrument["buy_stop_last"], last + 1)
        instrument["buy_stop_mark"] = max(instrument["buy_stop_mark"], mark + 1)
    else:
        instrument["sell_stop_last"] = min(instrument["sell_stop_last"], last - 1)
        instrument["sell_stop_mark"] = min(instrument["sell_stop_mark"], mark - 1)
    return found


@kernel
def _wake(world, n):
    """Take the `n` stops in `woken` from their lists and play them, oldest first. Lots filled."""
    sort_keys(world.woken, n)
    orders = np.empty((n, FIELDS), np.int64)
    for i in range(n):
        slot = world.woken[i] & SLOT_MASK
        stop = world.stops[slot]
        orders[i, 0], orders[i, 1], orders[i, 2] = stop["instrument"], stop["side"], stop["owner"]
        orders[i, 3], orders[i, 4], orders[i, 5] = stop["size"], stop["limit_price"], stop["flags"]
        remove_stop(world, slot)
    filled = 0
    for i in range(n):
        limit = orders[i, 4]
        kind = MARKET if limit == NONE else LIMIT
        k, side, owner, size, flags = orders[i, 0], orders[i, 1], orders[i, 2], orders[i, 3], orders[i, 5]
        filled += execute(world, k, kind, side, owner, limit, size, flags, int(-1))
    return filled
