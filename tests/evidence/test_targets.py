"""Figures beside bands; the October picture; the analysis of sizes."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.evidence.figures_october import REAL_PRICE, market_path, october_figure
from sim.evidence.price_path import Fall, deepest_fall, fall_legs, open_interest_lost
from sim.evidence.targets import Target, judged, values_of, with_forced_share
from sim.runs.experiment import load_analyse
from sim.tables import layout

SIZES = Path(__file__).parents[2] / "experiments" / "size_and_thinning"


def runs(falls, twins, arm="october"):
    rows = [{"arm": arm, "impact": "on", "seed": s, "price_drawdown": f, "error": None} for s, f in enumerate(falls)]
    rows += [{"arm": arm, "impact": "off", "seed": s, "price_drawdown": f, "error": None} for s, f in enumerate(twins)]
    frame = pd.DataFrame(rows).convert_dtypes()
    frame["error"] = frame["error"].astype("string")
    return frame


def test_the_forced_share_compares_each_seed_with_its_own_twin():
    found = with_forced_share(runs([0.10, 0.20], [0.05, 0.15]))
    assert found["forced_share"].tolist() == pytest.approx([0.5, 0.25])
    assert found["amplification"].tolist() == pytest.approx([2.0, 4 / 3])
    assert values_of(found, "october", "price_drawdown") == [0.10, 0.20]


def test_a_run_without_its_twin_has_no_forced_share():
    frame = runs([0.10, 0.20], [0.05])
    assert math.isnan(with_forced_share(frame)["forced_share"].tolist()[1])


def test_a_median_at_the_edge_of_its_band_is_in_and_beyond_it_is_out():
    good = with_forced_share(runs([0.1, 0.1, 0.1], [0.05, 0.05, 0.05]))
    bands = [Target("price_drawdown", "at the edge", 0.1, 0.2), Target("price_drawdown", "beyond", 0.11, 0.2)]
    bands += [Target("price_drawdown", "no band"), Target("price_drawdown", "another arm", 0.0, 1.0, "nobody")]
    answer = judged("title", good, bands, [("check", "1", "all", False)], {})
    assert answer.table["verdict"].tolist() == ["in", "out", "", "out"]
    assert answer.facts["outside"] == ["beyond", "check"]
    assert answer.verdict.startswith("1 of 3")


def test_the_evening_of_10_october_had_more_than_one_leg_and_a_straight_fall_has_one():
    closes = np.array([price for minute, price in REAL_PRICE], dtype=float)
    real = np.repeat(closes, 60)
    assert fall_legs(real, deepest_fall(real), 1.0) == 3
    straight = np.linspace(100.0, 88.0, 1_200)
    assert fall_legs(straight, deepest_fall(straight), 1.0) == 1
    assert fall_legs(straight, Fall(0.0, None, None), 1.0) is None


def test_a_rebound_below_half_a_per_cent_ends_no_leg():
    path = np.repeat([100.0, 97.0, 97.4, 94.0], 60)
    assert fall_legs(path, deepest_fall(path), 1.0) == 1
    path = np.repeat([100.0, 97.0, 97.6, 94.0], 60)
    assert fall_legs(path, deepest_fall(path), 1.0) == 2


def steps_rows(count):
    rows = np.zeros(count, layout.STEPS)
    rows["step"] = np.arange(count)
    rows["last_price"] = rows["index_price"] = 1_000
    rows["open_interest"] = np.linspace(1_000, 800, count).astype(np.int64)
    rows["bid_depth"] = rows["ask_depth"] = 50
    return rows


def test_open_interest_lost_is_read_an_hour_after_the_low_or_at_the_end():
    rows = steps_rows(8_000)
    assert open_interest_lost(rows, Fall(0.1, 0, 400), 1.0) == pytest.approx(1.0 - rows["open_interest"][4_000] / 1_000)
    assert open_interest_lost(rows, Fall(0.1, 0, 7_000), 1.0) == pytest.approx(0.2)
    assert open_interest_lost(rows, Fall(0.0, None, None), 1.0) is None


def test_the_october_picture_is_drawn_from_minutes_of_runs():
    path = market_path(steps_rows(7_200), atom=1e-4)
    assert path.price.shape == (120,) and path.depth.tolist() == [1.0] * 120
    picture = october_figure([path, path])
    assert picture.startswith(b"\x89PNG") and len(picture) > 20_000


def test_sizes_agree_where_the_paired_interval_holds_zero_and_differ_where_it_does_not():
    rng = np.random.default_rng(1)
    rows = []
    for seed in range(30):
        base = rng.normal(0.12, 0.01)
        for arm, shift in (("events_100_accounts_20000", 0.0), ("events_200", 0.01), ("accounts_10000", 0.0)):
            values = dict.fromkeys(("liquidated_share_of_open_interest", "long_share_of_liquidated"), 0.1 + shift)
            values |= {"depth_trough_ratio": 0.05, "gross_drain_bp": rng.normal(10.0, 0.5)}
            fall = base + shift + rng.normal(0.0, 0.001)
            rows.append({"arm": arm, "seed": seed, "price_drawdown": fall, "error": None, **values})
    answer = load_analyse(SIZES)(pd.DataFrame(rows))
    verdicts = {(row["quantity"], row["arm"]): row["verdict"] for _, row in answer.table.iterrows()}
    assert verdicts["drawdown, %", "events_200"] == "differ"
    assert verdicts["gross drain, bp", "accounts_10000"] == "agree"
