"""Phases 1 to 4: index, mark, funding, the view."""

from sim.liquidation_policies.resting import withdraw_needless_orders
from sim.margin_regimes.dynamics import update_margin_rates
from sim.price_sources.index import move_index
from sim.price_sources.mark import mid_milli, sample_basis, set_mark, valued_milli
from sim.rules.funding import next_rate, pay_funding, sample_premium
from sim.terms import kernel
from sim.terms.vocabulary import EXECUTION_RESTING_AT_BANKRUPTCY


@kernel
def move_index_prices(world, t):
    """1: the outside world moves."""
    for k in range(world.instruments.shape[0]):
        move_index(world, k, t)


@kernel
def update_mark_prices(world, t):
    """2: sample the basis, set the marks; margin rates that move follow on their clocks."""
    for k in range(world.instruments.shape[0]):
        sample_basis(world, k, t)
        instrument = world.instruments[k]
        sample_premium(instrument, mid_milli(instrument), valued_milli(world, instrument))
        instrument["previous_mark"] = instrument["mark_price"]
        set_mark(world, k, t)
    update_margin_rates(world, t)


@kernel
def settle_funding(world, t):
    """3: on its clock, longs pay shorts or the other way round."""
    for k in range(world.instruments.shape[0]):
        instrument = world.instruments[k]
        since = t - instrument["funding_first"]
        if since >= 0 and since % instrument["funding_interval"] == 0:
            instrument["funding_rate_ppb"] = next_rate(instrument)
            pay_funding(world, k, instrument["funding_rate_ppb"])
            instrument["premium_sum"] = 0
            instrument["premium_count"] = 0


@kernel
def show_market_view(world, t):
    """4: one picture for every strategy, and the mid of this step for those who look back.

    Orders of a venue that nobody needs any more, now that marks and funding are known, leave the book before.
    """
    for v in range(world.venues.shape[0]):
        if world.venues[v]["execution"] == EXECUTION_RESTING_AT_BANKRUPTCY:
            withdraw_needless_orders(world)
    for k in range(world.instruments.shape[0]):
        instrument, view = world.instruments[k], world.market_view[k]
        view["step"] = t
        view["best_bid"] = instrument["best_bid"]
        view["best_ask"] = instrument["best_ask"]
        view["last_price"] = instrument["last_price"]
        view["mark_price"] = instrument["mark_price"]
        view["index_price"] = instrument["index_price"]
        view["mid"] = float(mid_milli(instrument)) / 1000.0
        world.mids[k, t % world.mids.shape[1]] = view["mid"]
