"""May this order enter? Initial margin with open orders reserved; reducing is always allowed, under calls it alone."""

from sim.rules.calls import is_restricted
from sim.rules.legs import is_paired, leg_exposure, netted, opens_legs
from sim.rules.margin import held_excess, initial_margin, initial_rate
from sim.rules.worth import unit
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    BUY,
    FLAG_CLOSE_LEG,
    FLAG_OPEN_LEG,
    FORM_AT_ENTRY,
    FORM_EXTENDED,
    FORM_LEGS,
    SELL,
)

AMPLE = 1e-9  # of all terms: far above the rounding of floats


@kernel
def only_reduces(position, size, side, lots, claimed):
    """True when the order and all open orders of its side together cannot pass through zero.

    `claimed`: lots of resting orders that give way to this one.
    """
    if side * size >= 0:
        return False
    resting = position["open_buy_lots"] if side == BUY else position["open_sell_lots"]
    return resting - claimed + lots <= abs(size)


@kernel
def exposure(world, instrument, row, size, price, extra_buy, extra_sell):
    """Worst notional in atoms that a position can reach when the open orders of one side fill."""
    position = world.positions[row]
    if instrument["inverse"] != 0:
        return inverse_exposure(world, instrument, row, size, price, extra_buy, extra_sell)
    if instrument["margin_form"] & FORM_AT_ENTRY and world.clock[0]["arithmetic"] == 0:
        return exposure_at_entry(instrument, position, world.entry_value[row], price, extra_buy, extra_sell)
    if world.clock[0]["arithmetic"] != 0:
        price = instrument["reference_price"]
        long = size * price + (position["open_buy_lots"] + extra_buy) * price
        short = (position["open_sell_lots"] + extra_sell) * price - size * price
    else:
        long = size * instrument["mark_price"] + position["open_buy_value"] + extra_buy * price
        short = position["open_sell_value"] + extra_sell * price - size * instrument["mark_price"]
    return max(long, short) * instrument["tick_value"]


@kernel
def exposure_at_entry(instrument, position, entry, price, extra_buy, extra_sell):
    """The same with what is held at the price that it was entered at; `entry` is its signed cost in atoms."""
    long = entry + (position["open_buy_value"] + extra_buy * price) * instrument["tick_value"]
    short = (position["open_sell_value"] + extra_sell * price) * instrument["tick_value"] - entry
    return max(long, short)


@kernel
def inverse_exposure(world, instrument, row, size, price, extra_buy, extra_sell):
    """The same in coins, order by order: each is worth its own number of them."""
    never_inline()
    held = -size * unit(instrument, instrument["mark_price"])
    if instrument["margin_form"] & FORM_AT_ENTRY:
        held = -world.entry_value[row]
    long = held - extra_buy * unit(instrument, price)
    short = -held - extra_sell * unit(instrument, price)
    slot = world.positions[row]["first_order"]
    while slot >= 0:
        order = world.orders[slot]
        if order["side"] == BUY:
            long -= order["size"] * unit(instrument, order["price"])
        else:
            short -= order["size"] * unit(instrument, order["price"])
        slot = order["owner_next"]
    return max(long, short)


@kernel
def exposed_lots(position, size, extra_buy, extra_sell):
    """Most lots that a position can reach when the open orders of one side fill."""
    return max(size + position["open_buy_lots"] + extra_buy, position["open_sell_lots"] + extra_sell - size)


@kernel
def admits_order(world, owner, k, side, price, lots, flags):
    """The same with an order's own word on the leg that it acts on, in hedge mode."""
    if flags & (FLAG_OPEN_LEG | FLAG_CLOSE_LEG) and world.instruments[k]["margin_form"] & FORM_LEGS:
        if flags & FLAG_CLOSE_LEG or world.populations[world.traders[owner]["population"]]["exempt"] != 0:
            return True  # of two legs, a smaller one never makes the sum or the larger more
        if is_restricted(world, owner, k):
            return False
        return covers(world, owner, k, side, price, lots, False, True, int(0))
    return admits(world, owner, k, side, price, lots)


