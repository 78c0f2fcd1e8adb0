"""Medians of the October scenario beside their bands, and the two checks for a hair trigger."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.statistics import median_interval

HOURS = 2.0  # of a run
CALM_SHARE_MAX = 0.005  # of open interest an hour
CALM_RUNS_MIN = 0.95
SMALL_FALL_MAX = 0.025


@dataclass(frozen=True)
class Target:
    """A summary figure with its band; `arm` says in which runs it is read."""

    name: str
    label: str
    low: float
    high: float
    arm: str = "october"
    digits: int = 2


TARGETS = (
    Target("price_drawdown", "drawdown", 0.09, 0.15, digits=3),
    Target("fall_share_10min", "share of the fall within 10 minutes", 0.67, 0.94),
    Target("overshoot_share_of_fall", "overshoot share of the fall", 0.4, 0.6),
    Target("fall_recovered_60min", "fall regained after 60 minutes", 0.5, 0.8),
    Target("long_share_of_liquidated", "longs' share of liquidated notional", 0.75, 0.95),
    Target("depth_trough_ratio", "depth within 1 % around the low, over calm", 0.02, 0.20),
    Target("adl_share_of_liquidated", "auto-deleveraged over liquidated notional", 0.2, 0.6),
    Target("volatility_bp_per_minute", "calm volatility, bp a minute", 3.0, 7.0, "no_news"),
    Target("spread_median_bp", "spread, bp (one tick is 0.085 to 0.096)", 0.08, 0.10, digits=3),
)


def analyse(runs: pd.DataFrame) -> Analysis:
    """One row a target: median over seeds with its interval and range, and whether it lies in its band."""
    good = runs[runs["error"].isna()]
    rows: list[dict[str, str]] = []
    numbers: list[dict[str, Any]] = []
    for target in TARGETS:
        values = _values(good, target.arm, target.name)
        _add(rows, numbers, target.label, values, target.low, target.high, target.digits)
    october = good[(good["arm"] == "october") & (good["impact"] == "on")]
    twin = good[(good["arm"] == "october") & (good["impact"] == "off")].set_index("seed")["price_drawdown"]
    ratio = (october.set_index("seed")["price_drawdown"] / twin).dropna().tolist()
    _add(rows, numbers, "amplification (fall / fall of the twin)", ratio, None, None, 2)
    for arm, label in (("news_2_percent", "drawdown, news of 2 %"), ("news_3_percent", "drawdown, news of 3 %")):
        if (good["arm"] == arm).any():
            _add(rows, numbers, label, _values(good, arm, "price_drawdown"), None, None, 3)
    checks = _checks(good, october)
    rows += [
        {"quantity": text, "median": value, "95 %": "", "10 to 90 %": "", "band": band, "verdict": word}
        for text, value, band, word in checks
    ]
    outside = [row["quantity"] for row in rows if row["verdict"] == "out"]
    verdict = f"{len(rows) - len(outside)} of {len(rows)} rows are inside their bands or have none."
    if outside:
        verdict += " Outside: " + "; ".join(outside) + "."
    table = pd.DataFrame(rows)
    narrow = table[["quantity", "median", "band", "verdict"]]
    brief = {"October beside the real day": narrow}
    return Analysis(table, brief, pd.DataFrame(numbers), {}, verdict, {"outside": outside})


def _values(runs: pd.DataFrame, arm: str, name: str) -> list[float]:
    chosen = runs[(runs["arm"] == arm) & (runs["impact"] == "on")]
    return [float(value) for value in chosen[name].dropna().tolist()]


def _add(
    rows: list[dict[str, str]], numbers: list[dict[str, Any]], label: str, values: list[float],
    low: float | None, high: float | None, digits: int,
) -> None:  # fmt: skip
    interval = median_interval(list(values))
    middle = interval.estimate
    series = pd.Series(values, dtype=float)
    spread = "" if series.empty else f"{series.quantile(0.1):.{digits}f} to {series.quantile(0.9):.{digits}f}"
    ends = "" if interval.low is None else f"{interval.low:.{digits}f} to {interval.high:.{digits}f}"
    word = ""
    if low is not None and high is not None:
        inside = middle is not None and not math.isnan(middle) and low <= middle <= high
        word = "in" if inside else "out"
    rows.append(
        {
            "quantity": label,
            "median": "-" if middle is None else f"{middle:.{digits}f}",
            "95 %": ends,
            "10 to 90 %": spread,
            "band": "" if low is None else f"{low:g} to {high:g}",
            "verdict": word,
        }
    )
    ends_of = {"low": interval.low, "high": interval.high, "n": len(values)}
    numbers.append({"quantity": label, "estimate": middle} | ends_of)


def _checks(good: pd.DataFrame, october: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """(text, value, band, in or out) of the checks that are shares of runs."""
    both = october[october["first_adl_step"].notna()]
    later = (both["first_adl_step"] >= both["first_fund_payment_step"]).sum()
    calm = pd.Series(_values(good, "no_news", "liquidated_share_of_open_interest")) / HOURS
    quiet = float((calm < CALM_SHARE_MAX).mean())
    small = _values(good, "news_1_percent", "price_drawdown")
    fall = float(pd.Series(small).median())
    return [
        (
            "auto-deleveraging only after the fund paid",
            f"{later} of {len(both)} runs", "all", "in" if later == len(both) else "out",
        ),
        (
            "no news: runs below 0.5 % of open interest liquidated an hour",
            f"{quiet:.3f}", "0.95 or more", "in" if quiet >= CALM_RUNS_MIN else "out",
        ),
        ("drawdown, news of 1 %", f"{fall:.3f}", "below 0.025", "in" if fall < SMALL_FALL_MAX else "out"),
    ]  # fmt: skip
