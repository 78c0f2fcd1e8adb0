"""One run: its summary, and what each group of people won or lost, in basis points of open interest at the start."""

from collections.abc import Mapping
from typing import Any

from sim.runs.run import simulate
from sim.scenario import Scenario

FIGURES = (
    "price_drawdown", "fall_recovered_60min", "liquidated_share_of_open_interest", "long_share_of_liquidated",
    "gross_drain_bp", "net_drain_bp", "adl_share_of_liquidated", "adl_accounts", "liquidated_accounts",
    "depth_trough_ratio",    "open_interest_start", "mean_posted_margin",
)  # fmt: skip
GROUPS = {
    "speculators": ("speculators",),
    "late entrants": ("trend",),
    "makers": ("makers",),
    "outside money": ("arbitrage", "value"),
    "buyers of the fall": ("dip_buyers",),
    "hedged": ("basis",),
}


def measure(scenario: Scenario, cell: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Figures of the summary, profit by group, and what the rule book says about target, throttle and mark."""
    result = simulate(scenario, seed)
    profits = {str(row["population"]): float(row["profit"]) for row in result.evaluation}
    unit = float(result.summary["open_interest_start"]) / 1e4
    groups = {f"profit_{group}": sum(profits[name] for name in names) / unit for group, names in GROUPS.items()}
    (venue,) = scenario.venues.values()
    rules = {
        "title": venue.title,
        "target": venue.liquidation.target,
        "throttled": venue.liquidation.throttle is not None,
        "mark": venue.mark_price.kind,
        "execution": venue.liquidation.execution,
    }
    return {name: result.summary[name] for name in FIGURES} | groups | rules
