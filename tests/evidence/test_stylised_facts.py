"""Each figure finds what is known of a series that was made to have it."""

import numpy as np
import pytest

from sim.evidence.stylised_facts import (
    Statistic,
    autocorrelation,
    block_bootstrap,
    excess_kurtosis,
    hill,
    horizon_table,
    impact_law,
    log_returns,
)

RNG_SEED = 7


def noise(n: int, seed: int = RNG_SEED) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n)


def ar1(n: int, keep: float, seed: int = RNG_SEED) -> np.ndarray:
    out, level = np.empty(n), 0.0
    for i, shock in enumerate(noise(n, seed)):
        level = keep * level + shock
        out[i] = level
    return out


def garch(n: int, alpha: float, beta: float, seed: int = RNG_SEED) -> np.ndarray:
    out, variance = np.empty(n), 1.0
    for i, shock in enumerate(noise(n, seed)):
        out[i] = np.sqrt(variance) * shock
        variance = (1.0 - alpha - beta) + alpha * out[i] ** 2 + beta * variance
    return out


@pytest.mark.parametrize("exponent", [1.5, 3.0, 4.5])
def test_hill_finds_the_exponent_of_a_pareto_law(exponent):
    values = (1.0 - np.random.default_rng(RNG_SEED).random(100_000)) ** (-1.0 / exponent)
    # The estimator's standard error is exponent / sqrt(k).
    assert hill(values, 0.05) == pytest.approx(exponent, abs=3.5 * exponent / np.sqrt(5_000))


def test_hill_by_hand():
    values = np.array([8.0, 4.0, 2.0, 1.0])
    assert hill(values, 0.5) == pytest.approx(2.0 / (np.log(4.0) + np.log(2.0)))


@pytest.mark.parametrize("values", [np.ones(100), np.zeros(100), np.array([1.0, 2.0])])
def test_hill_says_nothing_where_there_is_no_tail(values):
    assert hill(values, 0.05) is None


@pytest.mark.parametrize("keep", [-0.3, 0.0, 0.6])
def test_autocorrelation_of_an_autoregression_falls_as_powers_of_its_coefficient(keep):
    series = ar1(60_000, keep)
    for lag in (1, 2, 5):
        assert autocorrelation([series], lag) == pytest.approx(keep**lag, abs=0.02)


def test_pairs_never_reach_across_days():
    days = [np.array([1.0, -1.0]), np.array([-1.0, 1.0])]  # within days -1, over the seam +1
    assert autocorrelation(days, 1) == pytest.approx(-1.0)


def test_garch_clusters_in_size_but_not_in_sign_and_noise_in_neither():
    clustered = [garch(40_000, 0.15, 0.8)]
    assert autocorrelation([np.abs(clustered[0])], 1) > 0.15
    assert abs(autocorrelation(clustered, 1)) < 0.05
    assert abs(autocorrelation([np.abs(noise(40_000))], 1)) < 0.02


def test_kurtosis_of_known_laws():
    assert excess_kurtosis(noise(200_000)) == pytest.approx(0.0, abs=0.05)
    assert excess_kurtosis(np.random.default_rng(1).laplace(size=400_000)) == pytest.approx(3.0, abs=0.3)


def test_independent_heavy_tailed_moves_grow_gaussian_with_the_horizon_and_volatility_as_its_root():
    moves = np.random.default_rng(3).laplace(size=400_000) * 1e-4
    rows = horizon_table([np.exp(np.cumsum(moves))], (1, 10, 100))
    kurtosis = [row[2] for row in rows]
    assert kurtosis[0] > kurtosis[1] > kurtosis[2] > -0.3
    assert rows[2][1] / rows[0][1] == pytest.approx(10.0, rel=0.05)


def test_block_bootstrap_covers_the_truth_and_widens_with_dependence():
    covered = 0
    for seed in range(20):
        interval = block_bootstrap([ar1(2_000, 0.5, seed)], Statistic("autocorrelation", 1), 50, 100, seed)
        covered += interval.low <= 0.5 <= interval.high
    assert covered >= 15
    dependent = [ar1(4_000, 0.9)]
    wide = block_bootstrap(dependent, Statistic("volatility"), 200, 100)
    narrow = block_bootstrap(dependent, Statistic("volatility"), 1, 100)
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_the_bootstrap_repeats_and_knows_every_figure():
    days = [garch(500, 0.1, 0.8, seed) for seed in range(3)]
    for name in ("autocorrelation", "autocorrelation_of_size", "hill", "kurtosis", "volatility"):
        first = block_bootstrap(days, Statistic(name), 20, 50)
        assert first == block_bootstrap(days, Statistic(name), 20, 50)
        assert first.low <= first.estimate * 1.2 and first.low < first.high
    with pytest.raises(ValueError, match="no figure called nonsense"):
        Statistic("nonsense")(days)


@pytest.mark.parametrize("exponent", [0.4, 0.5, 1.0])
def test_impact_law_finds_its_exponent_under_noise_of_both_signs(exponent):
    sizes = np.geomspace(1e4, 1e6, 7)
    responses = 1e-3 * sizes**exponent * (1.0 + 2.0 * noise(7 * 900).reshape(900, 7))
    assert (responses < 0).any()
    law = impact_law(sizes, responses)
    assert law.exponent == pytest.approx(exponent, abs=0.06) and law.low < law.exponent < law.high
    assert law.decades == pytest.approx(2.0) and law.r_squared > 0.95


def test_impact_without_a_mean_is_refused():
    with pytest.raises(ValueError, match="not positive at size 10"):
        impact_law(np.array([10.0, 100.0]), np.array([[-1.0, 2.0], [0.5, 2.0]]))


def test_returns_of_impossible_prices_are_refused():
    with pytest.raises(ValueError, match="positive and finite"):
        log_returns(np.array([1.0, np.nan, 2.0]), 1)
    assert log_returns(np.array([1.0, 5.0, np.e]), 2) == pytest.approx([1.0])
