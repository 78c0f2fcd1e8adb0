"""How a venue closes an account in breach."""

from sim.liquidation_policies.auction import Auction
from sim.liquidation_policies.policy import LiquidationPolicy
from sim.liquidation_policies.throttle import Ramp, Throttle, TwoPhase, Window

PARTS = (LiquidationPolicy, Throttle, TwoPhase, Window, Ramp, Auction)

__all__ = ["PARTS", "Auction", "LiquidationPolicy", "Ramp", "Throttle", "TwoPhase", "Window"]
