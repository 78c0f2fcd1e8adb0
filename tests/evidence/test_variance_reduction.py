"""Savings by common and antithetic draws, against correlations that were planted."""

import math

import numpy as np
import pandas as pd
import pytest

from sim.evidence.variance_reduction import reduction_lines, variance_reduction

SEEDS = 4000


def cell(rng, shared, own, seeds=SEEDS, **labels):
    """Runs of one cell: variance shared**2 common to a seed, own**2 of its own."""
    common = np.random.default_rng(99).standard_normal(seeds)
    return pd.DataFrame(
        {
            **labels,
            "seed": np.arange(seeds),
            "error": None,
            "y": 5.0 + shared * common + own * rng.standard_normal(seeds),
        }
    )


def only(runs, labels=("arm",), outcome="y"):
    return variance_reduction(runs, labels, [outcome]).iloc[0]


def test_common_draws_save_what_the_correlation_says():
    rng = np.random.default_rng(1)
    runs = pd.concat([cell(rng, 2.0, 1.0, arm="a"), cell(rng, 2.0, 1.0, arm="b")])
    found = only(runs)
    assert found["common_draws"] == pytest.approx((5 + 5) / 2, rel=0.05)
    assert found["common_pairs"] == SEEDS and found["common_note"] == ""
    assert math.isnan(found["antithetic"]) and found["antithetic_note"] == ""
    opposed = pd.concat([cell(rng, 2.0, 1.0, arm="a"), cell(rng, -2.0, 1.0, arm="b")])
    assert only(opposed)["common_draws"] == pytest.approx(10 / 18, rel=0.05), "a saving below one is said as it is"


def test_cells_are_compared_with_the_first_point_of_their_arm_and_their_twin_in_the_first_arm():
    """Points share nothing, arms nearly all: a1-a2 and b1-b2 save nothing, a1-b1 and a2-b2 a factor of 2.02 / 0.02."""
    rng = np.random.default_rng(2)
    own = {point: rng.standard_normal(SEEDS) for point in (1, 2)}
    runs = pd.concat(
        [
            cell(rng, 0.0, 0.1, arm=arm, point=point).assign(y=lambda f, p=point: f["y"] + own[p])
            for arm in "ab"
            for point in (1, 2)
        ]
    )
    both = only(runs, ("arm", "point"))
    assert both["common_pairs"] == 4 * SEEDS
    assert both["common_draws"] == pytest.approx(4 * 2.02 / (2 * 2.02 + 2 * 0.02), rel=0.05)
    assert only(runs[runs["point"] == 1], ("arm", "point"))["common_draws"] == pytest.approx(2.02 / 0.02, rel=0.1)


def test_antithetic_pairs_save_what_their_correlation_says():
    rng = np.random.default_rng(3)
    shock, noise = rng.standard_normal(SEEDS), rng.standard_normal((2, SEEDS))
    halves = [
        pd.DataFrame({"arm": "a", "seed": np.arange(SEEDS), "antithetic": half, "y": sign * shock + noise[half]})
        for half, sign in ((0, 1.0), (1, -1.0))
    ]
    found = only(pd.concat(halves))
    assert found["antithetic"] == pytest.approx(1.0 / (1.0 - 0.5), rel=0.05) and found["antithetic_pairs"] == SEEDS
    assert found["common_note"] == "one cell"
    same_sign = pd.concat([halves[0], halves[1].assign(y=shock + noise[1])])
    assert only(same_sign)["antithetic"] == pytest.approx(1.0 / 1.5, rel=0.05)


def test_what_never_differs_saves_all_of_it():
    rng = np.random.default_rng(4)
    first = cell(rng, 1.0, 0.0, arm="a")
    found = variance_reduction(pd.concat([first, first.assign(arm="b", y=first["y"] + 3.0)]), ["arm"], ["y"])
    assert found["common_draws"].iloc[0] == math.inf
    assert reduction_lines(found) == ["y: common draws all of it"]


def test_what_is_undefined_says_why():
    rng = np.random.default_rng(5)
    two = pd.concat([cell(rng, 1.0, 1.0, seeds=6, arm=arm, flat=0.1) for arm in "ab"])
    assert only(two[two["arm"] == "a"])["common_note"] == "one cell"
    assert only(two[two["seed"] == 0])["common_note"] == "one seed"
    assert only(two, outcome="flat")["common_note"] == "constant outcome"
    assert only(two, outcome="other")["common_note"] == "no such outcome"
    assert only(two.assign(antithetic=0))["antithetic_note"] == "no complete pair"
    paired = pd.concat([two.assign(antithetic=half) for half in (0, 1)])
    assert only(paired[paired["seed"] == 0])["antithetic_note"] == "one seed"
    lines = reduction_lines(variance_reduction(paired[paired["arm"] == "a"], ["arm"], ["y", "flat"]))
    assert lines == ["y: common draws - (one cell), antithetic 0.5x",
                     "flat: common draws - (one cell), antithetic - (constant outcome)"]  # fmt: skip
    assert reduction_lines(variance_reduction(paired, ["arm"], ["flat"])) == ["flat: - (constant outcome)"]


def test_failed_and_missing_runs_are_left_out_with_their_partners():
    rng = np.random.default_rng(6)
    runs = pd.concat([cell(rng, 2.0, 1.0, arm="a"), cell(rng, 2.0, 1.0, arm="b")], ignore_index=True)
    whole = only(runs)
    runs.loc[3, ["error", "y"]] = ["ValueError: lost", 1e9]
    runs.loc[SEEDS + 7, "y"] = math.nan
    found = only(runs)
    assert found["common_pairs"] == SEEDS - 2
    assert found["common_draws"] == pytest.approx(whole["common_draws"], rel=0.01)


def test_a_sweep_of_which_nothing_is_left_has_nothing_to_say():
    rng = np.random.default_rng(7)
    runs = pd.concat([cell(rng, 1.0, 1.0, seeds=3, arm=arm).assign(error="ValueError: lost") for arm in "ab"])
    found = only(runs.assign(antithetic=0))
    assert (found["common_note"], found["antithetic_note"]) == ("one cell", "no complete pair")


def test_the_order_of_the_rows_does_not_change_what_is_saved():
    rng = np.random.default_rng(8)
    runs = pd.concat([cell(rng, 2.0, 1.0, seeds=50, arm=arm, point=point) for arm in "ab" for point in (1, 2, 3)])
    found = only(runs, ("arm", "point"))
    shuffled = pd.concat([runs[:1], runs[1:].sample(frac=1.0, random_state=1)])
    assert found["common_pairs"] == only(shuffled, ("arm", "point"))["common_pairs"] == 7 * 50
