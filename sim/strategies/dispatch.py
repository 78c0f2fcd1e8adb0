"""Which compiled behaviour a population has: one branch a kind."""

from sim.strategies.arbitrageur import arbitrage
from sim.strategies.basis_trader import unwind_basis
from sim.strategies.leveraged_speculator import speculate
from sim.strategies.liquidation_buyer import buy_liquidations
from sim.strategies.market_maker import make_markets
from sim.strategies.noise_trader import trade_noise
from sim.strategies.trend_follower import follow_trend
from sim.terms import kernel
from sim.terms.vocabulary import (
    ARBITRAGEUR,
    BASIS_TRADER,
    LEVERAGED_SPECULATOR,
    LIQUIDATION_BUYER,
    MARKET_MAKER,
    NOISE_TRADER,
    TREND_FOLLOWER,
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
