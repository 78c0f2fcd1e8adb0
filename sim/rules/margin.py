"""Equity, maintenance and initial margin of an account: exact integers, cross-multiplied, never divided.

Maintenance of a notional N is a line in each tier, (rate * N - deduction) / rate_scale: marginal tiers have the
deductions that make it continuous, whole-position tiers have none. Requirements here stay multiplied by rate_scale.
Instruments with an extended form (`rules/forms.py`) ask for whole atoms, which are taken off equity.
"""

from sim.rules.forms import position_requirement, size_premium, sized_parts
from sim.rules.legs import is_paired, pair_requirement
from sim.rules.rounding import LIMB, LIMB_MASK, ceil_div, rate_of, wide_product_is_negative
from sim.rules.worth import unit
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import FORM_AT_ENTRY, FORM_EXTENDED, FORM_INITIAL_MARGINAL

SAFE_BITS = 1 << 62


@kernel
def notional(world, instrument, lots, price):
    """|lots| x price in atoms; in an arithmetic world every lot is valued at the reference price."""
    if world.clock[0]["arithmetic"] != 0:
        price = instrument["reference_price"]
    return abs(lots * unit(instrument, price))


@kernel
def schedule(tiers, first, n, value):
    """Requirement of a notional in atoms times rate_scale: the line of the tier that it falls into."""
    needed = 0
    for row in range(first, first + n):
        if tiers[row]["floor"] > value:
            break
        needed = tiers[row]["rate"] * value - tiers[row]["deduction"]
    return needed


@kernel
def account_span(world, account):
    """(first position row, stride, count) of the positions that an account's balance backs."""
    n_traders = world.clock[0]["n_traders"]
    isolated = world.traders[account % n_traders]["isolated"] != 0
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
    if world.traders[trader]["isolated"] != 0:
        return world.clock[0]["n_traders"] * (1 + k) + trader
    return trader


@kernel
def account_margin(world, account):
    """(equity in atoms, maintenance in atoms rounded up) of an account at the mark prices."""
    return account_margin_at(world, account, False)


