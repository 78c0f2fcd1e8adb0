"""Three controls: a larger fund, an index that follows the book, a fall without speed."""

import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.targets import Target, judged, with_forced_share

SHARE = "auto-deleveraged"
REGAINED = "regained"

TARGETS = (
    Target("adl_share_of_liquidated", f"{SHARE}, October's fund", 0.2, 0.6),
    Target("adl_share_of_liquidated", f"{SHARE}, fund stressed by 2 %", arm="fund_stressed_by_2_percent"),
    Target("adl_share_of_liquidated", f"{SHARE}, whole fund", 0.0, 0.0, "whole_fund"),
    Target("price_drawdown", "drawdown, whole fund", arm="whole_fund", digits=3),
    Target("fall_recovered_60min", f"{REGAINED}, index apart", 0.5, 0.8),
    Target("fall_recovered_60min", f"{REGAINED}, index half follows", 0.5, 0.8, "index_half_follows"),
    Target("fall_recovered_60min", f"{REGAINED}, index follows", 0.5, 0.8, "index_follows"),
    Target("fall_recovered_60min", f"{REGAINED}, index follows, nobody knows", arm="nobody_knows"),
    Target("price_drawdown", "drawdown, index half follows", arm="index_half_follows", digits=3),
    Target("price_drawdown", "drawdown, index follows", arm="index_follows", digits=3),
    Target("price_drawdown", "drawdown, index follows, nobody knows", arm="nobody_knows", digits=3),
    Target("adl_share_of_liquidated", f"{SHARE}, index half follows", arm="index_half_follows"),
    Target("adl_share_of_liquidated", f"{SHARE}, index follows", arm="index_follows"),
    Target("forced_share", "forced share, October", 0.4, 0.6),
    Target("forced_share", "forced share, slow sell-off", -0.1, 0.1, "slow_sell_off"),
    Target("fall_recovered_60min", f"{REGAINED}, slow sell-off", -1.0, 0.25, "slow_sell_off"),
    Target("price_drawdown", "drawdown, slow sell-off", arm="slow_sell_off", digits=3),
    Target("liquidated_share_of_open_interest", "liquidated, slow sell-off",
           arm="slow_sell_off", digits=3),
    Target("overshoot_share_of_fall", "overshoot, slow sell-off", arm="slow_sell_off"),
)  # fmt: skip


def analyse(runs: pd.DataFrame) -> Analysis:
    """One row a control: median over seeds, interval, range."""
    return judged("Controls of the October scenario", with_forced_share(runs), TARGETS, (), {})
