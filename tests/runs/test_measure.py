"""An experiment's own measure.py: what it is given, what it may answer, and how a bad one is refused."""

from pathlib import Path

import pytest

from sim.runs import experiment
from sim.runs.backends import BackendOptions
from sim.runs.local_pool import LocalPool
from sim.runs.measure import measured
from sim.runs.sweep import read_sweep, sweep_tasks
from sim.runs.tasks import RunTask, play, run_key
from sim.scenario import ScenarioError

SWEEP = """
scenario: zero_intelligence
steps: 7
seeds: {first: 3, quick: 2, full: 2}
factors:
  colour: {values: [red, blue]}
  count: {sets: populations.flow.count, values: [4, 6]}
"""
ANALYSE = """
import pandas as pd
from sim.evidence.analysis import Analysis
def analyse(runs):
    return Analysis(runs.astype(str), {}, runs, {}, "seen")
"""
GOOD = """
import numpy as np
def measure(scenario, cell, seed):
    count = np.int64(scenario.populations[0].count)
    return {"found": count, "word": cell["colour"] + str(seed), "steps": scenario.steps, "nothing": None}
"""


def played(task: RunTask) -> dict:
    """The row of a run."""
    return play(0, run_key(task), task).row


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    (tmp_path / "analyse.py").write_text(ANALYSE)
    (tmp_path / "measure.py").write_text(GOOD)
    return tmp_path


def test_measure_is_called_instead_of_a_run_with_scenario_cell_and_seed(home):
    rows = [played(task) for task in sweep_tasks(read_sweep(home), home)]
    assert [row["word"] for row in rows] == ["red3", "red4"] * 2 + ["blue3", "blue4"] * 2
    assert [row["found"] for row in rows] == [4, 4, 6, 6] * 2
    assert all(row["steps"] == 7 and row["nothing"] is None and row["error"] is None for row in rows)
    assert type(rows[0]["found"]) is int


def test_workers_call_it_too_and_rows_keep_their_order(home):
    tasks = sweep_tasks(read_sweep(home), home)
    with LocalPool(1) as pool:
        assert pool.submit(play, 0, run_key(tasks[0]), tasks[0]).result().row == played(tasks[0])


def test_the_command_keeps_the_measure_with_its_results(home, tmp_path):
    final = experiment.experiment_command(home, backend=BackendOptions("serial"), out=tmp_path / "out")
    assert (final / "measure.py").read_text() == GOOD
    assert "seen" in (final / "verdict.md").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def measure(scenario, cell):\n    return {}\n", "cannot take three arguments"),
        ("measure = 3\n", "no function"),
        ("x = 1\n", "no function"),
        ("import nowhere_to_be_found\n", "cannot be loaded: ModuleNotFoundError"),
        ("def measure(:\n", "cannot be loaded: SyntaxError"),
    ],
)
def test_a_measure_that_cannot_be_called_is_refused_before_anything_runs(home, text, said, monkeypatch):
    (home / "measure.py").write_text(text)
    monkeypatch.setattr(experiment, "play_sweep", lambda *_: pytest.fail("a run was played"))
    with pytest.raises(ScenarioError, match=said):
        experiment.experiment_command(home, out=home / "out")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("[1]", "returned list, not a dict"),
        ("{'a': [1, 2]}", "'a' is list"),
        ("{1: 2}", "1 is int"),
        ("{'colour': 'green'}", "'colour' is a label"),
        ("{'seed': 1}", "'seed' is a label"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_bad_answer_is_a_failed_run_that_says_why(home, answer, said):
    (home / "measure.py").write_text(f"def measure(scenario, cell, seed):\n    return {answer}\n")
    row = played(sweep_tasks(read_sweep(home), home)[0])
    assert said in row["error"] and row["seed"] == 3 and row["colour"] == "red"


def test_a_factor_without_a_dial_needs_a_measure(home):
    (home / "measure.py").unlink()
    with pytest.raises(ScenarioError, match=r"factors\.colour.*no measure\.py"):
        sweep_tasks(read_sweep(home), home)


def test_an_answer_may_not_overwrite_a_label(home):
    (home / "measure.py").write_text("def measure(scenario, cell, seed):\n    return {'cell_text': ' '.join(cell)}\n")
    file = str(home / "measure.py")
    assert measured(file, None, {"arm": "all", "colour": "red"}, 1) == {"cell_text": "arm colour"}
    with pytest.raises(ValueError, match="'cell_text' is a label"):
        measured(file, None, {"cell_text": 1}, 1)
