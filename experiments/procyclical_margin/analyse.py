"""Each way to hold a margin beside the flat one and the moving average alone: paired differences, and a picture."""

import math

import numpy as np
import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.figures_procyclical import procyclical_figure
from sim.evidence.figures_venues import Panel
from sim.evidence.statistics import Interval, mean_interval, paired_bootstrap

FLAT, ALONE = "flat", "moving_average"
RULES = ("floor", "buffer", "stressed_weight", "step_limit")
NEWS_MINUTES = (30.0, 36.0, 48.0)
FIGURES = {  # column: (heading, heading on a terminal, factor)
    "mean_rate": ("mean rate, %", "mean %", 100.0),
    "maintenance_peak_to_trough": ("peak to trough, times", "peak/trough", 1.0),
    "maintenance_rise_1min": ("largest rise in 1 min, times", "1 min", 1.0),
    "maintenance_rise_5min": ("largest rise in 5 min, times", "5 min", 1.0),
    "maintenance_rise_30min": ("largest rise in 30 min, times", "30 min", 1.0),
    "liquidated_share_of_open_interest": ("liquidated, % of open interest", "sold %", 100.0),
    "price_drawdown": ("fall, %", "fall %", 100.0),
    "gross_drain_bp": ("bad debt (gross drain), bp", "bad debt", 1.0),
    "net_drain_bp": ("drain on the fund (net), bp", "fund", 1.0),
    "branching_ratio": ("share of liquidations that others induced", "induced", 1.0),
}
PANELS = {  # what the picture shows of them: the change against the flat margin
    "liquidated_share_of_open_interest": ("liquidated, points\nof open interest", 100.0),
    "gross_drain_bp": ("bad debt\n(gross drain), bp", 1.0),
    "net_drain_bp": ("drain on the\nfund (net), bp", 1.0),
}
LEGEND = """peak/trough and largest rises of the maintenance rate of BTCUSDT, times;
sold: of open interest at the start; bad debt, fund: gross and net drain in bp of it.
Means; * the 95 % bootstrap interval of the paired difference to flat excludes 0"""


def analyse(runs: pd.DataFrame) -> Analysis:
    """A row an arm; then the claims, each with the differences that it rests on."""
    good = runs[runs["error"].isna()]
    arms = [arm for arm in (FLAT, ALONE, *RULES) if arm in set(good["arm"])]
    values = {(arm, name): _values(good, arm, name) for arm in arms for name in FIGURES}
    means = {key: mean_interval(row) for key, row in values.items()}
    moved = {(arm, name): paired_bootstrap(values[FLAT, name], values[arm, name]) for arm, name in values}
    table = pd.DataFrame(
        {"margin": arm.replace("_", " ")}
        | {text: means[arm, name].text(2, factor) for name, (text, _, factor) in FIGURES.items()}
        for arm in arms
    )
    numbers = pd.DataFrame(
        {"margin": arm, "quantity": name, "estimate": cell.estimate, "low": cell.low, "high": cell.high,
         "difference": moved[arm, name].estimate, "difference_low": moved[arm, name].low,
         "difference_high": moved[arm, name].high}
        for (arm, name), cell in means.items()
    )  # fmt: skip
    brief = {
        "How the margin moves": pd.DataFrame(_brief(arm, list(FIGURES)[:5], means, moved) for arm in arms),
        "What it leaves behind": pd.DataFrame(_brief(arm, list(FIGURES)[5:], means, moved) for arm in arms),
    }
    panels = [Panel(text, [moved[arm, name] for arm in arms], factor) for name, (text, factor) in PANELS.items()]
    rates = {arm: _mean_path(good, arm) for arm in arms}
    picture = procyclical_figure(rates, panels, NEWS_MINUTES, "Equal mean margin, asked for at different times")
    verdict, facts = _claims(values)
    return Analysis(table, brief, numbers, {"procyclical_margin": picture}, verdict, facts, LEGEND)


def _values(runs: pd.DataFrame, arm: str, name: str) -> list[float]:
    rows = runs[runs["arm"] == arm].sort_values("seed")
    return [math.nan if pd.isna(value) else float(value) for value in rows[name].tolist()]


def _mean_path(runs: pd.DataFrame, arm: str) -> list[float]:
    """Mean over seeds of the rate by minute, per cent."""
    paths = [[float(word) for word in str(text).split()] for text in runs[runs["arm"] == arm]["rates_by_minute"]]
    return [float(value) for value in np.mean(paths, axis=0)]


def _brief(
    arm: str, names: list[str], means: dict[tuple[str, str], Interval], moved: dict[tuple[str, str], Interval]
) -> dict[str, str]:
    row = {"margin": arm.replace("_", " ")}
    for name in names:
        _, short, factor = FIGURES[name]
        middle = means[arm, name].estimate
        sign = "*" if name != "mean_rate" and moved[arm, name].side else ""  # means are equal but for rounding
        row[short] = "-" if middle is None else f"{middle * factor:.2f}{sign}"
    return row


def _claims(values: dict[tuple[str, str], list[float]]) -> tuple[str, dict[str, str]]:
    sold, owed = "liquidated_share_of_open_interest", "gross_drain_bp"
    named = (
        ("A", "each rule is less procyclical than the moving average alone", ALONE, RULES,
         ("maintenance_peak_to_trough", "maintenance_rise_5min"), -1),
        ("B", "procyclical margin sells more than a flat one", FLAT, (ALONE,), (sold,), 1),
        ("C", "each rule sells less than the moving average alone", ALONE, RULES, (sold,), -1),
        ("D", "the moving average leaves less bad debt than the flat margin", FLAT, (ALONE,), (owed,), -1),
        ("E", "the step limit leaves more bad debt than the moving average", ALONE, ("step_limit",), (owed,), 1),
    )  # fmt: skip
    lines, facts = [], {}
    for letter, words, base, arms, names, wanted in named:
        cells = {
            (arm, name): paired_bootstrap(values[base, name], values[arm, name])
            for name in names
            for arm in arms
            if (arm, name) in values and (base, name) in values
        }
        sides = [cell.side * wanted for cell in cells.values()]
        word = "refuted" if -1 in sides else "supported" if sides and min(sides) == 1 else "undecided"
        lines.append(f"Claim {letter}: {words}: {word}.")
        for (arm, name), cell in cells.items():
            text, _, factor = FIGURES[name]
            lines.append(f"  {arm.replace('_', ' ')} less {base.replace('_', ' ')}: {cell.text(2, factor)} ({text})")
        facts[f"claim_{letter.lower()}"] = word
    return "\n".join(lines), facts
