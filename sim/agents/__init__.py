"""Mesa agents: populations and institutions that read the tables, and traders written in Python."""

from sim.agents.institutions import InsuranceFund, LiquidationAgent
from sim.agents.market import InstrumentMarket
from sim.agents.orders import Order
from sim.agents.populations import TraderPopulation
from sim.agents.strategy import Strategy
from sim.agents.trader import Trader, TraderOffer
from sim.agents.view import Fill, InstrumentView, MarketView, OpenOrder, PopulationView, StopOrder
from sim.engine.errors import StrategyError

__all__ = [
    "Fill",
    "InstrumentMarket",
    "InstrumentView",
    "InsuranceFund",
    "LiquidationAgent",
    "MarketView",
    "OpenOrder",
    "Order",
    "PopulationView",
    "StopOrder",
    "Strategy",
    "StrategyError",
    "Trader",
    "TraderOffer",
    "TraderPopulation",
]
