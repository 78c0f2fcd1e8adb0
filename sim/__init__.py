"""Agent-based market in which leveraged traders are liquidated on a simulated order book."""

__version__ = "0.1.0"
