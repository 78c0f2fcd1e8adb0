"""October on a dozen seeds: medians in their bands, no hair trigger, makers who leave, the slow control."""

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sim.evidence.statistics import paired_difference
from sim.runs.run import simulate
from sim.scenario import load

SEEDS = range(701, 713)
OFF = "venues.binance.liquidation.impact=off"
STAY = "populations.makers.staying_share=1.0"
STEPS = 5_700  # an hour after the low

HOME = Path(__file__).parents[2] / "experiments" / "october_validation" / "analyse.py"
BANDS = {
    "price_drawdown": (0.09, 0.15),
    "fall_share_10min": (0.67, 0.94),
    "fall_recovered_10min": (0.43, 0.72),
    "long_share_of_liquidated": (0.75, 0.95),
    "depth_trough_ratio": (0.01, 0.20),
    "open_interest_lost": (0.07, 0.25),  # wider than the experiment's: a dozen seeds
    "adl_share_of_liquidated": (0.1, 0.6),
}


def news(size):
    rows = f"[{{start_step: 600, duration_steps: 300, size: {size}}}]"
    return [f"instruments.{name}.news={rows}" for name in ("BTCUSDT", "ETHUSDT")]


@cache
def played(*overrides, steps=STEPS):
    scenario = load("btc_2025_10_10", [f"steps={steps}", *overrides])
    return [simulate(scenario, seed).summary for seed in SEEDS]


def falls(*overrides, steps=STEPS):
    return np.array([one["price_drawdown"] for one in played(*overrides, steps=steps)])


@pytest.mark.parametrize("name", BANDS)
def test_the_median_of_the_october_scenario_lies_in_its_band(name):
    low, high = BANDS[name]
    assert low <= np.median([float(one[name]) for one in played()]) <= high


def test_about_half_of_the_fall_is_forced_selling():
    assert 0.4 <= np.median(1.0 - falls(OFF) / falls()) <= 0.6


def test_the_fall_has_more_than_one_leg_in_half_of_the_seeds():
    assert np.mean([one["fall_legs"] > 1 for one in played()]) >= 0.5


def test_auto_deleveraging_comes_only_after_the_fund_has_paid_and_then_refused():
    names = ("first_fund_payment_step", "first_refusal_step", "first_adl_step")
    steps = [tuple(one[name] for name in names) for one in played()]
    deleveraged = [(paid, refused, adl) for paid, refused, adl in steps if adl is not None]
    assert len(deleveraged) >= 8
    assert all(None not in (paid, refused) and paid <= refused <= adl for paid, refused, adl in deleveraged)


def test_without_news_hardly_anything_is_liquidated():
    calm = played("instruments.BTCUSDT.news=[]", "instruments.ETHUSDT.news=[]", steps=3_600)
    assert np.mean([one["liquidated_share_of_open_interest"] < 0.005 for one in calm]) >= 0.95


def test_small_news_falls_little_and_larger_news_lies_between():
    one, two, three = (np.median(falls(*news(-size), steps=2_400)) for size in (0.01, 0.02, 0.03))
    assert one < 0.025 < np.median(falls())
    assert one < two < 0.05 and two < three < 0.07


def test_makers_who_leave_raise_the_amplification():
    leave, stay = falls() / falls(OFF), falls(STAY) / falls(STAY, OFF)
    raised = paired_difference(stay.tolist(), leave.tolist())
    assert raised.low is not None and raised.low > 0.2


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_fall_is_regained_whether_or_not_the_index_follows_the_book(share):
    follows = [f"instruments.{name}.index.follows_book={share}" for name in ("BTCUSDT", "ETHUSDT")]
    if share == 0.0:
        assert load("btc_2025_10_10").config_hash == load("btc_2025_10_10", follows).config_hash, "the default"
    runs = [simulate(load("btc_2025_10_10", follows), seed).summary for seed in (701, 702, 703)]
    assert 0.45 < np.median([one["fall_recovered_60min"] for one in runs]) < 0.85


def test_a_slow_sell_off_is_no_cascade():
    scenario = load("slow_sell_off", ["steps=33000"])
    twin = load("slow_sell_off", ["steps=33000", OFF])
    pairs = [(simulate(scenario, seed).summary, simulate(twin, seed).summary) for seed in (701, 702)]
    for slow, unforced in pairs:
        assert slow["price_drawdown"] > 0.08 and abs(slow["overshoot_share_of_fall"]) < 0.1
        assert 1.0 - unforced["price_drawdown"] / slow["price_drawdown"] < 0.1


def test_the_experiment_judges_by_the_same_checks():
    spec = importlib.util.spec_from_file_location("october_validation", HOME)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    bands = {target.name: (target.low, target.high) for target in module.TARGETS}
    for name, (low, high) in BANDS.items():
        assert low <= bands[name][0] and bands[name][1] <= high, f"{name}: the test may not be stricter"
