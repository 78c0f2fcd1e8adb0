"""Trend followers: enter with leverage in the direction of a large recent move, within a budget."""

from typing import Literal

from sim.parts import ASSUMED, PROTOTYPE, Name, Record, dial


class TrendFollower(Record):
    """Dials of the trend followers of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["trend_follower"] = "trend_follower"
    name: Name = dial("trend", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    count: int = dial(1_500, "traders, each of whom enters at most once", unit="rows", source=PROTOTYPE, ge=1, le=1_000_000)
    orders_per_s: float = dial(4.0, "entries while the trigger is met", unit="1/s", source=PROTOTYPE, ge=0, le=10_000)
    trigger_bp: float = dial(40.0, "move within the window that lets them enter", unit="bp", source=PROTOTYPE, gt=0, le=5_000)
    window_s: float = dial(120.0, "window of the move", unit="s", source=PROTOTYPE, ge=1, le=86_400)
    budget_of_open_interest: float = dial(
        0.08, "most notional that all of them may open", unit="of open interest", source=PROTOTYPE, ge=0, le=10
    )
    leverage_median: float = dial(40.0, "median of the chosen leverage", source=PROTOTYPE, ge=1, le=1_000)
    leverage_sigma: float = dial(0.5, "sigma of its logarithm", source=ASSUMED, ge=0, le=3)
    order_median: float = dial(20_000.0, "median notional of an entry", unit="quote", source=ASSUMED, gt=0, le=1e10)
    size_sigma: float = dial(2.0, "sigma of the log-normal entry size", source=ASSUMED, ge=0, le=5)
    max_order: float = dial(5.0e6, "largest notional of an entry", unit="quote", source=ASSUMED, gt=0, le=1e12)
    slippage: float = dial(0.005, "limit of an entry beyond the touch", unit="of price", source=PROTOTYPE, ge=0, le=0.5)
