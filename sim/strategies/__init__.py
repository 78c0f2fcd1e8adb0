"""Who trades: one file a strategy, its dials first and its behaviour below."""

from typing import Annotated

from pydantic import Field

from sim.strategies.arbitrageur import Arbitrageur
from sim.strategies.basis_trader import BasisTrader
from sim.strategies.leveraged_speculator import LeveragedSpeculator
from sim.strategies.liquidation_buyer import LiquidationBuyer
from sim.strategies.market_maker import MarketMaker
from sim.strategies.noise_trader import NoiseTrader
from sim.strategies.reactions import Answers, Reactions
from sim.strategies.stop_user import StopUse
from sim.strategies.trend_follower import TrendFollower

Population = Annotated[
    MarketMaker | NoiseTrader | Arbitrageur | TrendFollower | LeveragedSpeculator | BasisTrader | LiquidationBuyer,
    Field(discriminator="kind"),
]
PARTS = (MarketMaker, NoiseTrader, Arbitrageur, TrendFollower, LeveragedSpeculator, BasisTrader, LiquidationBuyer)

__all__ = [
    "PARTS",
    "Answers",
    "Arbitrageur",
    "BasisTrader",
    "LeveragedSpeculator",
    "LiquidationBuyer",
    "MarketMaker",
    "NoiseTrader",
    "Population",
    "Reactions",
    "StopUse",
    "TrendFollower",
]
