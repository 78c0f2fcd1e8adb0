"""Hedge mode: a liquidation first closes pairs of legs against themselves, which moves no price."""

from sim.rules.bankruptcy import fee_part, value_at_mark
from sim.rules.leg_trades import unlock
from sim.rules.legs import is_paired
from sim.rules.margin import account_margin
from sim.rules.settlement import transfer
from sim.terms import kernel
from sim.terms.vocabulary import EVENT_LIQUIDATION_FEE


@kernel
def unlock_pairs(world, v, row, stride, count, cause):
    """Before anything is sold: the pairs of an account in hedge mode are closed, for the venue's fee. The lots."""
    if world.legs.shape[0] == 0:
        return 0
    pairs = 0
    trader = row % world.clock[0]["n_traders"]
    for i in range(count):
        k = (row + i * stride) // world.clock[0]["n_traders"]
        freed = is_paired(world, row + i * stride)  # pairs that are charged for their net alone free nothing
        lots = unlock(world, k, trader, cause)
        if lots > 0 and freed:
            charge(
                world,
                v,
                k,
                trader,
                fee_part(world, value_at_mark(world, k, lots), world.venues[v]["unlock_fee"]),
                cause,
            )
        pairs += lots
    return pairs


@kernel
def charge(world, v, k, trader, wanted, cause):
    """The fee on pairs to the fund, capped by what is left of the account."""
    equity, _ = account_margin(world, trader)
    fee = min(wanted, max(equity, 0))
    if fee > 0:
        fund = world.venues[v]["fund"]
        transfer(world, EVENT_LIQUIDATION_FEE, trader, fund, fee, k, trader, fund, cause)
        world.funds[v]["fees"] += fee
