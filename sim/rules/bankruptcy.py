"""What is left of an account, position by position: its share of equity and its bankruptcy price."""

from sim.rules.margin import account_margin, account_of, notional, position_margin
from sim.rules.rounding import ceil_div, rate_of, split_share
from sim.rules.worth import unit
from sim.terms import kernel, never_inline

UNLIMITED_LOTS = (1 << 31) - 1


@kernel
def equity_share(world, trader, k):
    """Equity in atoms that falls to one position: all of it, or in proportion to maintenance (as on dYdX v4)."""
    never_inline()
    account = account_of(world, trader, k)
    equity, maintenance = account_margin(world, account)
    if account != trader or maintenance == 0:
        return equity
    own = position_margin(world, trader, k)
    return equity if own >= maintenance else split_share(equity, own, maintenance)


@kernel
def bankruptcy_tick(instrument, size, share):
    """Worst whole tick at which closing `size` lots still leaves the position's equity share at or above zero."""
    if instrument["inverse"] != 0:
        return inverse_bankruptcy_tick(instrument, size, share)
    tick_value = instrument["tick_value"]
    balance = share - size * instrument["mark_price"] * tick_value
    if size > 0:
        return ceil_div(-balance, size * tick_value)
    return balance // (-size * tick_value)


@kernel
def inverse_bankruptcy_tick(instrument, size, share):
    """The same in coins: a lot may cost so many at most (or must bring so many) at the tick. No such tick: the end."""
    never_inline()
    value, end = instrument["tick_value"], instrument["ladder"] + instrument["n_levels"] - 1
    each = share // abs(size)
    if size > 0:
        most = each - unit(instrument, instrument["mark_price"])
        return min(ceil_div(value, most), end) if most > 0 else end
    least = -unit(instrument, instrument["mark_price"]) - each
    return min(ceil_div(value, least - 1) - 1, end) if least > 1 else end


@kernel
def band_tick(world, instrument, side, band_rate):
    """Farthest tick from the mark at which the venue may trade, rounded toward the mark; no band: the ladder's end."""
    low = instrument["ladder"]
    high = low + instrument["n_levels"] - 1
    if band_rate < 0:
        return high if side > 0 else low
    valued = instrument["reference_price"] if world.clock[0]["arithmetic"] != 0 else instrument["mark_price"]
    reach = valued * band_rate // world.clock[0]["fee_scale"]
    tick = instrument["mark_price"] + side * reach
    return min(max(tick, low), high)


@kernel
def value_at_mark(world, k, lots):
    """|lots| at mark in atoms (at the reference price in an arithmetic world)."""
    return notional(world, world.instruments[k], lots, world.instruments[k]["mark_price"])


@kernel
def fee_part(world, value, rate):
    """A rate in parts of fee_scale of a value in atoms, rounded up."""
    return rate_of(value, rate, world.clock[0]["fee_scale"])


@kernel
def budget_lots(world, v, k):
    """Lots that the cap on notional a step still allows in an instrument."""
    cap = world.venues[v]["cap_atoms"]
    if cap < 0:
        return UNLIMITED_LOTS
    return max(cap - world.instruments[k]["sold_atoms"], 0) // value_at_mark(world, k, 1)
