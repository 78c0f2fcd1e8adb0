"""Which compiled behaviour a population has: one branch a kind."""

from sim.strategies.arbitrageur import arbitrage
from sim.strategies.avellaneda_stoikov import quote_reservation
from sim.strategies.basis_trader import unwind_basis
from sim.strategies.chartist import trade_charts
from sim.strategies.fundamentalist import trade_value
from sim.strategies.funding_trader import trade_funding
from sim.strategies.hawkes_trader import trade_flow
from sim.strategies.leveraged_speculator import speculate
from sim.strategies.liquidation_buyer import buy_liquidations
from sim.strategies.liquidator import lay_off_taken
from sim.strategies.market_maker import make_markets
from sim.strategies.mean_reversion_trader import trade_reversion
from sim.strategies.momentum_trader import trade_momentum
from sim.strategies.noise_trader import trade_noise
from sim.strategies.trend_follower import follow_trend
from sim.strategies.zero_intelligence import arrive_and_leave
from sim.terms import kernel
from sim.terms.vocabulary import (
    ARBITRAGEUR,
    AVELLANEDA_STOIKOV,
    BASIS_TRADER,
    CHARTIST,
    FUNDAMENTALIST,
    FUNDING_TRADER,
    HAWKES_TRADER,
    LEVERAGED_SPECULATOR,
    LIQUIDATION_BUYER,
    LIQUIDATOR,
    MARKET_MAKER,
    MEAN_REVERSION_TRADER,
    MOMENTUM_TRADER,
    NOISE_TRADER,
    TREND_FOLLOWER,
    ZERO_INTELLIGENCE,
)


@kernel
def decide(world, t):
    """Every population looks at the same view and posts its orders."""
    for p in range(world.populations.shape[0]):
        kind = world.populations[p]["kind"]
        if kind == MARKET_MAKER:
            make_markets(world, p, t)
        elif kind == NOISE_TRADER:
            trade_noise(world, p, t)
        elif kind == ARBITRAGEUR:
            arbitrage(world, p, t)
        elif kind == TREND_FOLLOWER:
            follow_trend(world, p, t)
        elif kind == LEVERAGED_SPECULATOR:
            speculate(world, p, t)
        elif kind == BASIS_TRADER:
            unwind_basis(world, p, t)
        elif kind == LIQUIDATION_BUYER:
            buy_liquidations(world, p, t)
        elif kind == LIQUIDATOR:
            lay_off_taken(world, p)
        elif kind == FUNDAMENTALIST:
            trade_value(world, p, t)
        elif kind == CHARTIST:
            trade_charts(world, p, t)
        elif kind == MOMENTUM_TRADER:
            trade_momentum(world, p, t)
        elif kind == MEAN_REVERSION_TRADER:
            trade_reversion(world, p, t)
        elif kind == HAWKES_TRADER:
            trade_flow(world, p, t)
        elif kind == FUNDING_TRADER:
            trade_funding(world, p, t)
        elif kind == ZERO_INTELLIGENCE:
            arrive_and_leave(world, p, t)
        elif kind == AVELLANEDA_STOIKOV:
            quote_reservation(world, p, t)
