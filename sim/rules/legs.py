"""Hedge mode: a long and a short leg of one instrument in one account, and what the two need together.

`position_size` stays what one leg has beyond the other: equity follows from it alone. What both legs hold is locked: a
pair of lots whose profit no price can change, with what was paid for it on each side.
"""

from sim.rules.forms import FINE, size_premium, sized_parts
from sim.rules.rounding import ceil_div
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import FLAG_OPEN_LEG, FLAG_REDUCE_ONLY, FORM_AT_ENTRY, FORM_LARGER_LEG, FORM_LEGS


@kernel
def locked_lots(world, row):
    """Lots that a position row holds on both sides; 0 in a world without hedge mode."""
    return world.legs[row]["locked"] if row < world.legs.shape[0] else 0


@kernel
def is_paired(world, row):
    """True where a position has two legs that are charged as such."""
    if row >= world.legs.shape[0] or world.legs[row]["locked"] == 0:
        return False
    return world.instruments[row // world.clock[0]["n_traders"]]["margin_form"] & FORM_LEGS != 0


@kernel
def leg_lots(world, row, side):
    """Lots of the long leg (side > 0) or the short one."""
    return locked_lots(world, row) + max(side * world.position_size[row], 0)


@kernel
def leg_cost(world, row, side):
    """What the lots of a leg were bought for, in atoms; negative for the short leg."""
    cost = world.entry_value[row] if side * world.position_size[row] > 0 else 0
    if row < world.legs.shape[0]:
        cost += world.legs[row]["long_value"] if side > 0 else world.legs[row]["short_value"]
    return cost


@kernel
def gross_lots(world, row):
    """Lots of both legs together."""
    return abs(world.position_size[row]) + 2 * locked_lots(world, row)


@kernel
def netted(instrument, one, other):
    """Margin of two legs by that of each."""
    if instrument["margin_form"] & FORM_LARGER_LEG:
        return max(one, other)
    return one + other


@kernel
def leg_requirement(world, instrument, lots, cost, price):
    """Maintenance in atoms of one leg, rounded up; profit that does not count is not in it."""
    valued = instrument["reference_price"] if world.clock[0]["arithmetic"] != 0 else price
    value = lots * valued * instrument["tick_value"]
    base = value
    if instrument["margin_form"] & FORM_AT_ENTRY and world.clock[0]["arithmetic"] == 0:
        base = abs(cost)
    premium = size_premium(
        lots, instrument["slope"], instrument["slope_lots"],
        instrument["root"], instrument["root_lots"], instrument["root_relief"],
    )  # fmt: skip
    whole, rest = sized_parts(
        world, instrument["first_tier"], instrument["n_tiers"], base, premium,
        int(0), instrument["minimum_margin"], value, instrument["closing_fee"], int(0),
    )  # fmt: skip
    return whole + int(rest > 0)


@kernel
def pair_requirement(world, instrument, row, price):
    """Maintenance in atoms of a position with two legs at a price, and the profit of either that does not count."""
    never_inline()
    needed, other, held_back = 0, 0, 0
    for side in range(-1, 2, 2):
        lots, cost = leg_lots(world, row, side), leg_cost(world, row, side)
        needed, other = leg_requirement(world, instrument, lots, cost, price), needed
        held_back += max(side * lots * price * instrument["tick_value"] - cost, 0)
    rest = held_back % FINE * instrument["withheld"]
    withheld = held_back // FINE * instrument["withheld"] + ceil_div(rest, FINE)
    return netted(instrument, needed, other) + withheld


@kernel
def opens_legs(world, row):
    """True when the owner of a position has a resting order that opens a leg."""
    slot = world.positions[row]["first_order"]
    while slot >= 0:
        if world.orders[slot]["flags"] & FLAG_OPEN_LEG:
            return True
        slot = world.orders[slot]["owner_next"]
    return False


@kernel
def opening_orders(world, row, side):
    """(lots, tick-lots) of the resting orders of one side that may open something."""
    lots = 0
    value = 0
    slot = world.positions[row]["first_order"]
    while slot >= 0:
        order = world.orders[slot]
        if order["side"] == side and not order["flags"] & FLAG_REDUCE_ONLY:
            lots += order["size"]
            value += order["size"] * order["price"]
        slot = order["owner_next"]
    return lots, value


@kernel
def leg_exposure(world, instrument, row, side, extra, price):
    """(notional in atoms, lots) that a leg can reach when every order of its side opens it; `extra`: one more order."""
    never_inline()
    held = leg_lots(world, row, side)
    lots, value = opening_orders(world, row, side)
    lots += extra
    if world.clock[0]["arithmetic"] != 0:
        return (held + lots) * instrument["reference_price"] * instrument["tick_value"], held + lots
    reached = (value + extra * price) * instrument["tick_value"]
    if instrument["margin_form"] & FORM_AT_ENTRY:
        return reached + abs(leg_cost(world, row, side)), held + lots
    return reached + held * instrument["mark_price"] * instrument["tick_value"], held + lots
