"""Intervals against scipy and by hand; missing and censored values are not hidden."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.evidence.statistics import (
    Interval,
    mean_interval,
    median_interval,
    paired_difference,
    share_true,
    wilson_interval,
)


def test_mean_interval_is_the_t_interval() -> None:
    values = [1.0, 2.0, 4.0, 8.0]
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    interval = mean_interval(values)
    assert interval.estimate == 3.75
    assert interval.low == pytest.approx(low) and interval.high == pytest.approx(high)


def test_missing_values_are_dropped_and_counted() -> None:
    interval = mean_interval([1.0, None, 3.0, math.nan])
    assert (interval.estimate, interval.n, interval.missing) == (2.0, 2, 2)
    assert mean_interval([None]).estimate is None
    assert mean_interval([5.0]).low is None


def test_a_pair_with_a_missing_half_is_dropped() -> None:
    interval = paired_difference([1.0, None, 3.0], [2.0, 9.0, 5.0])
    assert (interval.estimate, interval.n, interval.missing) == (1.5, 2, 1)
    with pytest.raises(ValueError, match="equal lengths"):
        paired_difference([1.0], [])


def test_pairing_removes_what_the_pairs_share() -> None:
    noise = np.random.default_rng(1).normal(0, 10, 20)
    interval = paired_difference(noise.tolist(), (noise + 1.0).tolist())
    assert interval.low == pytest.approx(1.0) and interval.high == pytest.approx(1.0)


def test_censored_means_say_so() -> None:
    assert mean_interval([1.0, 3.0], censored=1).text(1).startswith(">= 2.0")
    assert paired_difference([1.0, 2.0], [2.0, 4.0], censored=1).text(1).startswith("censored: 1.5")
    assert mean_interval([]).text() == "-"


@pytest.mark.parametrize(("successes", "n"), [(0, 20), (20, 20), (7, 20), (1, 3)])
def test_wilson_agrees_with_scipy(successes: int, n: int) -> None:
    expected = stats.binomtest(successes, n).proportion_ci(method="wilson")
    interval = wilson_interval(successes, n)
    assert interval.low == pytest.approx(expected.low, abs=1e-12)
    assert interval.high == pytest.approx(expected.high, abs=1e-12)


@given(st.integers(0, 200), st.integers(0, 200))
def test_wilson_holds_the_share_and_stays_a_share(a: int, b: int) -> None:
    n = a + b
    interval = wilson_interval(a, n)
    if n == 0:
        assert interval.estimate is None
        return
    assert interval.low is not None and interval.high is not None and interval.estimate is not None
    assert 0.0 <= interval.low <= interval.estimate <= interval.high <= 1.0


def test_share_true_leaves_the_unknown_out() -> None:
    interval = share_true([True, None, False])
    assert (interval.estimate, interval.n, interval.missing) == (0.5, 2, 1)
    with pytest.raises(ValueError, match="successes"):
        wilson_interval(3, 2)


def test_median_interval_repeats() -> None:
    values = [float(v) for v in range(30)]
    assert median_interval(values) == median_interval(values)
    assert median_interval(values).estimate == 14.5
    assert median_interval([None, 2.0]).n == 1


def test_an_interval_lies_on_a_side_only_where_it_leaves_zero_out():
    bounds = ((0.1, 2.0), (-2.0, -0.1), (-1.0, 2.0), (0.0, 1.0), (None, None))
    sides = [Interval(1.0, low, high, 9).side for low, high in bounds]
    assert sides == [1, -1, 0, 0, 0]
