"""Stop orders: asleep until the mark (or the last price, by flag) reaches the trigger, then market or limit orders."""

from sim.rules.events import emit
from sim.rules.exchange import execute, remove_stop, stop_id
from sim.terms import kernel
from sim.terms.vocabulary import EVENT_STOP_PLACED, FLAG_TRIGGER_LAST, LIMIT, MARKET, NONE

CHAIN_MAX = 1024  # stops that one call may trigger, so a self-feeding chain ends; the rest follow in the next call


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
    emit(world, EVENT_STOP_PLACED, k, owner, flags, trigger_price, side * size, limit_price, stop_id(stop), NONE, NONE)
    return True


@kernel
def _is_triggered(stop, instrument):
    price = instrument["last_price"] if stop["flags"] & FLAG_TRIGGER_LAST else instrument["mark_price"]
    return (price - stop["trigger_price"]) * stop["side"] >= 0


@kernel
def trigger_stops(world):
    """Wake, in order of arrival, every stop whose trigger is reached; again until none is. Lots filled."""
    filled = 0
    woken = 0
    i = 0
    while i < world.clock[0]["n_stops"] and woken < CHAIN_MAX:
        stop = world.stops[i]
        k = stop["instrument"]
        if not _is_triggered(stop, world.instruments[k]):
            i += 1
            continue
        side, owner, size = stop["side"], stop["owner"], stop["size"]
        limit, flags = stop["limit_price"], stop["flags"]
        remove_stop(world, i)
        kind = MARKET if limit == NONE else LIMIT
        filled += execute(world, k, kind, side, owner, limit, size, flags, int(-1))
        woken += 1
        i = 0
    return filled
