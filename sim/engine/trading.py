"""Phases 5 and 6: orders are collected, put into order of arrival, and played one after the other."""

import numpy as np

from sim.rules.book import HANDLE_BITS, SLOT_MASK
from sim.rules.exchange import cancel_orders_of, cancel_slot, execute, remove_stop, stop_id
from sim.rules.sorting import ROW_BITS, ROW_MASK, sort_keys
from sim.rules.stops import place_stop, trigger_stops
from sim.strategies.dispatch import decide
from sim.terms import kernel, phase
from sim.terms.vocabulary import CANCEL, CANCEL_ALL, NONE, STOP_LIMIT, STOP_MARKET


@phase
def collect_orders(world, t):
    """5: populations decide; orders of user-written traders already wait in the inbox."""
    decide(world, t)


@phase
def match_and_settle(world):
    """6: play the inbox in order of arrival, then the stops that its trades have triggered."""
    n = world.clock[0]["inbox_rows"]
    keys = np.empty(n, np.int64)
    for row in range(n):
        keys[row] = (world.inbox[row]["time_key"] << ROW_BITS) | row
    sort_keys(keys, n)
    for i in range(n):
        play(world, keys[i] & ROW_MASK)
    world.clock[0]["inbox_rows"] = 0
    trigger_stops(world)


@kernel
def play(world, row):
    """One inbox row: replace, cancel, stop or order."""
    order = world.inbox[row]
    k, kind, owner, tag = order["instrument"], order["kind"], order["owner"], order["tag"]
    if tag >= 0 and world.quotes[tag]["order_id"] >= 0:
        cancel_slot(world, world.quotes[tag]["order_id"])
    if kind == CANCEL:
        cancel_by_id(world, owner, order["order_id"])
    elif kind == CANCEL_ALL:
        cancel_orders_of(world, k, owner)
    elif kind == STOP_MARKET or kind == STOP_LIMIT:
        limit = order["price"] if kind == STOP_LIMIT else NONE
        place_stop(world, k, order["side"], owner, order["size"], order["trigger_price"], limit, order["flags"])
    elif order["size"] > 0:
        execute(world, k, kind, order["side"], owner, order["price"], order["size"], order["flags"], tag)


@kernel
def cancel_by_id(world, owner, order_id):
    """Cancel a resting order or a sleeping stop by its id, if it is still there and the owner's."""
    if order_id < NONE:
        for i in range(world.clock[0]["n_stops"]):
            if stop_id(world.stops[i]) == order_id and world.stops[i]["owner"] == owner:
                remove_stop(world, i)
                return
    slot = order_id & SLOT_MASK
    if order_id < 0 or slot >= world.orders.shape[0]:
        return
    if world.orders[slot]["sequence"] == order_id >> HANDLE_BITS and world.orders[slot]["owner"] == owner:
        cancel_slot(world, slot)
