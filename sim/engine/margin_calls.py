"""Phase 7: before the venue sells, traders look at their accounts, and an isolated position in breach may draw on its
owner's wallet."""

from sim.margin_regimes.calls import run_calls
from sim.rules.margin import account_margin, account_trader, is_breached
from sim.rules.scope import run_switches
from sim.rules.settlement import transfer
from sim.strategies.reactions import look_at_accounts
from sim.terms import kernel
from sim.terms.vocabulary import EVENT_TOP_UP, NONE


@kernel
def margin_calls(world, t):
    """7: scopes switch; traders answer to warnings (orders of the next step); automatic top-ups and calls of venues."""
    run_switches(world, t)
    for p in range(world.populations.shape[0]):
        look_at_accounts(world, p, t)
    offered = False
    for v in range(world.venues.shape[0]):
        if world.venues[v]["auto_top_up"] != 0:
            offered = True
    n_traders = world.clock[0]["n_traders"]
    for account in range(n_traders, world.quote_balance.shape[0] if offered else n_traders):
        if world.position_size[account - n_traders] != 0 and is_breached(world, account):
            top_up(world, account)
    if world.clock[0]["calls"] != 0:
        run_calls(world, t)


@kernel
def top_up(world, account):
    """Move what is missing for compliance from the wallet, if the wallet holds all of it."""
    trader = account_trader(world, account)
    population = world.populations[world.traders[trader]["population"]]
    if world.traders[trader]["isolated"] == 0 or world.venues[population["venue"]]["auto_top_up"] == 0:
        return
    equity, maintenance = account_margin(world, account)
    missing = maintenance - equity
    if 0 < missing <= world.quote_balance[trader]:
        k = account // world.clock[0]["n_traders"] - 1
        transfer(world, EVENT_TOP_UP, trader, account, missing, k, trader, trader, NONE)
