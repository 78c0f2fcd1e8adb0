"""Mesa agents: populations and institutions that read the tables, and traders written in Python."""

from sim.agents.institutions import InsuranceFund, LiquidationAgent
from sim.agents.orders import Order
from sim.agents.populations import TraderPopulation
from sim.agents.trader import Trader, TraderOffer
from sim.agents.view import Fill, InstrumentView, MarketView, OpenOrder, StopOrder

__all__ = [
    "Fill",
    "InstrumentView",
    "InsuranceFund",
    "LiquidationAgent",
    "MarketView",
    "OpenOrder",
    "Order",
    "StopOrder",
    "Trader",
    "TraderOffer",
    "TraderPopulation",
]
