"""Designs of sweeps: which points there are, in which order, and what is refused."""

import json
import math
import sys
from itertools import pairwise

import numpy as np
import pytest

from sim.runs.backends import BackendOptions
from sim.runs.experiment import experiment_command
from sim.runs.sweep import read_sweep, sweep_tasks
from sim.scenario import ScenarioError

DEPTH = {"sets": "populations.makers.depth", "low": 1e5, "high": 1e7, "scale": "log"}
CAP = {"sets": "venues.binance.liquidation.cap_per_step", "low": 100, "high": 103, "integer": True}
SCOPE = {"sets": "venues.binance.margin.scope", "values": ["cross", "isolated"]}
ONE = BackendOptions("local", workers=1)
TWO_SEEDS = {"first": 5, "quick": 2, "full": 2}


def tasks_of(folder, **words):
    """The runs of a sweep.yaml of these words."""
    (folder / "sweep.yaml").write_text(json.dumps({"scenario": "baseline", "seeds": TWO_SEEDS} | words))
    return sweep_tasks(read_sweep(folder), folder)


def points_of(folder, **words):
    """Labels of the points, arm left out, each once."""
    labels = [dict(task.labels) for task in tasks_of(folder, **words)]
    assert all(one == other for one, other in zip(labels[::2], labels[1::2], strict=True)), "both seeds of each point"
    return [{name: value for name, value in row.items() if name != "arm"} for row in labels[::2]]


def refused(folder, **words):
    with pytest.raises(ScenarioError) as found:
        tasks_of(folder, **words)
    return str(found.value)


def test_a_grid_is_every_combination_and_the_last_factor_changes_fastest(tmp_path):
    found = points_of(tmp_path, factors={"a": SCOPE, "b": {"sets": "steps", "values": [1, 2, 3]}})
    assert [(row["a"], row["b"]) for row in found] == [(a, b) for a in SCOPE["values"] for b in (1, 2, 3)]


def test_zip_takes_first_with_first_and_wants_equal_lengths(tmp_path):
    steps = {"sets": "steps", "values": [7, 9]}
    found = points_of(tmp_path, design={"kind": "zip"}, factors={"a": SCOPE, "b": steps})
    assert found == [{"point": 0, "a": "cross", "b": 7}, {"point": 1, "a": "isolated", "b": 9}]
    steps["values"].append(11)
    assert "a has 2, b has 3" in refused(tmp_path, design={"kind": "zip"}, factors={"a": SCOPE, "b": steps})


def test_a_list_takes_its_points_as_they_are_and_names_what_is_missing(tmp_path):
    points = [{"a": "isolated", "depth": 3e5}, {"a": "cross", "depth": 2e5}]
    words = {"design": {"kind": "list", "points": points}, "factors": {"a": SCOPE, "depth": DEPTH}}
    assert [(row["a"], row["depth"]) for row in points_of(tmp_path, **words)] == [("isolated", 3e5), ("cross", 2e5)]
    del points[1]["a"]
    assert "design.points[1]" in refused(tmp_path, **words) and "lacks the factor a" in refused(tmp_path, **words)
    points[1] |= {"a": "cross", "b": 1}
    assert "names no factor b" in refused(tmp_path, **words)


def test_a_latin_hypercube_uses_each_slice_of_each_range_once(tmp_path):
    words = {"design": {"kind": "latin_hypercube", "points": 40}, "factors": {"depth": DEPTH, "cap": CAP, "a": SCOPE}}
    found = points_of(tmp_path, **words)
    slices = sorted(int(40 * math.log(row["depth"] / 1e5) / math.log(100)) for row in found)
    assert slices == list(range(40))
    assert [sum(row["cap"] == cap for row in found) for cap in (100, 101, 102, 103)] == [10] * 4
    assert sum(row["a"] == "cross" for row in found) == 20
    assert found == points_of(tmp_path, **words)
    words["design"]["seed"] = 1
    assert found != points_of(tmp_path, **words)


def test_a_sobol_sequence_has_one_point_in_every_elementary_box(tmp_path):
    words = {"factors": {"depth": DEPTH, "cap": {**CAP, "integer": False}}}
    found = points_of(tmp_path, design={"kind": "sobol", "points": 64}, **words)
    boxes = {(int(8 * math.log(row["depth"] / 1e5) / math.log(100)), int(8 * (row["cap"] - 100) / 3)) for row in found}
    assert len(boxes) == 64
    assert "take 32 or 64" in refused(tmp_path, design={"kind": "sobol", "points": 60}, **words)


def test_a_trajectory_of_morris_changes_one_factor_at_a_time(tmp_path):
    words = {"design": {"kind": "morris", "trajectories": 6}, "factors": {"depth": DEPTH, "cap": CAP, "a": SCOPE}}
    found = [tuple(row[name] for name in ("depth", "cap", "a")) for row in points_of(tmp_path, **words)]
    assert len(found) == 6 * 4
    for start in range(0, 24, 4):
        changes = [sum(x != y for x, y in zip(a, b, strict=True)) for a, b in pairwise(found[start : start + 4])]
        assert changes == [1, 1, 1]