@kernel
def account_margin_at(world, account, at_index):
    """The same at the mark prices or at the index prices; profit that does not count is part of maintenance."""
    never_inline()
    first, stride, count = account_span(world, account)
    row = first
    equity = world.quote_balance[account]
    requirement = 0
    extended = False
    for _ in range(count):
        size = world.position_size[row]
        paired = is_paired(world, row)
        if size != 0 or paired:
            instrument = world.instruments[row // world.clock[0]["n_traders"]]
            price = instrument["index_price"] if at_index else instrument["mark_price"]
            equity += size * unit(instrument, price)
            if paired or instrument["margin_form"] & FORM_EXTENDED:
                extended = True
            else:
                requirement += maintenance_atoms(world, instrument, notional(world, instrument, size, price))
        row += stride
    if extended:
        requirement += extended_requirements(world, first, stride, count, equity, at_index)
    return equity, requirement


@kernel
def extended_requirements(world, row, stride, count, equity, at_index):
    """Atoms that an account's positions of extended forms need together."""
    never_inline()
    needed = 0
    for _ in range(count):
        size = world.position_size[row]
        instrument = world.instruments[row // world.clock[0]["n_traders"]]
        price = instrument["index_price"] if at_index else instrument["mark_price"]
        if is_paired(world, row):
            needed += pair_requirement(world, instrument, row, price)
        elif size != 0 and instrument["margin_form"] & FORM_EXTENDED:
            entry, dated = world.entry_value[row], world.positions[row]["margin_rate"]
            needed += position_requirement(world, instrument, size, entry, dated, price, equity)
        row += stride
    return needed


@kernel
def position_margin(world, trader, k):
    """Maintenance in atoms of one position at the mark, as `account_margin` adds it up."""
    never_inline()
    row = k * world.clock[0]["n_traders"] + trader
    size, instrument = world.position_size[row], world.instruments[k]
    mark = instrument["mark_price"]
    if is_paired(world, row):
        return pair_requirement(world, instrument, row, mark)
    if size == 0:
        return 0
    if instrument["margin_form"] & FORM_EXTENDED:
        equity, _ = account_margin(world, account_of(world, trader, k))
        dated = world.positions[row]["margin_rate"]
        return position_requirement(world, instrument, size, world.entry_value[row], dated, mark, equity)
    return maintenance_atoms(world, instrument, notional(world, instrument, size, mark))


@kernel
def held_excess(world, trader, k):
    """Atoms by which a position's requirement is above the initial margin of what is held: kept rates, profit withheld.

    Whoever compares equity with initial margin adds it, so that nobody is admitted into a breach.
    """
    row = k * world.clock[0]["n_traders"] + trader
    size, instrument = world.position_size[row], world.instruments[k]
    if size == 0 or instrument["margin_form"] & FORM_EXTENDED == 0 or is_paired(world, row):
        return 0
    return _excess_by_form(world, trader, k, size)


@kernel
def _excess_by_form(world, trader, k, size):
    never_inline()
    row, instrument = k * world.clock[0]["n_traders"] + trader, world.instruments[k]
    value = notional(world, instrument, size, instrument["mark_price"])
    if instrument["margin_form"] & FORM_AT_ENTRY and world.clock[0]["arithmetic"] == 0:
        value = abs(world.entry_value[row])
    initial = initial_margin(world, instrument, world.traders[trader], value, abs(size))
    return max(position_margin(world, trader, k) - initial, 0)


@kernel
def maintenance_atoms(world, instrument, value):
    """Maintenance of one notional in atoms, rounded up."""
    return schedule_atoms(world, instrument["first_tier"], instrument["n_tiers"], value)


@kernel
def schedule_atoms(world, first, n, value):
    """A schedule's margin in atoms, rounded up; splits the product when it would pass 62 bits."""
    scale = world.clock[0]["rate_scale"]
    if value < SAFE_BITS // scale:
        return ceil_div(schedule(world.tiers, first, n, value), scale)
    needed = 0
    for row in range(first, first + n):
        if world.tiers[row]["floor"] > value:
            break
        rate = world.tiers[row]["rate"]
        needed = (value // scale) * rate + ceil_div((value % scale) * rate - world.tiers[row]["deduction"], scale)
    return needed


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
    extended = False
    for i in range(count):
        size = world.position_size[row + i * stride]
        paired = is_paired(world, row + i * stride)
        if size != 0 or paired:
            k = (row + i * stride) // world.clock[0]["n_traders"]
            mark = world.instruments[k]["mark_price"]
            equity += size * unit(world.instruments[k], mark)
            value = notional(world, world.instruments[k], size, mark)
            if paired or world.instruments[k]["margin_form"] & FORM_EXTENDED:
                extended = True
            elif value > limit:
                wide = True
            else:
                requirement += schedule(
                    world.tiers, world.instruments[k]["first_tier"], world.instruments[k]["n_tiers"], value
                )
    if extended:
        equity -= extended_requirements(world, row, stride, count, equity, False)
    if not wide and abs(equity) <= limit:
        return scale * equity < requirement
    return _is_breached_wide(world, row, stride, count, equity)


@kernel
def _is_breached_wide(world, row, stride, count, equity):
    high = 0
    low = 0
    for i in range(count):
        size = world.position_size[row + i * stride]
        k = (row + i * stride) // world.clock[0]["n_traders"]
        form = world.instruments[k]["margin_form"]
        if size != 0 and not form & FORM_EXTENDED and not is_paired(world, row + i * stride):
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
def initial_margin(world, instrument, trader, value, lots):
    """Initial margin in atoms, rounded up, of a notional that `lots` make up."""
    form = instrument["margin_form"]
    if form & (FORM_EXTENDED | FORM_INITIAL_MARGINAL) == 0:
        return rate_of(value, initial_rate(world, instrument, trader, value), world.clock[0]["rate_scale"])
    return _initial_margin_by_form(world, instrument, trader["initial_rate"], value, lots)


@kernel
def _initial_margin_by_form(world, instrument, own_rate, value, lots):
    """The closing fee counts on the notional at hand, at whatever price it will be taken later."""
    never_inline()
    own = rate_of(value, own_rate, world.clock[0]["rate_scale"])
    if value <= 0:
        return own
    premium = size_premium(
        lots, instrument["initial_slope"], instrument["initial_slope_lots"],
        instrument["initial_root"], instrument["initial_root_lots"], instrument["initial_root_relief"],
    )  # fmt: skip
    whole, rest = sized_parts(
        world, instrument["first_initial_tier"], instrument["n_initial_tiers"], value, premium,
        instrument["initial_minimum"], instrument["minimum_margin"], value, instrument["closing_fee"], int(0),
    )  # fmt: skip
    return max(own, whole + int(rest > 0))
