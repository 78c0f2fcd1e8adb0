"""Figures of runs beside bands that were set before: one row a target, with its verdict."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.statistics import median_interval

Check = tuple[str, str, str, bool]  # text, value, band (empty: reported only), passed


@dataclass(frozen=True)
class Target:
    """A summary figure with its band (none: reported); `arm` says in which runs it is read."""

    name: str
    label: str
    low: float | None = None
    high: float | None = None
    arm: str = "october"
    digits: int = 2


def with_forced_share(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with impact, and beside their twins without: forced share 1 - twin / fall, amplification fall / twin."""
    runs = runs[runs["error"].isna()]
    twins = runs[runs["impact"] == "off"].set_index(["arm", "seed"])["price_drawdown"]
    runs = runs[runs["impact"] == "on"].copy()
    twin = twins.reindex(pd.MultiIndex.from_frame(runs[["arm", "seed"]])).to_numpy(dtype=float, na_value=math.nan)
    fall = runs["price_drawdown"].to_numpy(dtype=float, na_value=math.nan)
    runs["forced_share"], runs["amplification"] = 1.0 - twin / fall, fall / twin
    return runs


def values_of(runs: pd.DataFrame, arm: str, name: str) -> list[float]:
    """The known values of one figure in one arm."""
    return [float(value) for value in runs.loc[runs["arm"] == arm, name].dropna().tolist()]


def judged(
    title: str, runs: pd.DataFrame, targets: Sequence[Target], checks: Iterable[Check], figures: dict[str, bytes]
) -> Analysis:
    """The answer: a row a target (median over seeds, interval, range, verdict), then the checks."""
    rows: list[dict[str, str]] = []
    numbers: list[dict[str, Any]] = []
    for target in targets:
        if (runs["arm"] == target.arm).any():
            row, number = _judge(target, values_of(runs, target.arm, target.name))
            rows.append(row)
            numbers.append(number)
    for text, value, band, passed in checks:
        word = "" if not band else "in" if passed else "out"
        rows.append({"quantity": text, "median": value, "95 %": "", "10 to 90 %": "", "band": band, "verdict": word})
    outside = [row["quantity"] for row in rows if row["verdict"] == "out"]
    with_band = sum(row["verdict"] != "" for row in rows)
    verdict = f"{with_band - len(outside)} of {with_band} rows with a band are inside it."
    if outside:
        verdict += " Outside: " + "; ".join(outside) + "."
    table = pd.DataFrame(rows)
    brief = {title: table[["quantity", "median", "band", "verdict"]]}
    return Analysis(table, brief, pd.DataFrame(numbers), figures, verdict, {"outside": outside})


def _judge(target: Target, values: list[float]) -> tuple[dict[str, str], dict[str, Any]]:
    interval, digits = median_interval(list(values)), target.digits
    middle = interval.estimate
    series = pd.Series(values, dtype=float)
    spread = "" if series.empty else f"{series.quantile(0.1):.{digits}f} to {series.quantile(0.9):.{digits}f}"
    ends = "" if interval.low is None else f"{interval.low:.{digits}f} to {interval.high:.{digits}f}"
    word, band = "", ""
    if target.low is not None and target.high is not None:
        inside = middle is not None and not math.isnan(middle) and target.low <= middle <= target.high
        word, band = "in" if inside else "out", f"{target.low:g} to {target.high:g}"
    row = {
        "quantity": target.label,
        "median": "-" if middle is None else f"{middle:.{digits}f}",
        "95 %": ends,
        "10 to 90 %": spread,
        "band": band,
        "verdict": word,
    }
    ends_of = {"low": interval.low, "high": interval.high, "n": len(values)}
    return row, {"quantity": target.label, "estimate": middle} | ends_of
