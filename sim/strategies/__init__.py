"""Who trades: one file a strategy, its dials first and its behaviour below."""

from typing import Annotated

from pydantic import Field

from sim.strategies.arbitrageur import Arbitrageur
from sim.strategies.avellaneda_stoikov import AvellanedaStoikov
from sim.strategies.basis_trader import BasisTrader
from sim.strategies.chartist import Chartist
from sim.strategies.fundamentalist import Fundamentalist
from sim.strategies.funding_trader import FundingTrader
from sim.strategies.hawkes_trader import HawkesTrader
from sim.strategies.leveraged_speculator import LeveragedSpeculator
from sim.strategies.liquidation_buyer import LiquidationBuyer
from sim.strategies.liquidator import Liquidator
from sim.strategies.market_maker import MarketMaker
from sim.strategies.mean_reversion_trader import MeanReversionTrader
from sim.strategies.momentum_trader import MomentumTrader
from sim.strategies.noise_trader import NoiseTrader
from sim.strategies.python_strategy import PythonStrategy
from sim.strategies.reactions import Answers, Reactions
from sim.strategies.signals import SignalTrader
from sim.strategies.sizing import Sizing
from sim.strategies.static_book import StaticBook
from sim.strategies.stop_user import StopUse
from sim.strategies.trend_follower import TrendFollower
from sim.strategies.zero_intelligence import ZeroIntelligence

Population = Annotated[
    MarketMaker
    | NoiseTrader
    | Arbitrageur
    | TrendFollower
    | LeveragedSpeculator
    | BasisTrader
    | LiquidationBuyer
    | Liquidator
    | Fundamentalist
    | Chartist
    | MomentumTrader
    | MeanReversionTrader
    | HawkesTrader
    | FundingTrader
    | PythonStrategy
    | ZeroIntelligence
    | AvellanedaStoikov
    | StaticBook,
    Field(discriminator="kind"),
]
PARTS = (
    MarketMaker,
    NoiseTrader,
    Arbitrageur,
    TrendFollower,
    LeveragedSpeculator,
    BasisTrader,
    LiquidationBuyer,
    Liquidator,
    Fundamentalist,
    Chartist,
    MomentumTrader,
    MeanReversionTrader,
    HawkesTrader,
    FundingTrader,
    PythonStrategy,
    ZeroIntelligence,
    AvellanedaStoikov,
    StaticBook,
)

__all__ = [
    "PARTS",
    "Answers",
    "Arbitrageur",
    "AvellanedaStoikov",
    "BasisTrader",
    "Chartist",
    "Fundamentalist",
    "FundingTrader",
    "HawkesTrader",
    "LeveragedSpeculator",
    "LiquidationBuyer",
    "Liquidator",
    "MarketMaker",
    "MeanReversionTrader",
    "MomentumTrader",
    "NoiseTrader",
    "Population",
    "Reactions",
    "SignalTrader",
    "Sizing",
    "StaticBook",
    "StopUse",
    "PythonStrategy",
    "TrendFollower",
    "ZeroIntelligence",
]
