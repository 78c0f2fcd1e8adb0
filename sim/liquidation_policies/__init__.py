"""How a venue closes an account in breach."""

from sim.liquidation_policies.sell_off import LiquidationPolicy

PARTS = (LiquidationPolicy,)

__all__ = ["PARTS", "LiquidationPolicy"]
