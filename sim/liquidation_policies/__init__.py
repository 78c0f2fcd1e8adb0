"""How a venue closes an account in breach."""

from sim.liquidation_policies.sell_off import LiquidationPolicy
from sim.liquidation_policies.throttle import Throttle, TwoPhase

PARTS = (LiquidationPolicy, Throttle, TwoPhase)

__all__ = ["PARTS", "LiquidationPolicy", "Throttle", "TwoPhase"]
