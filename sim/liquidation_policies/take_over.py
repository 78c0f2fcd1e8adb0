"""When the fund takes an account's positions before they are sold."""

from sim.rules.bankruptcy import equity_share
from sim.rules.rounding import rate_of
from sim.terms import kernel
from sim.terms.vocabulary import ADL_BEFORE_FUND
from sim.waterfall_layers.insurance_fund import take_over


@kernel
def passes_to_fund(world, v, equity, maintenance):
    """True when equity is below the share of the maintenance margin at which the fund takes positions, exactly.

    Without equity the order of the waterfall holds: the fund comes first only where its list says so.
    """
    venue = world.venues[v]
    if venue["take_over_rate"] <= 0 or (equity <= 0 and venue["adl_on"] == ADL_BEFORE_FUND):
        return False
    return equity < rate_of(maintenance, venue["take_over_rate"], world.clock[0]["fee_scale"])


@kernel
def fund_takes(world, v, k, trader, lots, cause):
    """Up to `lots` of a position pass to the fund at the bankruptcy price: with their collateral. Lots taken.

    The first of two calls may close opposite inventory only.
    """
    taken = 0
    for _ in range(2):
        if taken < lots:
            taken += take_over(world, v, k, trader, lots - taken, equity_share(world, trader, k), cause)
    return taken
