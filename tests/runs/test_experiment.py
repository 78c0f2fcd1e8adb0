"""Sweeps, local processes, and the experiment on maintenance with rows that were not simulated."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.runs import experiment, play_sweep, worker
from sim.runs.backends import BackendOptions
from sim.runs.experiment import Form
from sim.runs.experiment_results import markdown_table
from sim.runs.journal import Finished
from sim.runs.parts import rows_frame, rows_table
from sim.runs.sweep import read_sweep, sweep_tasks
from sim.runs.tasks import RunTask
from sim.scenario import ScenarioError

HOME = Path(__file__).parents[2] / "experiments" / "maintenance_margin"


def fake_row(task: RunTask, slope: float = 1.0) -> dict:
    """A run in which more maintenance sells more and drains less; cross sells less than isolated."""
    labels = dict(task.labels)
    draw = np.random.default_rng(task.seed).normal(0, 1, 4)
    power = math.log2(labels["scale"])
    toll = -power if labels["arm"] == "coupled" else power
    need = max(0.0, 30 - 6 * power * slope + 5 * draw[0])
    finite = labels["arm"] == "finite_fund"
    drain = min(need, 14.0) if finite else need
    return labels | {
        "seed": task.seed, "error": None,
        "liquidated_share_of_open_interest": 0.2 + 0.02 * toll + 0.005 * draw[1],
        "price_drawdown": (0.10 if labels["impact"] == "on" else 0.06) + 0.002 * draw[2],
        "gross_drain_bp": drain, "net_drain_bp": drain - 2, "largest_need_bp": drain, "mean_posted_margin": 0.2,
        "fund_inexhaustible": not finite, "fund_exhausted": bool(finite and need >= 14), "fund_start": 14e-4,
        "open_interest_start": 1.0, "first_adl_step": None,
    }  # fmt: skip


def analysed(full: bool = False, slope: float = 1.0, lose: int | None = None):
    tasks = sweep_tasks(read_sweep(HOME), HOME, full)
    rows = [fake_row(task, slope) for task in tasks]
    if lose is not None:
        rows[lose] = dict(tasks[lose].labels) | {"seed": tasks[lose].seed, "error": "ValueError: lost"}
    return experiment.load_analyse(HOME)(rows_frame(rows_table(rows)))


def test_the_quick_form_is_four_hundred_runs_and_the_full_form_three_times_as_many() -> None:
    sweep = read_sweep(HOME)
    quick, full = sweep_tasks(sweep, HOME), sweep_tasks(sweep, HOME, full=True)
    assert len(quick) == 400 and len(full) == 1200
    assert full[:400] == quick
    assert len({(task.overrides, task.seed) for task in full}) == 1200
    experiment.read_cells(full, keyed=False)  # every override is a dial that exists


def test_claims_are_judged_from_the_runs() -> None:
    quick = analysed()
    assert quick.facts["claim_a"] == {"isolated": "supported", "cross": "supported"}
    assert quick.facts["claim_b"] is None and "Not tested" in quick.verdict
    assert analysed(full=True).facts["claim_b"]["cross"] == "supported"
    assert analysed(slope=-1.0).facts["claim_a"]["cross"] == "refuted"
    assert analysed(slope=0.0).facts["claim_a"]["cross"] == "undecided"


def test_the_table_has_a_row_a_cell_and_pictures_come_as_png() -> None:
    found = analysed(full=True)
    assert len(found.table) == 30
    assert sorted(found.figures) == ["headline", "headline_coupled", "headline_finite_fund"]
    assert all(picture.startswith(b"\x89PNG") for picture in found.figures.values())
    markdown = markdown_table(found.table)
    assert markdown.count("\n") == 32 and "nan" not in markdown.lower()


def test_censored_drains_say_so_and_probabilities_beyond_a_finite_fund_are_unknown() -> None:
    found = analysed(full=True).table.set_index("arm").loc["finite_fund"].iloc[0]
    assert found["gross drain, bp"].startswith(">= ")
    assert found["P(fund of 14 bp exhausted)"] != "-" and found["P(fund of 28 bp exhausted)"] == "-"


def test_amplification_pairs_each_run_with_its_twin() -> None:
    numbers = analysed().numbers
    row = numbers[(numbers["quantity"] == "amplification") & numbers["minus_scale"].isna()].iloc[0]
    assert row["n"] == 20 and row["estimate"] == pytest.approx(0.10 / 0.06, rel=0.02)


def test_a_failed_run_leaves_its_pairs_out_and_the_rest_stand() -> None:
    numbers = analysed(lose=3).numbers
    assert sorted(numbers["n"].unique().tolist()) == [19, 20]
    assert not numbers["estimate"].isna().any()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenario: btc_2025_10_10\nfactor: {}\n", "sweep.yaml:2"),
        ("scenario: btc_2025_10_10\nseeds: {quick: true}\n", "seeds.quick"),
        ("scenario: btc_2025_10_10\nfactors: {a: {sets: steps, values: []}}\n", "factors.a.values"),
        ("steps: 10\n", "scenario"),
    ],
)
def test_a_wrong_sweep_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "sweep.yaml").write_text(text)
    with pytest.raises(ScenarioError, match=said):
        read_sweep(tmp_path)


def test_folders_without_sweep_or_analysis_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no such file"):
        experiment.experiment_command(tmp_path)
    (tmp_path / "sweep.yaml").write_text("scenario: btc_2025_10_10\n")
    with pytest.raises(ScenarioError, match="analyse.py"):
        experiment.experiment_command(tmp_path)
    (tmp_path / "analyse.py").write_text("x = 1\n")
    with pytest.raises(ScenarioError, match="has no function"):
        experiment.experiment_command(tmp_path)


@pytest.fixture
def faked(monkeypatch):
    """Runs that are not simulated: the first of them, or all, fail."""

    def play(run: int, key: str, task: RunTask) -> Finished:
        lost = {"seed": task.seed, "error": "ValueError: lost", "traceback": "where"}
        return Finished(run, key, dict(task.labels) | lost if run in failing else fake_row(task), {})

    failing = {0}
    monkeypatch.setattr(worker, "play", play)
    monkeypatch.setattr(play_sweep, "rehearse", lambda task: None)
    return failing


def played(tmp_path: Path, seeds: int) -> None:
    experiment.experiment_command(HOME, Form(seeds=seeds), BackendOptions("serial"), out=tmp_path / "out")


def test_the_command_writes_everything_and_a_failed_run_does_not_stop_it(tmp_path, faked, capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        played(tmp_path, 4)
    assert stop.value.code == 3
    final = tmp_path / "out"
    assert {path.name for path in final.iterdir()} == {
        "catalogue.sqlite", "claim.md", "headline.png", "journals", "lock", "lock-beginning", "manifest.json", "parts",
        "runs.parquet",
        "summary.json", "sweep.json", "sweep.yaml", "table.csv", "table.md", "verdict.md",
    }  # fmt: skip
    summary = json.loads((final / "summary.json").read_text())
    assert summary["runs"] == 80 and summary["failed"] == 1 and summary["seeds"] == 4
    runs = pd.read_parquet(final / "runs.parquet")
    assert len(runs) == 80 and runs["traceback"].iloc[0] == "where" and runs["traceback"].isna().sum() == 79
    assert not list((final / "journals").iterdir())
    shown = capsys.readouterr()
    assert "Claim A" in shown.out and "1 of 80 runs failed" in shown.err
    assert shown.err.splitlines()[-1].endswith("headline.png")
    assert max(map(len, shown.out.splitlines())) <= 80


def test_an_experiment_whose_runs_all_fail_ends_with_code_70(tmp_path, faked) -> None:
    faked.update(range(20))
    with pytest.raises(SystemExit) as stop:
        played(tmp_path, 1)
    assert stop.value.code == 70
    assert (tmp_path / "out" / "runs.parquet").is_file()


def test_the_same_command_again_plays_nothing_and_failed_runs_only_when_asked(tmp_path, faked) -> None:
    with pytest.raises(SystemExit):
        played(tmp_path, 1)
    before = (tmp_path / "out" / "runs.parquet").read_bytes()
    faked.clear()
    with pytest.raises(SystemExit) as stop:
        played(tmp_path, 1)
    assert stop.value.code == 3 and (tmp_path / "out" / "runs.parquet").read_bytes() == before
    experiment.experiment_command(
        HOME, Form(seeds=1), BackendOptions("serial"), out=tmp_path / "out", retry_failed=True
    )
    assert pd.read_parquet(tmp_path / "out" / "runs.parquet")["error"].isna().all()


def test_the_verdict_says_where_a_trend_lies_and_fits_a_terminal() -> None:
    function = experiment.load_analyse(HOME)
    rows = []
    for task in sweep_tasks(read_sweep(HOME), HOME):
        row = fake_row(task, slope=0.0)
        late = 20.0 if dict(task.labels)["scale"] == 8.0 else 40.0
        row["gross_drain_bp"] = late + 1e-3 * row["gross_drain_bp"]
        rows.append(row)
    found = function(rows_frame(rows_table(rows)))
    assert found.verdict.count("; flat to 4x, falls to 8x") == 2
    assert max(map(len, found.verdict.splitlines())) <= 80
    assert "posted %" not in next(iter(found.brief.values()))
    assert "posted %" not in found.legend


def test_one_seed_has_no_intervals_and_says_so() -> None:
    tasks = sweep_tasks(read_sweep(HOME), HOME, seeds=1)
    verdict = experiment.load_analyse(HOME)(rows_frame(rows_table([fake_row(task) for task in tasks]))).verdict
    assert "t intervals" not in verdict and "One seed" in verdict
