"""Orders on their way: everybody posts here, one loop plays them in order of arrival."""

import math

from sim.terms import kernel, never_inline

TIME_BITS = 31  # a time within the step is an integer in [0, 2**31)
TICK_FUZZ = 1e-6  # far above the error of a float price, far below what an order can gain by it
END_OF_STEP = (1 << TIME_BITS) - 1


@kernel
def post(world, time_key, kind, side, k, owner, price, size, trigger_price, flags, tag, order_id):
    """Put an order into the inbox; a full inbox sets the error code and drops it."""
    never_inline()
    row = world.clock[0]["inbox_rows"]
    if row >= world.inbox.shape[0]:
        world.clock[0]["error"] = int(7)
        return
    order = world.inbox[row]
    order["time_key"] = time_key
    order["kind"] = kind
    order["side"] = side
    order["instrument"] = k
    order["owner"] = owner
    order["price"] = price
    order["size"] = size
    order["trigger_price"] = trigger_price
    order["flags"] = flags
    order["tag"] = tag
    order["order_id"] = order_id
    world.clock[0]["inbox_rows"] = row + 1


@kernel
def post_taker(world, word, side, k, owner, price, size, flags):
    """Post an immediate-or-cancel limit order that arrives at a random time of the step."""
    post(world, word >> 1, int(2), side, k, owner, price, size, int(-1), flags, int(-1), int(-1))


@kernel
def valued_price(world, k, price):
    """Price at which a lot is valued when money is turned into lots: the reference price in arithmetic worlds."""
    if world.clock[0]["arithmetic"] != 0:
        return float(world.instruments[k]["reference_price"])
    return float(price)


@kernel
def shifted(world, k, price, fraction):
    """price moved by a fraction (of itself; of the reference price in arithmetic worlds), in float ticks."""
    return price + fraction * valued_price(world, k, price)


@kernel
def whole_tick(world, k, side, price):
    """A float price rounded down (side > 0) or up; what is a whole tick but for the last bits is one.

    Rounded as a distance from the reference price, so that mirrored prices give mirrored ticks.
    """
    reference = world.instruments[k]["reference_price"]
    distance = price - float(reference)
    if side > 0:
        return reference + int(math.floor(distance + TICK_FUZZ))
    return reference + int(math.ceil(distance - TICK_FUZZ))


@kernel
def limit_for(world, k, side, price):
    """A float price as the tick of a taker's limit: rounded in the taker's favour and kept on the ladder."""
    tick = whole_tick(world, k, side, price)
    low = world.instruments[k]["ladder"]
    return min(max(tick, low), low + world.instruments[k]["n_levels"] - 1)
