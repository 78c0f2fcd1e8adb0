"""The index goes where the scenario says: through given points, with the news, alike under every regime."""

import json
from hashlib import sha256

import numpy as np
import pytest

from sim.scenario import ScenarioError, load
from sim.scenario.paths import index_paths

CONSTANT = "9fa3ab8c6218c9d4"  # digest of a path before volatility could cluster
POINTS = [(0, 117_000.0), (60, 114_000.0), (120, 115_000.0)]


def path_of(*overrides, seed=1):
    scenario = load("baseline", ["steps=200", *overrides])
    points = {i.name: [(float(step), price) for step, price in i.index.points or ()] for i in scenario.instruments}
    return scenario, index_paths(scenario, seed, points)[0] / 1000.0  # BTCUSDT has a tick of 1


def whole_paths(seed, *overrides):
    scenario = load("baseline", ["steps=20000", *overrides])
    return scenario, index_paths(scenario, seed, {}).astype(float)


def test_the_index_passes_through_its_points_and_wanders_between_them():
    given = json.dumps([list(point) for point in POINTS])
    _, path = path_of("instruments.BTCUSDT.index.kind=points", f"instruments.BTCUSDT.index.points={given}")
    assert [path[step] for step, _ in POINTS] == [price for _, price in POINTS]
    line = np.interp(np.arange(121), [step for step, _ in POINTS], [price for _, price in POINTS])
    assert 5.0 < np.abs(path[:121] - line).max() < 300.0


def test_news_moves_the_index_by_its_size_and_leaves_the_rest_of_the_path():
    news = "instruments.BTCUSDT.news=[{start_step: 50, duration_steps: 20, size: -0.04}]"
    (_, calm), (_, moved) = path_of(), path_of(news)
    assert np.array_equal(calm[:51], moved[:51])
    assert np.allclose(moved[70:] / calm[70:], 0.96, atol=1e-7)


def test_margin_rules_do_not_touch_the_index():
    _, cross = path_of("venues.binance.margin.scope=cross")
    _, isolated = path_of("venues.binance.margin.scope=isolated", "venues.binance.margin.maintenance_scale=1.5")
    assert np.array_equal(cross, isolated)


CLUSTERED = ("instruments.BTCUSDT.index.volatility_sigma=0.35", "instruments.BTCUSDT.index.slow_volatility_sigma=0.35")


def test_constant_volatility_gives_the_paths_of_before():
    _, path = path_of()
    assert sha256(np.rint(path * 1000.0).astype("<i8").tobytes()).hexdigest()[:16] == CONSTANT


def test_volatility_that_clusters_keeps_its_mean_square_and_the_other_index():
    (_, calm), (scenario, paths) = whole_paths(1), whole_paths(1, *CLUSTERED)
    assert np.array_equal(calm[1], paths[1]) and not np.array_equal(calm[0], paths[0])
    long = (*CLUSTERED, "steps=100000", "instruments.BTCUSDT.price_levels=262144")
    squares = [np.mean(np.diff(np.log(whole_paths(seed, *long)[1][0])) ** 2) for seed in range(24)]
    expected = (scenario.instruments[0].index.volatility_bp * 1e-4) ** 2
    error = np.std(squares) / np.sqrt(len(squares))
    assert abs(np.mean(squares) - expected) < 3.0 * error < 0.3 * expected


def test_volatility_of_a_process_is_forgotten_with_its_half_life():
    """Lag by lag, the autocorrelation of |moves| of a log-normal volatility is known in closed form."""
    sigma, half_life, found = 0.5, 60.0, []
    settings = [f"instruments.BTCUSDT.index.volatility_sigma={sigma}"]
    settings += [f"instruments.BTCUSDT.index.volatility_half_life_s={half_life}", "steps=40000"]
    for seed in range(12):
        size = np.abs(np.diff(whole_paths(seed, *settings)[1][0]))
        size -= size.mean()
        found.append([np.mean(size[:-lag] * size[lag:]) / np.mean(size * size) for lag in (10, 60, 180)])
    known = 0.5 ** (np.array([10.0, 60.0, 180.0]) / half_life)
    expected = np.expm1(sigma**2 * known) / (np.pi / 2.0 * np.exp(sigma**2) - 1.0)
    assert np.abs(np.mean(found, axis=0) - expected).max() < 0.01


def test_minutes_of_the_documented_dials_are_as_persistent_as_calm_bitcoin():
    """|Minute returns| of ten days: autocorrelation 0.15 to 0.21 at 5 minutes, 0.09 to 0.12 at 60 in real windows."""
    found = []
    for seed in range(4):
        path = whole_paths(seed, *CLUSTERED, "steps=864000", "instruments.BTCUSDT.price_levels=524288")[1][0]
        size = np.abs(np.diff(np.log(path[::60])))
        size -= size.mean()
        found.append([np.mean(size[:-lag] * size[lag:]) / np.mean(size * size) for lag in (5, 60)])
    five, sixty = np.mean(found, axis=0)
    assert 0.14 < five < 0.27 and 0.06 < sixty < 0.14


def test_the_volatility_of_two_indices_rises_together():
    both = [item.replace("BTC", "ETH") for item in CLUSTERED]
    _, paths = whole_paths(2, *CLUSTERED, *both, "index_correlation=0.0", "steps=60000")
    apart = np.corrcoef(_sizes(paths))[0, 1]
    _, paths = whole_paths(2, *CLUSTERED, *both, "index_correlation=0.9", "steps=60000")
    assert abs(apart) < 0.1 < 0.25 < np.corrcoef(_sizes(paths))[0, 1]


def _sizes(paths):
    """Mean size of the moves of each index in blocks of five minutes."""
    moves = np.abs(np.diff(np.log(paths), axis=1))
    return moves[:, : moves.shape[1] // 300 * 300].reshape(2, -1, 300).mean(axis=2)


def test_a_first_point_off_the_start_price_is_refused():
    with pytest.raises(ScenarioError, match="not the start_price"):
        load(
            "baseline",
            ["instruments.BTCUSDT.index.kind=points", "instruments.BTCUSDT.index.points=[[0, 116000], [60, 115000]]"],
        )


def test_a_gap_in_a_price_file_names_its_row(tmp_path):
    (tmp_path / "prices.csv").write_text("time,price\n0,117000\n60,116900\n120,116800\n9999,116700\n")
    (tmp_path / "gap.yaml").write_text(
        "from: baseline.yaml\nname: gap\ninstruments:\n  - {name: BTCUSDT, index: {kind: file, path: prices.csv}}\n"
    )
    with pytest.raises(ScenarioError, match="row 5: a gap of 9879 s; rows are 60 s apart"):
        load(tmp_path / "gap.yaml")


def test_a_path_beyond_every_ladder_is_refused_before_the_run():
    with pytest.raises(ScenarioError, match="leaves every price ladder"):
        path_of(
            "steps=4000",
            "instruments.BTCUSDT.index.volatility_bp=1000",
            "instruments.BTCUSDT.index.jumps_per_hour=3600",
            "instruments.BTCUSDT.index.jump_size_bp=5000",
        )
