"""Where the price of a forced sale stops: at bankruptcy, at the fillable price, or a discount below the mark."""

from sim.rules.bankruptcy import band_tick, bankruptcy_tick
from sim.rules.margin import account_margin, account_of, position_margin
from sim.rules.rounding import rate_of, split_share
from sim.rules.worth import unit
from sim.terms import kernel
from sim.terms.vocabulary import EXECUTION_IOC_BELOW_MARK, EXECUTION_IOC_FILLABLE


@kernel
def limit_tick(world, v, k, trader, size, share):
    """Worst tick at which the venue sells a position of `size` lots, rounded toward the mark."""
    execution = world.venues[v]["execution"]
    sign = 1 if size > 0 else -1
    if execution == EXECUTION_IOC_BELOW_MARK:
        return band_tick(world, world.instruments[k], -sign, world.venues[v]["discount_rate"])
    if execution == EXECUTION_IOC_FILLABLE:
        return world.instruments[k]["mark_price"] - sign * fillable_ticks(world, v, k, trader, size)
    return bankruptcy_tick(world.instruments[k], size, share)


@kernel
def fillable_ticks(world, v, k, trader, size):
    """Ticks from the mark to the fillable price: the worse the account, the farther (as on dYdX v4).

    min(adjustment x (1 - equity / maintenance), 1) x spread x the position's maintenance margin, over its lots.
    """
    equity, maintenance = account_margin(world, account_of(world, trader, k))
    scale = world.clock[0]["fee_scale"]
    own = position_margin(world, trader, k)
    short = max(maintenance - max(equity, 0), 0)
    part = short if own >= maintenance else split_share(own, short, maintenance)
    # Floors: minus the negative rounded up.
    atoms = -rate_of(-part, world.venues[v]["fillable_slope"], scale)
    widest = -rate_of(-own, world.venues[v]["fillable_spread"], scale)
    if rate_of(part, world.venues[v]["fillable_adjustment"], scale) >= own:
        atoms = widest
    instrument = world.instruments[k]
    if instrument["inverse"] != 0:  # coins of a lot, in ticks at the mark
        return min(atoms, widest) // abs(size) * instrument["mark_price"] // -unit(instrument, instrument["mark_price"])
    return min(atoms, widest) // (abs(size) * instrument["tick_value"])
