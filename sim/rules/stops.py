"""Stop orders: asleep until the mark (or the last price, by flag) reaches the trigger, then market or limit orders.

The nearest trigger of each side and price is kept, so that a market in which no stop is reached costs one comparison.
"""

import numpy as np

from sim.rules.events import emit
from sim.rules.exchange import execute, stop_id
from sim.rules.margin import account_of
from sim.rules.safe_radius import mark_look_due
from sim.terms import kernel
from sim.terms.vocabulary import (
    BUY,
    EVENT_STOP_PLACED,
    EVENT_STOP_REMOVED,
    FLAG_TRIGGER_LAST,
    LIMIT,
    MARKET,
    NONE,
)

FAR = 1 << 60  # a buy stop that no price reaches; its negative for sell stops
FIELDS = 6  # of a woken stop: instrument, side, owner, size, limit price, flags


@kernel
def place_stop(world, k, side, owner, size, trigger_price, limit_price, flags):
    """Put a stop to sleep; False when the table is full. limit_price NONE: market when triggered."""
    n = world.clock[0]["n_stops"]
    if n >= world.stops.shape[0] or size <= 0:
        return False
    world.clock[0]["order_events"] += 1
    stop = world.stops[n]
    stop["trigger_price"] = trigger_price
    stop["limit_price"] = limit_price
    stop["size"] = size
    stop["side"] = side
    stop["instrument"] = k
    stop["owner"] = owner
    stop["flags"] = flags
    stop["sequence"] = world.clock[0]["sequence"]
    world.clock[0]["sequence"] += 1
    world.clock[0]["n_stops"] = n + 1
    world.positions[k * world.clock[0]["n_traders"] + owner]["stops"] += 1
    mark_look_due(world, account_of(world, owner, k))
    note_trigger(world.instruments[k], stop)
    emit(world, EVENT_STOP_PLACED, k, owner, flags, trigger_price, side * size, limit_price, stop_id(stop), NONE, NONE)
    return True


@kernel
def note_trigger(instrument, stop):
    """Keep the nearest trigger of the stop's side and price."""
    trigger = stop["trigger_price"]
    if stop["side"] == BUY:
        if stop["flags"] & FLAG_TRIGGER_LAST:
            instrument["buy_stop_last"] = min(instrument["buy_stop_last"], trigger)
        else:
            instrument["buy_stop_mark"] = min(instrument["buy_stop_mark"], trigger)
    elif stop["flags"] & FLAG_TRIGGER_LAST:
        instrument["sell_stop_last"] = max(instrument["sell_stop_last"], trigger)
    else:
        instrument["sell_stop_mark"] = max(instrument["sell_stop_mark"], trigger)


@kernel
def forget_triggers(instrument):
    """No stop asleep."""
    instrument["buy_stop_last"] = FAR
    instrument["buy_stop_mark"] = FAR
    instrument["sell_stop_last"] = -FAR
    instrument["sell_stop_mark"] = -FAR


@kernel
def _reached(world):
    """True when a nearest trigger is reached; triggers of stops that were cancelled since may linger."""
    for k in range(world.instruments.shape[0]):
        instrument = world.instruments[k]
        last, mark = instrument["last_price"], instrument["mark_price"]
        if last >= instrument["buy_stop_last"] or mark >= instrument["buy_stop_mark"]:
            return True
        if last <= instrument["sell_stop_last"] or mark <= instrument["sell_stop_mark"]:
            return True
    return False


@kernel
def _is_triggered(stop, instrument):
    price = instrument["last_price"] if stop["flags"] & FLAG_TRIGGER_LAST else instrument["mark_price"]
    return (price - stop["trigger_price"]) * stop["side"] >= 0


@kernel
def trigger_stops(world):
    """Wake every stop whose trigger is reached, in order of arrival; again until none is. Lots filled."""
    filled = 0
    while world.clock[0]["n_stops"] > 0 and _reached(world):
        woken = _take_triggered(world)
        if woken.shape[0] == 0:
            break
        for i in range(woken.shape[0]):
            limit = woken[i, 4]
            kind = MARKET if limit == NONE else LIMIT
            filled += execute(
                world, woken[i, 0], kind, woken[i, 1], woken[i, 2], limit, woken[i, 3], woken[i, 5], int(-1)
            )
    return filled


@kernel
def _take_triggered(world):
    """Take the triggered stops out of the table, whose order of arrival stays; (n, FIELDS), oldest first."""
    n = world.clock[0]["n_stops"]
    woken = np.empty((n, FIELDS), np.int64)
    taken = 0
    kept = 0
    for k in range(world.instruments.shape[0]):
        forget_triggers(world.instruments[k])
    for i in range(n):
        stop = world.stops[i]
        k, owner = stop["instrument"], stop["owner"]
        if _is_triggered(stop, world.instruments[k]):
            signed, handle = stop["side"] * stop["size"], stop_id(stop)
            woken[taken, 0] = k
            woken[taken, 1] = stop["side"]
            woken[taken, 2] = owner
            woken[taken, 3] = stop["size"]
            woken[taken, 4] = stop["limit_price"]
            woken[taken, 5] = stop["flags"]
            taken += 1
            world.positions[k * world.clock[0]["n_traders"] + owner]["stops"] -= 1
            mark_look_due(world, account_of(world, owner, k))
            emit(world, EVENT_STOP_REMOVED, k, owner, NONE, stop["trigger_price"], signed, 0, handle, NONE, NONE)
        else:
            note_trigger(world.instruments[k], stop)
            if kept != i:
                world.stops[kept] = stop
            kept += 1
    world.clock[0]["n_stops"] = kept
    return woken[:taken]
