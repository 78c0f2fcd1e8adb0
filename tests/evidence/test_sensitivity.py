"""Sobol' indices and Morris effects against functions whose answers are known in closed form."""

import math

import numpy as np
import pytest

from sim.evidence.figures_sensitivity import Answer, morris_figure, sobol_figure
from sim.evidence.sensitivity import is_constant, morris_effects, seed_noise, sobol_indices
from sim.runs.designs import Morris, Saltelli, unit_sample

NAMES = ["a", "b", "c"]
SALTELLI = Saltelli(kind="saltelli", base=1024, second_order=True, seed=3)
# Ishigami and Homma (1990): a = 7, b = 0.1; its variance splits into V1, V2 and V13 and nothing else.
V1 = 0.5 * (1.0 + 0.1 * math.pi**4 / 5.0) ** 2
V2 = 7.0**2 / 8.0
V13 = 0.1**2 * math.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
V = V1 + V2 + V13


def ishigami(shares):
    x = (2.0 * shares - 1.0) * math.pi
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def of(frame, index, factor, other=""):
    row = frame[(frame["index"] == index) & (frame["factor"] == factor) & (frame["with"] == other)]
    return row[["estimate", "low", "high"]].to_numpy(float)[0]


def test_sobol_indices_of_the_ishigami_function_are_the_published_ones():
    found = sobol_indices(ishigami(unit_sample(SALTELLI, 3))[:, None], NAMES, True)
    expected = {
        ("first", "a", ""): V1 / V, ("first", "b", ""): V2 / V, ("first", "c", ""): 0.0,
        ("total", "a", ""): (V1 + V13) / V, ("total", "b", ""): V2 / V, ("total", "c", ""): V13 / V,
        ("second", "a", "b"): 0.0, ("second", "a", "c"): V13 / V, ("second", "b", "c"): 0.0,
    }  # fmt: skip
    assert len(found) == len(expected)
    for key, value in expected.items():
        estimate, low, high = of(found, *key)
        assert estimate == pytest.approx(value, abs=0.04), key
        assert low <= value <= high, key
        assert 0.0 < high - low < 0.35, key


def test_sobol_indices_of_a_linear_function_are_squared_weights_and_totals_equal_firsts():
    design = Saltelli(kind="saltelli", base=512, seed=1)
    sample, weights = unit_sample(design, 3), np.array([1.0, 2.0, 4.0])
    found = sobol_indices((5.0 + sample @ weights)[:, None], NAMES, False)
    assert set(found["index"]) == {"first", "total"}
    for j, name in enumerate(NAMES):
        expected = weights[j] ** 2 / (weights**2).sum()
        assert of(found, "first", name)[0] == pytest.approx(expected, abs=0.02)
        assert of(found, "total", name)[0] == pytest.approx(expected, abs=0.02)


def test_a_dummy_factor_is_found_to_do_nothing_and_its_intervals_hold_zero_under_noise():
    rng = np.random.default_rng(5)
    sample = unit_sample(SALTELLI, 3)
    clean = (3.0 * sample[:, 0] + sample[:, 1])[:, None] + np.zeros((1, 4))
    noisy = clean + 0.1 * rng.standard_normal(clean.shape)
    assert of(sobol_indices(clean, NAMES, True), "total", "c").tolist() == [0.0, 0.0, 0.0]
    _, low, high = of(sobol_indices(noisy, NAMES, True), "first", "c")
    assert low < 0.0 < high
    design = Morris(kind="morris", trajectories=30, seed=2)
    steps = unit_sample(design, 3)
    effects = morris_effects((3.0 * steps[:, 0] + steps[:, 1])[:, None], steps, NAMES, design.levels)
    assert of(effects, "mu_star", "c").tolist() == [0.0, 0.0, 0.0]
    shaken = (3.0 * steps[:, 0] + steps[:, 1] + 0.05 * rng.standard_normal(len(steps)))[:, None]
    _, low, high = of(morris_effects(shaken, steps, NAMES, design.levels), "mu", "c")
    assert low < 0.0 < high


