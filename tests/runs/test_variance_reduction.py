"""Pairs in a sweep: which runs it has, what their rows say, and what is printed of the variance that they save."""

import json

import pandas as pd
import pytest

from sim.runs import play_sweep as playing
from sim.runs.backends import BackendOptions
from sim.runs.dry_run import print_dry_run
from sim.runs.experiment import experiment_command, reported_reduction
from sim.runs.run import simulate
from sim.runs.sweep import read_sweep, sweep_tasks
from sim.runs.tasks import lost, run_key
from sim.scenario import ScenarioError, load

PAIRS = """
scenario: baseline
steps: 4
seeds: {first: 1, quick: 2, full: 2, antithetic: true}
base: [populations.speculators.count=20]
outcomes: [spread_median_bp, gross_drain_bp, no_such_outcome]
factors:
  scope: {sets: venues.binance.margin.scope, values: [cross, isolated]}
"""
PLAIN = PAIRS.replace(", antithetic: true", "")


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    monkeypatch.setattr(playing, "rehearse", lambda task: None)
    file = tmp_path / "pairs.yaml"
    file.write_text(PAIRS)
    return file


def tasks_of(file, text):
    file.write_text(text)
    return sweep_tasks(read_sweep(file), file)


def test_every_seed_is_played_twice_and_runs_of_a_pair_are_neighbours(sweep):
    tasks, plain = tasks_of(sweep, PAIRS), tasks_of(sweep, PLAIN)
    assert [(task.seed, task.antithetic) for task in tasks] == [(1, 0), (1, 1), (2, 0), (2, 1)] * 2
    assert [task.seed for task in plain] == [1, 2] * 2
    assert all(task.antithetic is None and "antithetic" not in task.head() for task in plain)
    assert len({run_key(task) for task in [*tasks, *plain]}) == 12
    assert lost(0, "key", tasks[1], "died").row["antithetic"] == 1


def test_the_second_run_of_a_pair_is_the_antithetic_one_and_what_is_saved_is_said(sweep, capsys):
    final = experiment_command(sweep, backend=BackendOptions("serial"), out=sweep.parent / "out")
    said = capsys.readouterr().out.splitlines()
    runs = pd.read_parquet(final / "runs.parquet")
    assert runs["antithetic"].tolist() == [0, 1] * 4
    scenario = load("baseline", ["steps=4", "populations.speculators.count=20", "venues.binance.margin.scope=isolated"])
    for row in runs[runs["scope"] == "isolated"].to_dict("records"):
        expected = simulate(scenario, row["seed"], antithetic=bool(row["antithetic"])).summary
        assert row["spread_median_bp"] == expected["spread_median_bp"]
    start = next(number for number, line in enumerate(said) if line.startswith("Variance reduction"))
    found = [line.split(":")[0].strip() for line in said[start + 1 : start + 4]]
    assert found == ["spread_median_bp", "gross_drain_bp", "no_such_outcome"]
    assert said[start + 2 : start + 4] == [
        "  gross_drain_bp: - (constant outcome)",
        "  no_such_outcome: - (no such outcome)",
    ]
    assert max(map(len, said)) <= 80
    facts = json.loads((final / "manifest.json").read_text())["variance_reduction"]
    assert [row["outcome"] for row in facts] == found and facts[0]["antithetic_pairs"] == 4


def test_an_edited_dial_of_pairs_is_another_sweep_and_edited_outcomes_are_not(sweep):
    def play():
        return experiment_command(sweep, backend=BackendOptions("serial"), out=sweep.parent / "out")

    play()
    before = {file.name for file in (sweep.parent / "out" / "parts").iterdir()}
    sweep.write_text(PAIRS.replace("spread_median_bp, ", ""))
    play()
    assert {file.name for file in (sweep.parent / "out" / "parts").iterdir()} == before
    sweep.write_text(PLAIN)
    with pytest.raises(ScenarioError, match="antithetic"):
        play()


def test_pairs_do_not_go_with_a_measure_of_ones_own(sweep):
    home = sweep.parent / "own"
    home.mkdir()
    (home / "sweep.yaml").write_text(PAIRS)
    (home / "measure.py").write_text("def measure(scenario, cell, seed):\n    return {}\n")
    with pytest.raises(ScenarioError, match=r"seeds\.antithetic: goes with runs of the scenario"):
        sweep_tasks(read_sweep(home), home)


def test_outcomes_by_default_are_those_that_there_are(sweep):
    sweep.write_text(PLAIN.replace("outcomes: [spread_median_bp, gross_drain_bp, no_such_outcome]\n", ""))
    rows = pd.DataFrame({"arm": "all", "scope": ["a", "a", "b", "b"], "seed": [1, 2, 1, 2], "error": None,
                         "gross_drain_bp": [1.0, 3.0, 2.0, 4.5]})  # fmt: skip
    found = reported_reduction(rows, read_sweep(sweep))
    assert found["outcome"].tolist() == ["gross_drain_bp"]
    assert found["common_draws"].iloc[0] == pytest.approx((2.0 + 3.125) / 0.125)


def test_the_dry_run_counts_pairs(sweep, capsys):
    print_dry_run("pairs", tasks_of(sweep, PAIRS), 1)
    assert "pairs: 8 runs = 1 arm x 2 points x 2 seeds x 2 of an antithetic pair" in capsys.readouterr().err