@pytest.mark.parametrize(("second", "points"), [(False, 8 * 4), (True, 8 * 6)])
def test_saltelli_extends_its_base_samples_by_crossing_them(tmp_path, second, points):
    design = {"kind": "saltelli", "base": 8, "second_order": second}
    found = points_of(tmp_path, design=design, factors={"depth": DEPTH, "cap": {**CAP, "integer": False}})
    assert len(found) == points
    assert len({row["depth"] for row in found}) == len({row["cap"] for row in found}) == 16


def test_values_may_be_whole_parts_and_become_text_in_the_results(tmp_path):
    layers = [[{"kind": "insurance_fund", "size": 1.0e6}], [{"kind": "auto_deleveraging"}]]
    tasks = tasks_of(tmp_path, factors={"rescue": {"sets": "venues.binance.waterfall", "values": layers}})
    assert [json.loads(dict(task.labels)["rescue"]) for task in tasks[::2]] == layers
    assert tasks[0].overrides == (f"venues.binance.waterfall={json.dumps(layers[0])}",)


def test_a_design_that_does_not_sample_refuses_a_range_and_one_that_does_a_missing_factor(tmp_path):
    assert "design grid does not sample" in refused(tmp_path, factors={"depth": DEPTH})
    assert "at least one factor" in refused(tmp_path, design={"kind": "sobol", "points": 2})


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        ({"sets": "steps"}, "either values or low and high"),
        ({"sets": "steps", "values": [1], "low": 1.0, "high": 2.0}, "either values or low and high"),
        ({"sets": "steps", "low": 2.0, "high": 1.0}, "must be below high"),
        ({"sets": "steps", "low": 1.0}, "must be below high"),
        ({"sets": "steps", "low": 0.0, "high": 1.0, "scale": "log"}, "not above zero"),
        ({"sets": "steps", "low": 0.5, "high": 3.0, "integer": True}, "whole numbers"),
    ],
)
def test_a_factor_without_clear_values_is_refused(tmp_path, factor, words):
    assert words in refused(tmp_path, design={"kind": "sobol", "points": 2}, factors={"x": factor})


def test_a_design_without_runs_or_with_more_than_a_million_is_refused_before_it_is_made(tmp_path):
    many = {name: {"sets": "steps", "values": list(range(1, 1001))} for name in ("a", "b", "c")}
    assert "more than 1,000,000 are played only with --yes" in refused(tmp_path, factors=many)


def test_designs_of_salib_say_what_to_install_without_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "SALib.sample", None)
    for design in ({"kind": "morris", "trajectories": 2}, {"kind": "saltelli", "base": 2}):
        assert "firesale[stats]" in refused(tmp_path, design=design, factors={"a": SCOPE})


def test_points_of_a_design_do_not_depend_on_the_global_state_of_numpy(tmp_path):
    for design in ({"kind": "morris", "trajectories": 3}, {"kind": "saltelli", "base": 4}):
        found = []
        for seed in (1, 2):
            np.random.seed(seed)  # noqa: NPY002
            found.append(points_of(tmp_path, design=design, factors={"depth": DEPTH, "cap": CAP}))
        assert found[0] == found[1]


def test_a_dry_run_counts_estimates_and_writes_nothing(tmp_path, capsys):
    home = tmp_path / "mine"
    home.mkdir()
    (home / "analyse.py").write_text("def analyse(runs):\n    raise AssertionError('nothing is to be analysed')\n")
    words = {"scenario": "baseline", "steps": 3, "seeds": TWO_SEEDS, "factors": {"a": SCOPE}}
    (home / "sweep.yaml").write_text(json.dumps(words))
    assert experiment_command(home, backend=ONE, out=tmp_path / "out", dry_run=True) == home
    told = capsys.readouterr()
    text = " ".join((told.out + told.err).split())
    assert "mine: 4 runs = 1 arm x 2 points x 2 seeds" in text and "Pilot of 3 runs" in text and "1 worker" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]
    words["factors"]["a"]["values"] = ["crooss"]
    (home / "sweep.yaml").write_text(json.dumps(words))
    with pytest.raises(ScenarioError, match=r"venues\.binance\.margin\.scope"):
        experiment_command(home, backend=ONE, dry_run=True)


def test_a_drawn_value_keeps_so_many_decimals_and_its_bounds_have_no_more(tmp_path):
    depth = {"sets": "venues.binance.margin.maintenance_scale", "low": 0.5, "high": 2.5, "decimals": 1}
    words = {"design": {"kind": "sobol", "points": 256}, "factors": {"scale": depth}}
    found = {row["scale"] for row in points_of(tmp_path, **words)}
    assert found == {round(0.1 * tenth, 1) for tenth in range(5, 26)}
    depth["low"] = 0.55
    assert "low 0.55 and high 2.5 have more decimals than 1" in refused(tmp_path, **words)
