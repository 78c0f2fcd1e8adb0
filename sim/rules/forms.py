"""Requirements beyond plain tiers: size premium, minimum, closing fee, entry notional, profit that counts in part,
rates that a position keeps from its entry.

Every requirement is a whole number of atoms, rounded up: no rounding favours the account.
"""

from sim.rules.rounding import ceil_div, ceil_root
from sim.rules.worth import unit
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import FORM_AT_ENTRY, FORM_DATED, FORM_EXTENDED, FORM_FEE_AT_BANKRUPTCY, FORM_JUMPS

FINE = 10**9  # premiums, closing fees and withheld shares are parts of this
GROWTH = 4.0  # tiers, premium, fee and withheld profit each follow the notional at a rate of one at most
EDGE_MARGIN = 1e-9  # of displacement, far above the rounding of floats
INVERSE_EDGE = 1e-5  # the same where a lot's coins are whole atoms, a million of them or more
NO_EDGE = 1e300
ROOT_MAX = 4e18  # parts squared of a root of two, from where on the rate stops at one whatever is taken off


@kernel
def tier_row(tiers, first, n, value):
    """Row of the tier that a notional falls into: a tier begins at its floor."""
    row = first
    while row + 1 < first + n and tiers[row + 1]["floor"] <= value:
        row += 1
    return row


@kernel
def size_premium(lots, slope, slope_lots, root, root_lots, root_relief):
    """Parts of FINE that size adds to the rate, at most all of them; slope and root are each rounded up.

    `slope` parts for every `slope_lots` lots, and what the root of `root` parts squared for every `root_lots` lots
    is above `root_relief`.
    """
    never_inline()
    premium = min(ceil_div(slope * lots, slope_lots), FINE)
    if root == 0:
        return premium
    if float(root) * float(lots) >= ROOT_MAX * float(root_lots):
        return FINE
    return min(premium + max(ceil_root(ceil_div(root * lots, root_lots)) - root_relief, 0), FINE)


@kernel
def rate_in_force(base, base_first, rate, reached, scale):
    """Rate of a tier in parts of the scale, rounded up, when the first tier's is `rate` parts of FINE.

    base, base_first: as the schedule states the two; reached: parts of FINE of the way from there to one.
    """
    own = min(ceil_div(base * rate, base_first * (FINE // scale)), max(scale, base))
    if own < scale:
        own += ceil_div((scale - own) * reached, FINE)
    return own


@kernel
def dated_line(world, first, row, dated):
    """(rate, deduction) of a tier for a position that was entered when the first tier's rate was `dated`."""
    scale, base_first = world.clock[0]["rate_scale"], world.tiers[first]["base_rate"]
    last, deduction = 0, 0
    for place in range(first, row + 1):
        tier = world.tiers[place]
        own = rate_in_force(tier["base_rate"], base_first, dated, int(0), scale)
        if tier["base_deduction"] != 0:  # whole-position tiers have none
            deduction += tier["floor"] * (own - last)
        last = own
    return last, deduction


@kernel
def sized_parts(world, first, n, base, premium, inner, least, value, fee, dated):
    """(atoms, parts of FINE) of max(least, min(base, max(inner, tier + premium))) + fee * value, exactly.

    The premium counts on the notional `base`. dated: the first tier's rate in parts of FINE in place of that in force,
    or 0.
    """
    never_inline()
    scale = world.clock[0]["rate_scale"]
    row = tier_row(world.tiers, first, n, base)
    rate, deduction = world.tiers[row]["rate"], world.tiers[row]["deduction"]
    if dated > 0:
        rate, deduction = dated_line(world, first, row, dated)
    rest = base % scale * rate - deduction
    whole = base // scale * rate + rest // scale
    rest = rest % scale * (FINE // scale) + base % FINE * premium
    whole += base // FINE * premium + rest // FINE
    rest = rest % FINE
    if whole < inner:
        whole, rest = inner, 0
    if whole >= base:
        whole, rest = base, 0
    if whole < least:
        whole, rest = least, 0
    rest += value % FINE * fee
    return whole + value // FINE * fee + rest // FINE, rest % FINE


@kernel
def position_requirement(world, instrument, size, entry, dated, price, equity):
    """Requirement in atoms of one position of an extended form, at a price and with its account's equity there.

    Rounded up once. In an arithmetic world every notional is taken at the reference price, whatever the basis.
    """
    never_inline()
    form = instrument["margin_form"]
    worth = size * unit(instrument, price)
    value = abs(worth)
    base = value
    fee, owed, divisor = instrument["closing_fee"], 0, FINE
    if world.clock[0]["arithmetic"] != 0:
        value = abs(size) * instrument["reference_price"] * instrument["tick_value"]
        base = value
    else:
        if form & FORM_AT_ENTRY:
            base = abs(entry)
        if form & FORM_FEE_AT_BANKRUPTCY:  # at the price where nothing is left once the fee is paid
            owed = max(equity - worth if worth < 0 else worth - equity, 0)
            divisor = FINE + fee if worth < 0 else FINE - fee
            fee = 0
    premium = size_premium(
        abs(size), instrument["slope"], instrument["slope_lots"],
        instrument["root"], instrument["root_lots"], instrument["root_relief"],
    )  # fmt: skip
    whole, rest = sized_parts(
        world, instrument["first_tier"], instrument["n_tiers"], base, premium,
        int(0), instrument["minimum_margin"], value, fee,
        dated if form & FORM_DATED else int(0),
    )  # fmt: skip
    held_back = max(worth - entry, 0)
    rest += held_back % FINE * instrument["withheld"]
    whole += held_back // FINE * instrument["withheld"] + rest // FINE
    if owed == 0:
        return whole + int(rest % FINE > 0)
    closing = owed % divisor * instrument["closing_fee"]
    whole += owed // divisor * instrument["closing_fee"] + closing // divisor
    return whole + ceil_div(rest % FINE * divisor + closing % divisor * FINE, FINE * divisor)


@kernel
def growth_of(world, instrument):
    """How many times faster than a notional its account's requirement may grow."""
    form = instrument["margin_form"]
    if form & FORM_FEE_AT_BANKRUPTCY:  # the fee of each of the other positions follows this one's worth
        return GROWTH + float(world.clock[0]["n_instruments"])
    return GROWTH if form & FORM_EXTENDED else 1.0


@kernel
def edge_radius(world, instrument, size, value):
    """Displacement from the anchor below which a notional stays under its next tier, where requirements jump."""
    never_inline()
    form = instrument["margin_form"]
    if not form & FORM_JUMPS or form & FORM_AT_ENTRY or world.clock[0]["arithmetic"] != 0:
        return NO_EDGE
    first, n = instrument["first_tier"], instrument["n_tiers"]
    row = tier_row(world.tiers, first, n, value) + 1
    if row == first + n:
        return NO_EDGE
    anchor = float(abs(size)) * float(abs(unit(instrument, instrument["anchor_price"])))
    if instrument["inverse"] != 0:  # the notional grows as the price falls
        return 1.0 - anchor / float(world.tiers[row]["floor"]) - INVERSE_EDGE
    return float(world.tiers[row]["floor"]) / anchor - 1.0 - EDGE_MARGIN
