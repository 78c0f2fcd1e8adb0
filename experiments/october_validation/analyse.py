"""Medians of the October scenario beside their bands, the checks for a hair trigger, and the controls."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.figures_october import october_figure
from sim.evidence.statistics import median_interval, paired_difference

HOURS = 2.0  # of a run
CALM_SHARE_MAX = 0.005  # of open interest an hour
CALM_RUNS_MIN = 0.95
FALLS_MAX = {"news_1_percent": 0.025, "news_2_percent": 0.05, "news_3_percent": 0.07}
SLOW_RECOVERY_MAX = 0.25
SLOW_LIQUIDATED_MAX = 0.5  # of the October scenario's
LEGS_MIN = 0.5
PICTURE_SEEDS = 20


@dataclass(frozen=True)
class Target:
    """A summary figure with its band (none: reported); `arm` says in which runs it is read."""

    name: str
    label: str
    low: float | None = None
    high: float | None = None
    arm: str = "october"
    digits: int = 2


TARGETS = (
    Target("forced_share", "forced share of the fall (fitted)", 0.4, 0.6),
    Target("price_drawdown", "drawdown", 0.09, 0.15, digits=3),
    Target("fall_share_10min", "share of the fall within 10 minutes", 0.67, 0.94),
    Target("fall_recovered_10min", "fall regained after 10 minutes", 0.43, 0.72),
    Target("fall_recovered_60min", "fall regained after 60 minutes", 0.5, 0.8),
    Target("open_interest_lost", "open interest lost, 60 minutes after the low", 0.10, 0.25, digits=3),
    Target("long_share_of_liquidated", "longs' share of liquidated notional", 0.75, 0.95),
    Target("depth_trough_ratio", "depth within 1 % around the low, over calm", 0.02, 0.20),
    Target("liquidated_share_of_open_interest", "liquidated notional over open interest", digits=3),
    Target("overshoot_share_of_fall", "overshoot share of the fall"),
    Target("adl_share_of_liquidated", "auto-deleveraged over liquidated notional", 0.2, 0.6),
    Target("adl_share_of_liquidated", "the same, event budget of 22 bp", arm="budget_22_bp"),
    Target("adl_share_of_liquidated", "the same, the venue's whole fund", 0.0, 0.0, "whole_fund"),
    Target("volatility_bp_per_minute", "calm volatility, bp a minute", 3.0, 7.0, "no_news"),
    Target("spread_median_bp", "spread, bp (one tick is 0.085 to 0.096)", 0.08, 0.10, digits=3),
    Target("fall_recovered_60min", "regained after 60 minutes, index half follows the book", arm="index_half_follows"),
    Target("fall_recovered_60min", "regained after 60 minutes, index follows the book", arm="index_follows"),
    Target("price_drawdown", "drawdown, index follows the book", arm="index_follows", digits=3),
    Target("price_drawdown", "drawdown, slow sell-off", arm="slow_sell_off", digits=3),
)


def analyse(runs: pd.DataFrame) -> Analysis:
    """One row a target: median over seeds with its interval and range, and whether it lies in its band."""
    good = _with_forced_share(runs[runs["error"].isna()])
    rows: list[dict[str, str]] = []
    numbers: list[dict[str, Any]] = []
    for target in TARGETS:
        if (good["arm"] == target.arm).any():
            _add(rows, numbers, target, _values(good, target.arm, target.name))
    for text, value, band, passed in _checks(good):
        word = "in" if passed else "out"
        rows.append({"quantity": text, "median": value, "95 %": "", "10 to 90 %": "", "band": band, "verdict": word})
    outside = [row["quantity"] for row in rows if row["verdict"] == "out"]
    judged = sum(row["verdict"] != "" for row in rows)
    verdict = f"{judged - len(outside)} of {judged} rows with a band are inside it."
    if outside:
        verdict += " Outside: " + "; ".join(outside) + "."
    table = pd.DataFrame(rows)
    brief = {"October beside the real day": table[["quantity", "median", "band", "verdict"]]}
    seeds = sorted(good.loc[good["arm"] == "october", "seed"].unique())[:PICTURE_SEEDS]
    figures = {"october": october_figure("btc_2025_10_10", [int(seed) for seed in seeds])}
    return Analysis(table, brief, pd.DataFrame(numbers), figures, verdict, {"outside": outside})


def _with_forced_share(runs: pd.DataFrame) -> pd.DataFrame:
    """Adds 1 - fall of the impact-off twin / fall, and fall / fall of the twin, to the runs with impact."""
    twins = runs[runs["impact"] == "off"].set_index(["arm", "seed"])["price_drawdown"]
    runs = runs[runs["impact"] == "on"].copy()
    twin = twins.reindex(pd.MultiIndex.from_frame(runs[["arm", "seed"]])).to_numpy(dtype=float, na_value=math.nan)
    fall = runs["price_drawdown"].to_numpy(dtype=float, na_value=math.nan)
    runs["forced_share"], runs["amplification"] = 1.0 - twin / fall, fall / twin
    return runs


def _values(runs: pd.DataFrame, arm: str, name: str) -> list[float]:
    return [float(value) for value in runs.loc[runs["arm"] == arm, name].dropna().tolist()]


def _add(rows: list[dict[str, str]], numbers: list[dict[str, Any]], target: Target, values: list[float]) -> None:
    interval, digits = median_interval(list(values)), target.digits
    middle = interval.estimate
    series = pd.Series(values, dtype=float)
    spread = "" if series.empty else f"{series.quantile(0.1):.{digits}f} to {series.quantile(0.9):.{digits}f}"
    ends = "" if interval.low is None else f"{interval.low:.{digits}f} to {interval.high:.{digits}f}"
    word, band = "", ""
    if target.low is not None and target.high is not None:
        inside = middle is not None and not math.isnan(middle) and target.low <= middle <= target.high
        word, band = "in" if inside else "out", f"{target.low:g} to {target.high:g}"
    rows.append(
        {
            "quantity": target.label,
            "median": "-" if middle is None else f"{middle:.{digits}f}",
            "95 %": ends,
            "10 to 90 %": spread,
            "band": band,
            "verdict": word,
        }
    )
    ends_of = {"low": interval.low, "high": interval.high, "n": len(values)}
    numbers.append({"quantity": target.label, "estimate": middle} | ends_of)


def _checks(good: pd.DataFrame) -> list[tuple[str, str, str, bool]]:
    """(text, value, band, passed) of the checks that are shares of runs or differences of arms."""
    october = good[good["arm"] == "october"].set_index("seed")
    both = october[october["first_adl_step"].notna()]
    later = int((both["first_adl_step"] >= both["first_fund_payment_step"]).sum())
    legs = float((october["fall_legs"].astype(float) > 1.0).mean())
    calm = pd.Series(_values(good, "no_news", "liquidated_share_of_open_interest")) / HOURS
    quiet = float((calm < CALM_SHARE_MAX).mean())
    found = [
        ("more than one leg", f"{legs:.2f} of seeds", "0.5 or more", legs >= LEGS_MIN),
        ("auto-deleveraging only after the fund paid", f"{later} of {len(both)} runs", "all", later == len(both)),
        ("no news: runs below 0.5 % of open interest liquidated an hour", f"{quiet:.3f}", "0.95 or more",
         quiet >= CALM_RUNS_MIN),
    ]  # fmt: skip
    for arm, most in FALLS_MAX.items():
        fall = float(pd.Series(_values(good, arm, "price_drawdown")).median())
        found.append((f"drawdown, news of {arm[5]} % in five minutes", f"{fall:.3f}", f"below {most:g}", fall < most))
    return found + _controls(good, october)


def _controls(good: pd.DataFrame, october: pd.DataFrame) -> list[tuple[str, str, str, bool]]:
    found = []
    if (good["arm"] == "makers_stay").any():
        stay = good[good["arm"] == "makers_stay"].set_index("seed")["amplification"]
        pairs = pd.concat([stay, october["amplification"]], axis=1, keys=["stay", "leave"]).dropna()
        raised = paired_difference(pairs["stay"].tolist(), pairs["leave"].tolist())
        above = raised.low is not None and raised.low > 0.0
        found.append(("amplification, makers leave less makers stay", raised.text(2), "interval above 0", above))
    if (good["arm"] == "slow_sell_off").any():
        slow = good[good["arm"] == "slow_sell_off"]
        regained = float(slow["fall_recovered_60min"].astype(float).median())
        share = float(slow["liquidated_share_of_open_interest"].astype(float).median())
        share /= float(october["liquidated_share_of_open_interest"].astype(float).median())
        text = f"below {SLOW_RECOVERY_MAX:g}"
        found.append(("slow sell-off: regained after 60 minutes", f"{regained:.2f}", text, regained < SLOW_RECOVERY_MAX))
        text = f"below {SLOW_LIQUIDATED_MAX:g}"
        found.append(("slow sell-off: liquidated over October's", f"{share:.2f}", text, share < SLOW_LIQUIDATED_MAX))
    return found
