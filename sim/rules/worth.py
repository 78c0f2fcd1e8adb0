"""What a lot is worth at a price, in atoms: everything else in the rules is linear in lots.

A lot of a linear contract is worth its price, `price x tick_value`. A lot of an inverse contract stands for a fixed
amount of quote money and is paid in coins, `tick_value / price` of them: a long wins as they become fewer, so it is
worth minus that. The number of coins is rounded up to the atom, lot by lot and the same for everybody: what one side
of a trade pays the other gets, and no requirement is too small.
"""

import numpy as np

from sim.terms import kernel, never_inline


@kernel
def unit(instrument, price):
    """Signed worth in atoms of a long lot at a price in ticks: its rise is the profit."""
    never_inline()
    if instrument["inverse"] != 0:
        return -_coins(instrument["tick_value"], price)
    return price * instrument["tick_value"]


@kernel
def _coins(value, price):
    never_inline()
    return -(-value // max(price, 1))


@kernel
def lot_price(world, k, price):
    """By what money is divided to give lots: the price (the reference price in an arithmetic world), or one over it."""
    if world.instruments[k]["inverse"] != 0:
        return 1.0 / max(float(price), 1.0)
    if world.clock[0]["arithmetic"] != 0:
        return float(world.instruments[k]["reference_price"])
    return float(price)


@kernel
def entry_price(instrument, size, cost):
    """Mean price in ticks at which `size` lots were bought for `cost` atoms, as a float."""
    if instrument["inverse"] != 0:
        return float(-size * instrument["tick_value"]) / float(cost)
    return float(cost) / float(size * instrument["tick_value"])


def units(instruments: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """The same as `unit` for rows of the instruments table and their prices."""
    safe = np.maximum(ticks, 1)
    coins = -(-instruments["tick_value"] // safe)
    return np.where(instruments["inverse"] != 0, -coins, ticks * instruments["tick_value"])
