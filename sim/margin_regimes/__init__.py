"""What a position must be backed with."""

from sim.margin_regimes.calls import MarginCalls
from sim.margin_regimes.dynamics import Dynamics, RateDynamics
from sim.margin_regimes.tiered import MarginRegime, Schedule

PARTS = (MarginRegime,)

__all__ = ["PARTS", "Dynamics", "MarginCalls", "MarginRegime", "RateDynamics", "Schedule"]
