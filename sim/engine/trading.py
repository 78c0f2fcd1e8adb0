"""Phases 5 and 6: orders are collected, put into order of arrival, and played one after the other."""

import numpy as np

from sim.rules.exchange import cancel_orders_of, cancel_slot, execute, slot_of
from sim.rules.inbox import TIME_BITS
from sim.rules.sorting import ROW_BITS, ROW_MASK, sort_spread_keys
from sim.rules.stop_lists import remove_stop, stop_id
from sim.rules.stops import place_stop, trigger_stops
from sim.strategies.dispatch import decide
from sim.strategies.zero_intelligence import spared
from sim.terms import kernel, phase
from sim.terms.vocabulary import BUY, CANCEL, CANCEL_ALL, FLAG_FORCED, FLAG_PEGGED, NONE, STOP_LIMIT, STOP_MARKET


@phase
def collect_orders(world, t):
    """5: populations decide; orders of user-written traders already wait in the inbox."""
    decide(world, t)


@phase
def match_and_settle(world):
    """6: play the inbox in order of arrival, then the stops that its trades have triggered."""
    keys = arrival_keys(world)
    for i in range(keys.shape[0]):
        play(world, keys[i] & ROW_MASK)
    world.clock[0]["inbox_rows"] = 0
    trigger_stops(world)


@kernel
def arrival_keys(world):
    """The inbox in order of arrival: sorted keys with the row in the low bits; rows of one time as they were posted."""
    n = world.clock[0]["inbox_rows"]
    keys = np.empty(n, np.int64)
    for row in range(n):
        keys[row] = (world.inbox[row]["time_key"] << ROW_BITS) | row
    return sort_spread_keys(keys, TIME_BITS)


@kernel
def play(world, row):
    """One inbox row: replace, cancel, stop or order."""
    order = world.inbox[row]
    k, kind, owner, tag = order["instrument"], order["kind"], order["owner"], order["tag"]
    price, flags = order["price"], order["flags"]
    if flags & FLAG_PEGGED:
        if kind == CANCEL and spared(world, row):
            return
        price = pegged_price(world, k, order["side"], price)
        flags &= ~FLAG_PEGGED
    if tag >= 0 and world.quotes[tag]["order_id"] >= 0:
        cancel_slot(world, world.quotes[tag]["order_id"])
    if kind == CANCEL:
        cancel_by_id(world, owner, order["order_id"])
    elif kind == CANCEL_ALL:
        cancel_orders_of(world, k, owner)
    elif kind == STOP_MARKET or kind == STOP_LIMIT:
        limit = price if kind == STOP_LIMIT else NONE
        place_stop(world, k, order["side"], owner, order["size"], order["trigger_price"], limit, flags)
    elif order["size"] > 0:
        execute(world, k, kind, order["side"], owner, price, order["size"], flags, tag)


@kernel
def pegged_price(world, k, side, ticks):
    """The tick so far from the opposite best; an empty opposite side is taken to begin beside the last price."""
    instrument = world.instruments[k]
    if side == BUY:
        opposite = instrument["best_ask"]
        if instrument["ask_orders"] == 0:
            opposite = max(instrument["last_price"], instrument["best_bid"]) + 1
        return opposite - ticks
    opposite = instrument["best_bid"]
    if instrument["bid_orders"] == 0:
        opposite = min(instrument["last_price"], instrument["best_ask"]) - 1
    return opposite + ticks


@kernel
def cancel_by_id(world, owner, order_id):
    """Cancel a resting order or a sleeping stop by its id, if it is still there and the owner's."""
    if order_id < NONE:
        for row in range(owner, world.positions.shape[0], world.clock[0]["n_traders"]):
            stop = world.positions[row]["first_stop"]
            while stop >= 0 and stop_id(world.stops[stop]) != order_id:
                stop = world.stops[stop]["owner_next"]
            if stop >= 0:
                remove_stop(world, stop)
        return
    slot = slot_of(world, order_id)
    if slot >= 0 and world.orders[slot]["owner"] == owner and not world.orders[slot]["flags"] & FLAG_FORCED:
        cancel_slot(world, slot)
