"""Medians of the October scenario beside their bands, and the checks for a hair trigger."""

from collections.abc import Iterator

import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.figures_october import MarketPath, market_path, october_figure
from sim.evidence.statistics import Interval, paired_difference
from sim.evidence.targets import Check, Target, judged, values_of, with_forced_share
from sim.runs.run import simulate
from sim.scenario import load

HOURS = 2.0  # of a run
CALM_SHARE_MAX = 0.005  # of open interest an hour
CALM_RUNS_MIN = 0.95
FALLS_MAX = {"news_1_percent": 0.025, "news_2_percent": 0.05, "news_3_percent": 0.07}
LEGS_MIN = 0.5
PICTURE_SEEDS = 20

TARGETS = (
    Target("forced_share", "forced share of the fall (fitted)", 0.4, 0.6),
    Target("price_drawdown", "drawdown", 0.09, 0.15, digits=3),
    Target("fall_share_10min", "share of the fall in 10 minutes", 0.67, 0.94),
    Target("fall_recovered_10min", "regained after 10 minutes", 0.43, 0.72),
    Target("fall_recovered_60min", "regained after 60 minutes", 0.5, 0.8),
    Target("open_interest_lost", "open interest lost an hour later", 0.10, 0.25, digits=3),
    Target("long_share_of_liquidated", "longs' share of liquidated", 0.75, 0.95),
    Target("depth_trough_ratio", "depth around the low, of calm", 0.02, 0.20),
    Target("liquidated_share_of_open_interest", "liquidated, of open interest", digits=3),
    Target("overshoot_share_of_fall", "overshoot share of the fall"),
    Target("amplification", "fall over fall of the twin"),
    Target("adl_share_of_liquidated", "auto-deleveraged, of liquidated", 0.2, 0.6),
    Target("volatility_bp_per_minute", "calm volatility, bp a minute", 3.0, 7.0, "no_news"),
    Target("spread_median_bp", "spread, bp (tick 0.085 to 0.096)", 0.08, 0.10, digits=3),
)


def analyse(runs: pd.DataFrame) -> Analysis:
    """One row a target and a check, and the picture beside the real evening."""
    good = with_forced_share(runs)
    seeds = sorted(good.loc[good["arm"] == "october", "seed"].unique())[:PICTURE_SEEDS]
    figures = {"october": october_figure([_play(int(seed)) for seed in seeds])}
    return judged("October beside the real day", good, TARGETS, _checks(good), figures)


def _play(seed: int) -> MarketPath:
    """One seed of the scenario once more, for the picture: a run's summary has no paths."""
    result = simulate(load("btc_2025_10_10"), seed)
    names = result.session.names
    return market_path(result.steps, names.atom)


def _checks(good: pd.DataFrame) -> Iterator[Check]:
    """Shares of runs, and differences of arms."""
    october = good[good["arm"] == "october"].set_index("seed")
    legs = float((october["fall_legs"].astype(float) > 1.0).mean())
    yield "seeds with more than one leg", f"{legs:.2f}", ">= 0.5", legs >= LEGS_MIN
    both = october[october["first_adl_step"].notna()]
    paid, refused = both["first_fund_payment_step"], both["first_refusal_step"]
    later = int(((both["first_adl_step"] >= refused) & (refused >= paid)).sum())
    yield "deleveraging after the fund only", f"{later} of {len(both)}", "all", later == len(both)
    calm = pd.Series(values_of(good, "no_news", "liquidated_share_of_open_interest")) / HOURS
    quiet = float((calm < CALM_SHARE_MAX).mean())
    text = "no news: runs below 0.5 %/h sold"
    yield text, f"{quiet:.3f}", ">= 0.95", quiet >= CALM_RUNS_MIN
    for arm, most in FALLS_MAX.items():
        fall = float(pd.Series(values_of(good, arm, "price_drawdown")).median())
        yield f"drawdown, news of {arm[5]} %", f"{fall:.3f}", f"below {most:g}", fall < most
    far = pd.Series(values_of(good, "news_3_percent", "price_drawdown")) > FALLS_MAX["news_3_percent"]
    yield "runs that fall farther at 3 %", f"{int(far.sum())} of {len(far)}", "", True
    raised = _amplified(good, "makers_stay")
    yield "makers leave or fill up: amplified", raised.text(2), "above 0", raised.low is not None and raised.low > 0.0
    yield "they ignore volatility: amplified", _amplified(good, "makers_ignore_volatility").text(2), "", True


def _amplified(good: pd.DataFrame, arm: str) -> Interval:
    """How much more the October makers amplify the fall than those of an arm, paired by seed."""
    other, october = (good[good["arm"] == name].set_index("seed")["amplification"] for name in (arm, "october"))
    pairs = pd.concat([other, october], axis=1, keys=["other", "october"]).dropna()
    return paired_difference(pairs["other"].tolist(), pairs["october"].tolist())
