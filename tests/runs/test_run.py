"""One run, played on a synthetic session: files, summary, pictures, and what an invariant leaves behind."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
import synthetic_session as synthetic

from sim.engine.errors import InvariantError
from sim.runs.run import run_command, simulate, with_steps
from sim.runs.terminal import _percent
from sim.scenario import ScenarioError, load


@pytest.fixture
def scenario():
    return load("btc_2025_10_10", ["steps=240", "instruments.BTCUSDT.news.0.start_step=60"])


@pytest.fixture
def fail_at(monkeypatch: pytest.MonkeyPatch) -> dict:
    """A build module that hands out synthetic sessions; they break at the step that the test puts in."""
    settings: dict = {"step": None}
    module = ModuleType("sim.scenario.build")
    module.build_session = lambda scenario, seed, antithetic=False: synthetic.SyntheticSession(
        seed, scenario.steps, settings["step"]
    )
    monkeypatch.setitem(sys.modules, "sim.scenario.build", module)
    return settings


def test_a_run_writes_the_folder_and_prints_the_summary_alone(scenario, fail_at, tmp_path, capsys) -> None:
    final = run_command(scenario, 3, None, tmp_path / "a run", True)
    shown = capsys.readouterr()
    assert json.loads(shown.out) == json.loads((final / "summary.json").read_text())
    assert "Results" in shown.err
    assert json.loads(shown.out)["steps"] == 240
    manifest = json.loads((final / "manifest.json").read_text())
    assert manifest["seed"] == 3 and manifest["config_hash"] == scenario.config_hash
    assert len(pd.read_parquet(final / "steps.parquet")) == 480
    assert "cause" in pd.read_parquet(final / "events.parquet")
    assert sorted(path.stem for path in (final / "figures").iterdir()) == [
        "activity_BTCUSDT", "activity_ETHUSDT", "fund_binance", "liquidation_map_BTCUSDT",
        "liquidation_map_ETHUSDT", "price_BTCUSDT", "price_ETHUSDT", "profit",
    ]  # fmt: skip


def test_a_run_writes_who_won_and_lost_to_the_atom(scenario, fail_at, tmp_path, capsys) -> None:
    final = run_command(scenario, 3, None, tmp_path / "run", False, with_evaluation=True)
    text = capsys.readouterr().out
    assert "Profit by part" in text and "Sharpe" in text and "None" not in text and "…" not in text
    record = json.loads((final / "evaluation.json").read_text())
    for row in record["populations"]:
        atoms = row["atoms"]
        parts = sum(atoms[name] for name in ("price", "spread", "funding", "fees", "liquidation"))
        assert atoms["equity_end"] - atoms["equity_start"] - atoms["deposits"] == parts == atoms["profit"]
    table = pd.read_parquet(final / "evaluation.parquet")
    assert table["population"].tolist() == [row["population"] for row in record["populations"]]
    assert len(pd.read_parquet(final / "profits.parquet")) == 4 * len(synthetic.HOLDERS)


def test_the_terminal_summary_has_units_and_never_none(scenario, fail_at, tmp_path, capsys) -> None:
    run_command(scenario, None, 60, tmp_path / "run", False)
    text = capsys.readouterr().out
    assert "deepest fall" in text and "bp of open interest" in text
    assert "None" not in text and "nan" not in text
    uncovered = next(line for line in text.splitlines() if "uncovered loss" in line)
    assert uncovered.split()[-2:] == ["quote", "units"]


def test_a_tiny_share_is_not_printed_as_zero() -> None:
    assert [_percent(value) for value in (None, 0.0, 4e-5, 1e-4, 0.1757)] == [
        "-", "0.00 %", "< 0.01 %", "0.01 %", "17.57 %",
    ]  # fmt: skip


def test_a_broken_invariant_leaves_seed_hash_and_last_events(scenario, fail_at, tmp_path) -> None:
    fail_at["step"] = 120
    with pytest.raises(InvariantError):
        run_command(scenario, 5, None, tmp_path / "run", False)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["failure.json"]
    failure = json.loads((tmp_path / "run" / "failure.json").read_text())
    assert failure["seed"] == 5 and failure["config_hash"] == scenario.config_hash
    assert len(failure["events"]) <= 1000 and "cause" in failure["events"][0]
    with pytest.raises(InvariantError):
        simulate(scenario, 5)


@pytest.mark.parametrize(
    ("seed", "steps", "out"), [(-1, None, "r"), (2**63, None, "r"), (1, 0, "r"), (1, None, "../r")]
)
def test_bad_input_is_refused_and_nothing_written(scenario, fail_at, tmp_path, monkeypatch, seed, steps, out) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError):
        run_command(scenario, seed, steps, out, True)
    assert list(Path(tmp_path).iterdir()) == []


def test_steps_change_the_configuration_hash_as_they_would_in_the_file(scenario) -> None:
    shorter = with_steps(scenario, 100)
    assert shorter.steps == 100 and with_steps(scenario, None) is scenario
    expected = load("btc_2025_10_10", ["steps=100", "instruments.BTCUSDT.news.0.start_step=60"])
    assert shorter.config_hash == expected.config_hash != scenario.config_hash


def test_simulate_samples_maps_only_when_asked(scenario, fail_at) -> None:
    assert simulate(scenario, 1).maps == []
    result = simulate(scenario, 1, map=True)
    assert [len(levels.steps) for levels in result.maps] == [4, 4]
    assert result.summary["digest"] == result.session.digest()