@kernel
def admits(world, owner, k, side, price, lots):
    """True when wallet and equity cover the initial margin of all positions and orders, this one included.

    Cross: one pot. Isolated: each position's own equity, and what it lacks must be in the wallet.
    """
    n_traders = world.clock[0]["n_traders"]
    held = k * n_traders + owner
    if only_reduces(world.positions[held], world.position_size[held], side, lots, int(0)):
        return True
    if is_restricted(world, owner, k):
        return False
    population = world.traders[owner]["population"]
    if world.populations[population]["exempt"] != 0:
        return True
    isolated = world.traders[owner]["isolated"] != 0
    return covers_amply(world, owner, k, side, price, lots, isolated) or covers(
        world, owner, k, side, price, lots, isolated, False, int(0)
    )


@kernel
def covers_amply(world, owner, k, side, price, lots, isolated):
    """True when the margin is covered with room for every rounding: floats, multiplied instead of divided.

    The rate of a marginal tier, on all of the notional, is never too little; extended forms are left to the exact rule.
    """
    n_traders = world.clock[0]["n_traders"]
    scale = float(world.clock[0]["rate_scale"])
    available = scale * float(world.quote_balance[owner])
    size_of_terms = abs(available)
    for j in range(world.clock[0]["n_instruments"]):
        row = j * n_traders + owner
        size = world.position_size[row]
        if size == 0 and j != k and world.positions[row]["first_order"] < 0:
            continue
        extra_buy = lots if j == k and side == BUY else 0
        extra_sell = lots if j == k and side != BUY else 0
        if world.instruments[j]["margin_form"] & (FORM_EXTENDED | FORM_LEGS):
            return False
        value = exposure(world, world.instruments[j], row, size, price, extra_buy, extra_sell)
        margin = float(value) * float(initial_rate(world, world.instruments[j], world.traders[owner], value))
        equity = scale * float(size * unit(world.instruments[j], world.instruments[j]["mark_price"]))
        if isolated:
            equity += scale * float(world.quote_balance[n_traders * (1 + j) + owner])
            available -= max(margin - equity, 0.0)
        else:
            available += equity - margin
        size_of_terms += abs(margin) + abs(equity) + scale
    return available > AMPLE * size_of_terms + scale


@kernel
def initial_of_legs(world, instrument, owner, row, price, extra_buy, extra_sell):
    """Initial margin of two legs, every order that may open something reserved on the leg of its side."""
    never_inline()
    long, long_lots = leg_exposure(world, instrument, row, BUY, extra_buy, price)
    short, short_lots = leg_exposure(world, instrument, row, SELL, extra_sell, price)
    return netted(
        instrument,
        initial_margin(world, instrument, world.traders[owner], long, long_lots),
        initial_margin(world, instrument, world.traders[owner], short, short_lots),
    )


@kernel
def covers(world, owner, k, side, price, lots, isolated, opens, lost):
    """The same exactly. `opens`: the order opens the leg of its side, whatever the other leg is; `lost`: at once."""
    never_inline()
    n_traders = world.clock[0]["n_traders"]
    available = world.quote_balance[owner] - lost
    for j in range(world.clock[0]["n_instruments"]):
        row = j * n_traders + owner
        extra_buy = lots if j == k and side == BUY else 0
        extra_sell = lots if j == k and side != BUY else 0
        size = world.position_size[row]
        legs = is_paired(world, row)
        if size == 0 and j != k and world.positions[row]["first_order"] < 0 and not legs:
            continue
        if world.instruments[j]["margin_form"] & FORM_LEGS and not legs:
            legs = (opens and j == k) or opens_legs(world, row)
        if legs:
            margin = initial_of_legs(world, world.instruments[j], owner, row, price, extra_buy, extra_sell)
        else:
            value = exposure(world, world.instruments[j], row, size, price, extra_buy, extra_sell)
            reached = exposed_lots(world.positions[row], size, extra_buy, extra_sell)
            margin = initial_margin(world, world.instruments[j], world.traders[owner], value, reached)
            margin += held_excess(world, owner, j)
        equity = size * unit(world.instruments[j], world.instruments[j]["mark_price"])
        if isolated:
            available -= max(margin - world.quote_balance[n_traders * (1 + j) + owner] - equity, 0)
        else:
            available += equity - margin
    return available >= 0