@pytest.mark.parametrize("levels", [4, 8])
def test_morris_effects_of_a_linear_function_are_its_weights_without_spread(levels):
    design = Morris(kind="morris", trajectories=12, levels=levels, seed=4)
    sample, weights = unit_sample(design, 3), np.array([1.0, -2.0, 0.5])
    found = morris_effects((sample @ weights)[:, None], sample, NAMES, levels)
    for name, weight in zip(NAMES, weights, strict=True):
        assert of(found, "mu", name) == pytest.approx([weight] * 3)
        assert of(found, "mu_star", name)[0] == pytest.approx(abs(weight))
        assert of(found, "sigma", name)[0] == pytest.approx(0.0, abs=1e-12)


def test_morris_tells_an_interaction_by_its_spread():
    """y = a * b on shares: the effect of a is b, which a lattice of four levels holds at 0, 1/3, 2/3 and 1."""
    design = Morris(kind="morris", trajectories=400, seed=4)
    sample = unit_sample(design, 3)
    found = morris_effects((sample[:, 0] * sample[:, 1])[:, None], sample, NAMES, 4)
    estimate, low, high = of(found, "mu", "a")
    assert low < 0.5 < high and estimate == pytest.approx(0.5, abs=0.05)
    assert of(found, "sigma", "a")[0] == pytest.approx(math.sqrt(5.0) / 6.0, abs=0.02)


def test_the_same_runs_give_the_same_intervals():
    table = ishigami(unit_sample(SALTELLI, 3))[:, None]
    first = sobol_indices(table, NAMES, True)
    assert first.equals(sobol_indices(table, NAMES, True))


def test_shares_of_seed_and_noise_are_those_that_were_put_in():
    """Points with variance 4, seeds with 1, both together with 3: over 8 seeds 3/8 of 4 + 3/8 is noise in the means."""
    rng = np.random.default_rng(8)
    points, seeds = 4000, 8
    common = rng.standard_normal(seeds)
    common = (common - common.mean()) / common.std(ddof=1)
    table = (
        2.0 * rng.standard_normal((points, 1)) + common + math.sqrt(3.0) * rng.standard_normal((points, seeds)) + 100.0
    )
    noise = seed_noise(table)
    assert (noise.factors, noise.common, noise.joint) == pytest.approx((4 / 8, 1 / 8, 3 / 8), abs=0.02)
    assert noise.of_means == pytest.approx((3 / 8) / (4 + 3 / 8), abs=0.01)
    assert seed_noise(table[:, :1]).of_means is None
    assert seed_noise(2.0 * rng.standard_normal((50, 1)) + common).of_means == pytest.approx(0.0, abs=1e-12)


def test_noise_of_the_seeds_raises_total_indices_by_its_share_of_the_means():
    rng = np.random.default_rng(9)
    sample = unit_sample(SALTELLI, 3)
    table = sample[:, :1] + math.sqrt(1 / 12) * rng.standard_normal((len(sample), 4))
    share = seed_noise(table).of_means
    assert share == pytest.approx(0.2, abs=0.02)
    assert of(sobol_indices(table, NAMES, True), "total", "b")[0] == pytest.approx(share, abs=0.03)


def test_what_never_changes_and_points_of_no_design_are_refused():
    flat = np.full((8, 2), 0.1 + 0.2)
    assert is_constant(flat) and not is_constant(np.arange(16.0).reshape(8, 2))
    with pytest.raises(ValueError, match="same at every point"):
        sobol_indices(flat, ["a", "b"], False)
    with pytest.raises(ValueError, match="no multiple of 4"):
        sobol_indices(np.arange(7.0)[:, None], ["a", "b"], False)
    with pytest.raises(ValueError, match="no trajectories"):
        morris_effects(np.arange(7.0)[:, None], np.zeros((7, 2)), ["a", "b"], 4)


def test_pictures_are_png_and_repeat_byte_for_byte():
    design = Morris(kind="morris", trajectories=6, seed=1)
    sample = unit_sample(design, 3)
    effects = morris_effects(ishigami(sample)[:, None], sample, ["a", "b" * 64, "c"], design.levels)
    indices = sobol_indices(ishigami(unit_sample(SALTELLI, 3))[:, None], NAMES, True)
    for figure, frame in ((morris_figure, effects), (sobol_figure, indices)):
        answers = [Answer(f"outcome {number}", frame, "6 points") for number in range(3)]
        picture = figure(answers, "title")
        assert picture.startswith(b"\x89PNG") and picture == figure(answers, "title")
