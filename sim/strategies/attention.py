"""Which looks at an account can be passed: a bound like the safe radius, for all that a look may answer to.

A look that found nothing to do notes the displacement from the anchor prices up to which the next ones find nothing
either. Floats decide only when to look, never the outcome; an account that was touched is always looked at.
"""

from sim.rules.forms import edge_radius, growth_of
from sim.rules.margin import account_margin, account_of, account_span, notional
from sim.rules.safe_radius import NEVER, SHRINK
from sim.strategies.stop_user import uses_stops
from sim.terms import kernel, never_inline

BLOCK = 128  # rows that are passed together
ROUNDING = 1e-9  # of displacement, far above what the floats below can be off by


@kernel
def note_calm(world, p, k, row, moved):
    """After a look without an answer: note up to where the account's next looks, in any instrument, have none."""
    never_inline()
    population = world.populations[p]
    account = account_of(world, population["first_trader"] + row, k)
    if population["leverage_band"] > 0.0 or world.clock[0]["margin_check"] != 0:
        return  # the check of every account is also an answer without short cuts to compare with
    position, stride, count = account_span(world, account)
    weight = 0.0
    edge = NEVER
    for _ in range(count):
        instrument = position // world.clock[0]["n_traders"]
        size, asleep = world.position_size[position], world.positions[position]["stops"]
        if (size == 0 and asleep > 0) or (size != 0 and asleep == 0 and uses_stops(world, p, instrument, row)):
            return
        value = float(world.instruments[instrument]["anchor_price"] * world.instruments[instrument]["tick_value"])
        if size != 0 and world.instruments[instrument]["margin_form"] != 0:
            terms = world.instruments[instrument]
            value *= growth_of(world, terms)
            edge = min(edge, edge_radius(world, terms, size, notional(world, terms, size, terms["mark_price"])))
        weight += float(abs(size)) * value
        position += stride
    if weight == 0.0 or population["warning_ratio"] <= 0.0:
        world.look_radius[account] = NEVER
        return
    # A move of r of the anchor prices takes r * weight of equity and adds at most as much to the maintenance,
    # whose largest rate is one; every position's maintenance is rounded by less than an atom. Other forms grow
    # faster, and whole-position tiers jump at their edges.
    ratio = population["warning_ratio"]
    equity, maintenance = account_margin(world, account)
    room = float(equity) - ratio * float(maintenance + count + 1)
    world.look_radius[account] = min(room / (weight * (1.0 + ratio)) * SHRINK - moved, edge) - ROUNDING


@kernel
def anybody_holds(world, p, k, first, end):
    """True when one of a population's rows [first, end) has a position."""
    start = k * world.clock[0]["n_traders"] + world.populations[p]["first_trader"]
    for position in range(start + first, start + end):
        if world.position_size[position] != 0:
            return True
    return False
