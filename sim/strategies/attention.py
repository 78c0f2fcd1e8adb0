"""Which looks at an account can be passed: a bound like the safe radius, for all that a look may answer to.

A look that found nothing to do notes the displacement from the anchor prices up to which the next ones find nothing
either. Floats decide only when to look, never the outcome; an account that was touched is always looked at.
"""

from sim.rules.forms import edge_radius, growth_of
from sim.rules.inverse_bound import NEAR, inverse_terms
from sim.rules.legs import is_paired
from sim.rules.margin import account_margin, account_of, account_span, notional
from sim.rules.radii import NEVER, pair_terms, radii_within, rise_from_anchor, steepest
from sim.rules.safe_radius import FALL, RISE
from sim.strategies.stop_user import uses_stops
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import FORM_EXTENDED


@kernel
def note_calm(world, p, k, row):
    """After a look without an answer: note up to where the account's next looks, in any instrument, have none."""
    never_inline()
    population = world.populations[p]
    account = account_of(world, population["first_trader"] + row, k)
    if population["leverage_band"] > 0.0 or world.clock[0]["margin_check"] != 0:
        return  # the check of every account is also an answer without short cuts to compare with
    position, stride, count = account_span(world, account)
    ratio = population["warning_ratio"]
    falling, rising, either, gained = 0.0, 0.0, 0.0, 0.0
    fallen, risen, edge, lowest = -NEVER, -NEVER, NEVER, NEVER
    for _ in range(count):
        k = position // world.clock[0]["n_traders"]
        size, asleep = world.position_size[position], world.positions[position]["first_stop"] >= 0
        if (size == 0 and asleep) or (size != 0 and not asleep and uses_stops(world, p, k, row)):
            return
        if is_paired(world, position):
            moved = rise_from_anchor(world.instruments[k])
            fallen, risen = max(fallen, -moved), max(risen, moved)
            lost, near = pair_terms(world, world.instruments[k], position, ratio)
            either += lost
            edge = min(edge, near)
        elif size != 0 and ratio > 0.0:
            instrument = world.instruments[k]
            worth = float(abs(size)) * float(instrument["anchor_price"] * instrument["tick_value"])
            moved = rise_from_anchor(instrument)
            fallen, risen = max(fallen, -moved), max(risen, moved)
            growth = ratio * steepest(world, instrument)  # of what is warned of, with the notional
            if instrument["margin_form"] != 0:
                value = notional(world, instrument, size, instrument["mark_price"])
                edge = min(edge, edge_radius(world, instrument, size, value))
            if instrument["inverse"] != 0:
                lost, rounded = inverse_terms(instrument, size, ratio * growth_of(world, instrument))
                either, gained, lowest = either + lost, gained + rounded, NEAR
            elif instrument["margin_form"] & FORM_EXTENDED:
                either += worth * (1.0 + ratio) * growth_of(world, instrument)
            elif size < 0:
                rising += worth * (1.0 + growth)
                gained -= worth * (1.0 + growth) * moved
            else:
                falling += worth
                gained += worth * moved
                if growth > 1.0:  # what is warned of grows faster than the profit
                    rising += worth * (growth - 1.0)
                    gained -= worth * (growth - 1.0) * moved
        position += stride
    # Every position's maintenance is rounded by less than an atom.
    equity, maintenance = account_margin(world, account)
    room = float(equity) - ratio * float(maintenance + count + 1) - gained
    down, up = radii_within(room, fallen, risen, falling, rising, either)
    if lowest < NEVER:
        down, edge = min(min(down, edge), lowest), NEVER
    world.look_radius[FALL, account] = down
    world.look_radius[RISE, account] = min(up, edge)


@kernel
def anybody_holds(world, p, k, first, end):
    """True when one of a population's rows [first, end) has a position."""
    start = k * world.clock[0]["n_traders"] + world.populations[p]["first_trader"]
    for position in range(start + first, start + end):
        if world.position_size[position] != 0:
            return True
    return False
