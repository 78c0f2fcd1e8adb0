"""Equity, maintenance and initial margin of an account: exact integers, cross-multiplied, never divided.

Maintenance of a notional N by marginal tiers is convex and piecewise linear: max over tiers of
(rate * N - deduction) / rate_scale. Requirements here stay multiplied by rate_scale.
"""

from sim.rules.rounding import LIMB, LIMB_MASK, ceil_div, rate_of, wide_product_is_negative
from sim.terms import kernel, never_inline

SAFE_BITS = 1 << 62


@kernel
def notional(world, instrument, lots, price):
    """|lots| x price in atoms; in an arithmetic world every lot is valued at the reference price."""
    if world.clock[0]["arithmetic"] != 0:
        price = instrument["reference_price"]
    return abs(lots) * price * instrument["tick_value"]


@kernel
def schedule(tiers, first, n, value):
    """Requirement of a notional in atoms times rate_scale: max over `n` tiers.

    The schedule is convex: past the first tier that begins above the notional the lines only lie lower.
    """
    worst = 0
    for row in range(first, first + n):
        worst = max(worst, tiers[row]["rate"] * value - tiers[row]["deduction"])
        if tiers[row]["floor"] > value:
            break
    return worst


@kernel
def account_span(world, account):
    """(first position row, stride, count) of the positions that an account's balance backs."""
    n_traders = world.clock[0]["n_traders"]
    isolated = world.populations[world.traders[account % n_traders]["population"]]["isolated"] != 0
    if account >= n_traders:
        return account - n_traders, n_traders, 1 if isolated else 0
    return account, n_traders, 0 if isolated else world.clock[0]["n_instruments"]


@kernel
def account_trader(world, account):
    """The trader whom an account belongs to."""
    n_traders = world.clock[0]["n_traders"]
    return account % n_traders if account >= n_traders else account


@kernel
def account_of(world, trader, k):
    """The account that backs a trader's position in instrument k."""
    if world.populations[world.traders[trader]["population"]]["isolated"] != 0:
        return world.clock[0]["n_traders"] * (1 + k) + trader
    return trader


@kernel
def account_margin(world, account):
    """(equity in atoms, maintenance in atoms rounded up) of an account at the mark prices."""
    never_inline()
    row, stride, count = account_span(world, account)
    equity = world.quote_balance[account]
    requirement = 0
    for _ in range(count):
        size = world.position_size[row]
        if size != 0:
            k = row // world.clock[0]["n_traders"]
            mark = world.instruments[k]["mark_price"]
            equity += size * mark * world.instruments[k]["tick_value"]
            value = notional(world, world.instruments[k], size, mark)
            requirement += maintenance_atoms(world, world.instruments[k], value)
        row += stride
    return equity, requirement


@kernel
def maintenance_atoms(world, instrument, value):
    """Maintenance of one notional in atoms, rounded up; splits the product when it would pass 62 bits."""
    scale = world.clock[0]["rate_scale"]
    first = instrument["first_tier"]
    n = instrument["n_tiers"]
    if value < SAFE_BITS // scale:
        return ceil_div(schedule(world.tiers, first, n, value), scale)
    worst = 0
    for row in range(first, first + n):
        rate = world.tiers[row]["rate"]
        whole = (value // scale) * rate + ceil_div((value % scale) * rate - world.tiers[row]["deduction"], scale)
        worst = max(worst, whole)
    return worst


@kernel
def is_breached(world, account):
    """True when equity is below the maintenance margin, exactly; equality is safe."""
    never_inline()
    row, stride, count = account_span(world, account)
    scale = world.clock[0]["rate_scale"]
    limit = SAFE_BITS // scale // 16
    equity = world.quote_balance[account]
    requirement = 0
    wide = abs(equity) > limit
    for i in range(count):
        size = world.position_size[row + i * stride]
        if size != 0:
            k = (row + i * stride) // world.clock[0]["n_traders"]
            mark = world.instruments[k]["mark_price"]
            equity += size * mark * world.instruments[k]["tick_value"]
            value = notional(world, world.instruments[k], size, mark)
            if value > limit:
                wide = True
            else:
                requirement += schedule(
                    world.tiers, world.instruments[k]["first_tier"], world.instruments[k]["n_tiers"], value
                )
    if not wide and abs(equity) <= limit:
        return scale * equity < requirement
    return _is_breached_wide(world, row, stride, count, equity)


@kernel
def _is_breached_wide(world, row, stride, count, equity):
    high = 0
    low = 0
    for i in range(count):
        size = world.position_size[row + i * stride]
        if size != 0:
            k = (row + i * stride) // world.clock[0]["n_traders"]
            value = notional(world, world.instruments[k], size, world.instruments[k]["mark_price"])
            worst_high, worst_low = _schedule_wide(world, world.instruments[k], value)
            high += worst_high
            low += worst_low
    return wide_product_is_negative(world.clock[0]["rate_scale"], equity, high, low)


@kernel
def _schedule_wide(world, instrument, value):
    """The schedule in two words of 31 bits; which tier rules is the tier that the notional falls into."""
    best_high = 0
    best_low = 0
    for row in range(instrument["first_tier"], instrument["first_tier"] + instrument["n_tiers"]):
        if value >= world.tiers[row]["floor"]:
            high = world.tiers[row]["rate"] * (value >> LIMB) - (world.tiers[row]["deduction"] >> LIMB)
            low = world.tiers[row]["rate"] * (value & LIMB_MASK) - (world.tiers[row]["deduction"] & LIMB_MASK)
            high += low >> LIMB
            best_high = high
            best_low = low & LIMB_MASK
    return best_high, best_low


@kernel
def initial_rate(world, instrument, trader, value):
    """Initial margin rate times rate_scale: the trader's chosen leverage, at least the rate of the notional's tier."""
    rate = trader["initial_rate"]
    first = instrument["first_initial_tier"]
    for row in range(first, first + instrument["n_initial_tiers"]):
        if world.tiers[row]["floor"] > value:
            break
        rate = max(rate, world.tiers[row]["rate"])
    return rate


@kernel
def initial_margin(world, instrument, trader, value):
    """Initial margin of one notional in atoms, rounded up."""
    return rate_of(value, initial_rate(world, instrument, trader, value), world.clock[0]["rate_scale"])
