"""How much of a position a liquidation is to close: back to compliance, down the tiers, a share, or all of it."""

from sim.rules.bankruptcy import fee_part, value_at_mark
from sim.rules.margin import maintenance_atoms
from sim.rules.rounding import ceil_div, rate_of
from sim.terms import kernel
from sim.terms.vocabulary import TARGET_CLOSE_FACTOR, TARGET_FULL, TARGET_NEXT_TIER


@kernel
def target_lots(world, v, k, held, equity, maintenance):
    """Lots to close of a position of `held` lots; all of it once the account has no equity left."""
    target = world.venues[v]["target"]
    if target == TARGET_FULL or equity <= 0:
        return held
    if target == TARGET_NEXT_TIER:
        return lots_to_lower_tier(world, v, k, held)
    if target == TARGET_CLOSE_FACTOR:
        return rate_of(held, world.venues[v]["close_factor"], world.clock[0]["fee_scale"])
    relief = relief_of_a_lot(world, v, k, held)
    if relief <= 0:
        return held
    gap = wanted_atoms(world, v, maintenance) - equity
    return min(held, max(ceil_div(gap, relief), 0))


@kernel
def wanted_atoms(world, v, maintenance):
    """Equity that a restored account is to have: the maintenance margin and the venue's buffer on it."""
    return maintenance + rate_of(maintenance, world.venues[v]["buffer_rate"], world.clock[0]["fee_scale"])


@kernel
def relief_of_a_lot(world, v, k, held):
    """Atoms by which closing one lot at the mark brings equity closer to what is wanted, fee included."""
    instrument = world.instruments[k]
    one = value_at_mark(world, k, 1)
    freed = maintenance_atoms(world, instrument, held * one)
    freed -= maintenance_atoms(world, instrument, held * one - one)
    freed += freed * world.venues[v]["buffer_rate"] // world.clock[0]["fee_scale"]
    return freed - fee_part(world, one, world.venues[v]["liquidation_fee"])


@kernel
def lots_to_lower_tier(world, v, k, held):
    """Lots down to just below the floor of the position's tier, or of one further down; all in the first tier."""
    first = world.instruments[k]["first_tier"]
    one = value_at_mark(world, k, 1)
    row = first
    for other in range(first + 1, first + world.instruments[k]["n_tiers"]):
        if world.tiers[other]["floor"] <= held * one:
            row = other
    if row == first:
        return held
    floor = world.tiers[max(row - world.venues[v]["tiers_down"], first) + 1]["floor"]
    return held - (ceil_div(floor, one) - 1)
