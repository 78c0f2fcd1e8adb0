"""Who trades: one file a strategy, its dials first and its behaviour below."""

from typing import Annotated

from pydantic import Field

from sim.strategies.arbitrageur import Arbitrageur
from sim.strategies.basis_trader import BasisTrader
from sim.strategies.leveraged_speculator import LeveragedSpeculator
from sim.strategies.market_maker import MarketMaker
from sim.strategies.noise_trader import NoiseTrader
from sim.strategies.trend_follower import TrendFollower

Population = Annotated[
    MarketMaker | NoiseTrader | Arbitrageur | TrendFollower | LeveragedSpeculator | BasisTrader,
    Field(discriminator="kind"),
]
PARTS = (MarketMaker, NoiseTrader, Arbitrageur, TrendFollower, LeveragedSpeculator, BasisTrader)

__all__ = [
    "PARTS",
    "Arbitrageur",
    "BasisTrader",
    "LeveragedSpeculator",
    "MarketMaker",
    "NoiseTrader",
    "Population",
    "TrendFollower",
]
