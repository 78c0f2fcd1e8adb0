"""How far marks may move from their anchors before an account can have lost a given room: bounds in floats."""

from sim.rules.forms import GROWTH, edge_radius
from sim.rules.legs import gross_lots, leg_lots
from sim.rules.margin import notional
from sim.terms import kernel, never_inline

SHRINK = 1e-9  # of displacement, far above what the floats of a radius can be off by
ABOVE = 1.0 + 1e-9  # far more than what the floats of a requirement can be off by
NEVER = 1e300
DUE = -1e300
ALWAYS_DUE = -1e200  # looked at in vain, unlike an account that was touched


@kernel
def rise_from_anchor(instrument):
    """Relative distance of a mark above its anchor."""
    anchor = float(instrument["anchor_price"])
    return (float(instrument["mark_price"]) - anchor) / anchor


@kernel
def steepest(world, instrument):
    """Largest rate of an instrument's tiers: what a requirement can grow by with the notional."""
    last = instrument["first_tier"] + instrument["n_tiers"] - 1
    return float(world.tiers[last]["rate"]) / float(world.clock[0]["rate_scale"])


@kernel
def radii_within(room, fallen, risen, falling, rising, either):
    """(radius down, radius up) of an account that has `room` to lose from the anchor prices on, in atoms.

    It loses `falling` for a fall of one and `rising` for a rise of one from there, and at most `either` for a move of
    one from the present displacement. `fallen`, `risen`: largest ones of its own instruments. The bound holds from
    where all of them are within the radii; an account whose positions have moved too far apart is always due.
    """
    if falling == 0.0 and rising == 0.0 and either == 0.0:
        return NEVER, NEVER
    if either == 0.0 and rising == 0.0:
        down, up = room / falling - SHRINK, NEVER
    elif either == 0.0 and falling == 0.0:
        down, up = NEVER, room / rising - SHRINK
    else:
        room -= falling * fallen + rising * risen + either * (fallen + risen)
        each = room / (falling + rising + either) - SHRINK
        down, up = fallen + each, risen + each
    if down < fallen or up < risen:
        return ALWAYS_DUE, ALWAYS_DUE
    return down, up


@kernel
def requirement_bound(world, instrument, value):
    """Maintenance of a notional times rate_scale, as a float that is never below it: no product overflows."""
    worst = 0.0
    first = instrument["first_tier"]
    for row in range(first, first + instrument["n_tiers"]):
        tier = world.tiers[row]
        if tier["floor"] > value:
            break
        worst = max(worst, float(tier["rate"]) * float(value) - float(tier["deduction"]))
    return worst * ABOVE


@kernel
def leg_edge(world, instrument, row):
    """Displacement below which both legs of a position stay under their next tiers."""
    edge = NEVER
    for side in range(-1, 2, 2):
        lots = leg_lots(world, row, side)
        value = notional(world, instrument, lots, instrument["mark_price"])
        edge = min(edge, edge_radius(world, instrument, lots, value))
    return edge


@kernel
def pair_terms(world, instrument, row, ratio):
    """(atoms that two legs lose for a move of one, displacement at a next tier); `ratio`: weight of the requirement."""
    never_inline()
    worth = float(gross_lots(world, row)) * float(instrument["anchor_price"] * instrument["tick_value"])
    return worth * (1.0 + ratio * GROWTH), leg_edge(world, instrument, row)
