"""The index goes where the scenario says: through given points, with the news, alike under every regime."""

import json

import numpy as np
import pytest

from sim.scenario import ScenarioError, load
from sim.scenario.paths import index_paths

POINTS = [(0, 117_000.0), (60, 114_000.0), (120, 115_000.0)]


def path_of(*overrides, seed=1):
    scenario = load("baseline", ["steps=200", *overrides])
    points = {i.name: [(float(step), price) for step, price in i.index.points or ()] for i in scenario.instruments}
    return scenario, index_paths(scenario, seed, points)[0] / 1000.0  # BTCUSDT has a tick of 1


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
