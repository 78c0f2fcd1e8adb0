"""Each venue beside the first: medians, paired differences, who won and lost, and a picture."""

import math

import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.figures_venues import Panel, venues_figure
from sim.evidence.statistics import Interval, mean_interval, paired_difference

BASE = "binance_usdm_2026_09"
FIGURES = {  # column: (heading, heading on a terminal, factor)
    "liquidated_share_of_open_interest": ("liquidated, % of open interest", "sold %", 100.0),
    "price_drawdown": ("fall, %", "fall %", 100.0),
    "gross_drain_bp": ("gross drain, bp", "drain bp", 1.0),
    "adl_share_of_liquidated": ("auto-deleveraged, % of liquidated", "ADL %", 100.0),
}
GROUPS = ("speculators", "late entrants", "makers", "outside money", "buyers of the fall", "hedged")
LEGEND = """sold %: notional liquidated, of open interest at the start; ADL %:
auto-deleveraged, of it; drain and profits in bp of open interest at the start.
Means; * the 95 % interval of the paired difference to the first row excludes 0"""


def analyse(runs: pd.DataFrame) -> Analysis:
    """A row a venue: what is sold, how deep it falls, who pays; then the stakeholders; then the claims."""
    good = runs[runs["error"].isna()]
    arms = list(dict.fromkeys(good["arm"].tolist()))
    arms.sort(key=lambda arm: arm != BASE)
    columns = {**FIGURES, **{f"profit_{group}": (group, group, 1.0) for group in GROUPS}}
    means = {(arm, name): mean_interval(_values(good, arm, name)) for arm in arms for name in columns}
    moved = {
        (arm, name): paired_difference(_values(good, BASE, name), _values(good, arm, name))
        for arm in arms
        for name in columns
    }
    rows = [
        {"venue": arm, **{text: means[arm, name].text(2, factor) for name, (text, _, factor) in columns.items()}}
        for arm in arms
    ]
    numbers = pd.DataFrame(
        {"venue": arm, "quantity": name, "estimate": cell.estimate, "low": cell.low, "high": cell.high,
         "difference": moved[arm, name].estimate, "difference_low": moved[arm, name].low,
         "difference_high": moved[arm, name].high}
        for (arm, name), cell in means.items()
    )  # fmt: skip
    first = [_brief(arm, FIGURES, means, moved) for arm in arms]
    people = [_brief(arm, {f"profit_{g}": (g, g.split()[0], 1.0) for g in GROUPS}, means, moved) for arm in arms]
    shown = {"The fall under each rule book": pd.DataFrame(first), "Who wins and loses, bp": pd.DataFrame(people)}
    panels = [
        Panel(text, [means[arm, name] for arm in arms], factor)
        for name, (text, _, factor) in {**FIGURES, "profit_speculators": ("speculators' profit, bp", "", 1.0)}.items()
    ]
    picture = venues_figure(arms, panels, f"The October scenario under {len(arms)} rule books")
    verdict = "\n".join(_claims(good, arms, moved))
    return Analysis(pd.DataFrame(rows), shown, numbers, {"venues": picture}, verdict, legend=LEGEND)


def _values(runs: pd.DataFrame, arm: str, name: str) -> list[float]:
    rows = runs[runs["arm"] == arm].sort_values("seed")
    return [math.nan if pd.isna(value) else float(value) for value in rows[name].tolist()]


def _brief(
    arm: str,
    columns: dict[str, tuple[str, str, float]],
    means: dict[tuple[str, str], Interval],
    moved: dict[tuple[str, str], Interval],
) -> dict[str, str]:
    row = {"venue": arm}
    for name, (_, short, factor) in columns.items():
        middle = means[arm, name].estimate
        sign = "*" if moved[arm, name].side else ""
        row[short] = "-" if middle is None else f"{middle * factor:.1f}{sign}"
    return row


def _claims(runs: pd.DataFrame, arms: list[str], moved: dict[tuple[str, str], Interval]) -> list[str]:
    rules = runs.drop_duplicates("arm").set_index("arm")
    sold, fall = "liquidated_share_of_open_interest", "price_drawdown"
    named = (
        ("A", "selling all, or by tiers, liquidates more", sold, 1, rules["target"].isin(["full", "next_tier"])),
        ("B", "a throttle makes the fall less deep", fall, -1, rules["throttled"].astype(bool)),
        ("C", "a mark that is the index makes the fall less deep", fall, -1, rules["mark"] == "index"),
    )
    lines = []
    for letter, words, name, wanted, which in named:
        venues = [arm for arm in arms if arm != BASE and bool(which[arm])]
        sides = [moved[arm, name].side * wanted for arm in venues]
        word = "refuted" if -1 in sides else "supported" if sides and min(sides) == 1 else "undecided"
        lines.append(f"Claim {letter}: {words}: {word}.")
        lines += [f"  {arm}: {moved[arm, name].text(2, 100.0)} points" for arm in venues]
    return lines
