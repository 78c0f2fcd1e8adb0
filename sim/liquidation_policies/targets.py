"""How much of a position a liquidation is to close: back to compliance, down the tiers, a share, or all of it."""

from sim.liquidation_policies.compliance import basis, fewest_reaching, lots_to_comply, margin_keeping, wanted_atoms
from sim.rules.bankruptcy import fee_part, value_at_mark
from sim.rules.forms import tier_row
from sim.rules.margin import maintenance_atoms, position_margin
from sim.rules.rounding import ceil_div, rate_of
from sim.terms import kernel
from sim.terms.vocabulary import FORM_EXTENDED, FORM_JUMPS, TARGET_CLOSE_FACTOR, TARGET_FULL, TARGET_NEXT_TIER


@kernel
def target_lots(world, v, k, trader, held, equity, maintenance):
    """Lots to close of a position of `held` lots; all of it once the account has no equity left."""
    target = world.venues[v]["target"]
    if target == TARGET_FULL or equity <= 0:
        return held
    if target == TARGET_NEXT_TIER:
        return lots_to_lower_tier(world, v, k, trader, held)
    if target == TARGET_CLOSE_FACTOR:
        return rate_of(held, world.venues[v]["close_factor"], world.clock[0]["fee_scale"])
    if world.instruments[k]["margin_form"] & FORM_JUMPS:
        return lots_to_comply(world, v, k, trader, equity, maintenance)
    relief = relief_of_a_lot(world, v, k, trader, held, equity)
    if relief <= 0:
        return held
    gap = wanted_atoms(world, v, maintenance) - equity
    return min(held, max(ceil_div(gap, relief), 0))


@kernel
def relief_of_a_lot(world, v, k, trader, held, equity):
    """Atoms by which closing one lot at the mark brings equity closer to what is wanted, fee included."""
    instrument = world.instruments[k]
    one = value_at_mark(world, k, 1)
    fee = fee_part(world, one, world.venues[v]["closing_cost"])
    if instrument["margin_form"] & FORM_EXTENDED:
        freed = position_margin(world, trader, k) - margin_keeping(world, k, trader, held - 1, equity - fee)
    else:
        freed = maintenance_atoms(world, instrument, held * one)
        freed -= maintenance_atoms(world, instrument, held * one - one)
    freed += freed * world.venues[v]["buffer_rate"] // world.clock[0]["fee_scale"]
    return freed - fee


@kernel
def lots_to_lower_tier(world, v, k, trader, held):
    """Lots down to just below the floor of the position's tier, or of one further down; all in the first tier."""
    first = world.instruments[k]["first_tier"]
    position = k * world.clock[0]["n_traders"] + trader
    row = tier_row(world.tiers, first, world.instruments[k]["n_tiers"], basis(world, k, position, held))
    if row == first:
        return held
    floor = world.tiers[max(row - world.venues[v]["tiers_down"], first) + 1]["floor"]
    return held - (fewest_reaching(world, k, position, floor, held) - 1)
