"""`firesale margin` and `firesale venues`: what they print, within 80 columns, and how they end."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli import app
from sim.scenario.folders import venue_names

ROOT = Path(__file__).resolve().parents[2]
CASE = """\
title: A long and an isolated short
collateral: 1000
mark_prices: {BTC: 50000, ETHEREUM-PERPETUAL: 3000}
schedules:
  BTC: {tiers: [[0, 0.004], [20000, 0.005]]}
  ETHEREUM-PERPETUAL: {tiers: [[0, 0.005]], mode: whole}
positions:
  - {instrument: BTC, side: long, size: 0.5, entry_price: 51000}
  - {instrument: ETHEREUM-PERPETUAL, side: short, size: 2, entry_price: 2900, margin_mode: isolated,
     isolated_collateral: 210}
compare:
  returns: {BTC: [0.01, -0.02, 0.03, -0.05], ETHEREUM-PERPETUAL: [0.02, -0.01, 0.01, -0.04]}
  confidence: 0.75
"""
KEYS = """equity initial_margin maintenance_margin margin_buffer maintenance_over_equity equity_over_maintenance
liquidatable withdrawable maintenance_amounts positions liquidation""".split()


@pytest.fixture
def ran(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*words, case=CASE):
        (tmp_path / "case.yaml").write_text(case)
        return CliRunner().invoke(app, list(words))

    return run


def test_json_has_the_keys_of_the_contract_in_their_order(ran):
    found = json.loads(ran("margin", "case.yaml", "--json").stdout)
    assert list(found) == KEYS
    assert list(found["positions"][0]) == [
        "instrument", "side", "liquidation_price", "bankruptcy_price", "initial_margin", "maintenance_margin",
        "effective_leverage",
    ]  # fmt: skip
    assert list(found["liquidation"]["orders"][0]) == ["instrument", "side", "size", "limit_price"]


def test_cases_are_answered_in_their_order_in_one_object(ran):
    text = json.dumps({"cases": [{"collateral": n} for n in range(20)]})
    found = json.loads(ran("margin", "case.yaml", "--json", case=text).stdout)
    assert [item["equity"] for item in found["cases"]] == list(range(20))
    assert json.loads(ran("margin", "case.yaml", "--json", case="cases: []").stdout) == {"cases": []}


def test_the_text_says_the_same_and_fits_80_columns(ran):
    done = ran("margin", "case.yaml", "--compare")
    assert done.exit_code == 0 and max(map(len, done.stdout.splitlines())) <= 80
    for words in (
        "account: liquidatable",
        "equity",
        "50,",
        "ETHEREUM-PE. short",
        "isolated",
        "buy",
        "expected shortfall",
    ):
        assert words in done.stdout
    found = json.loads(ran("margin", "case.yaml", "--json").stdout)
    for key in ("equity", "maintenance_margin", "margin_buffer"):
        assert f"{found[key]:,.10g}" in done.stdout


def test_compare_sets_four_methods_side_by_side(ran):
    rows = {
        row["method"]: row for row in json.loads(ran("margin", "case.yaml", "--json", "--compare").stdout)["compare"]
    }
    assert list(rows) == ["flat", "tiers", "value_at_risk", "expected_shortfall"]
    assert (rows["flat"]["maintenance_margin"], rows["flat"]["initial_margin"]) == (100 + 30, 200 + 60)
    assert rows["tiers"]["maintenance_margin"] == 105 + 30
    # Long 25,000 loses most at -5 % and -2 %, short 6,000 at +2 % and +1 %: each account by itself.
    assert rows["value_at_risk"]["initial_margin"] == 500 + 60
    assert rows["expected_shortfall"]["initial_margin"] == 1_250 + 120
    assert rows["expected_shortfall"]["maintenance_margin"] == (1_250 + 120) / 2


def test_without_returns_the_risk_measures_are_null(ran):
    case = CASE.partition("compare:")[0]
    rows = json.loads(ran("margin", "case.yaml", "--json", "--compare", case=case).stdout)["compare"]
    assert [row["initial_margin"] is None for row in rows] == [False, False, True, True]
    assert "need compare.returns" in ran("margin", "case.yaml", "--compare", case=case).stdout


def test_a_bad_case_ends_with_2_one_line_and_nothing_else(tmp_path):
    (tmp_path / "case.yaml").write_text(CASE.replace("size: 0.5", "size: -1"))
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from sim.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT), "margin", "case.yaml", "--json"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == "case.yaml:8:35: positions.0.size: -1 is not allowed; allowed: a number from 1e-18 to 1e+18\n"
    assert [path.name for path in tmp_path.iterdir()] == ["case.yaml"]


def test_venues_lists_every_preset_with_date_title_and_first_tier(ran):
    text = ran("venues").stdout
    assert max(map(len, text.splitlines())) <= 80
    for name in venue_names():
        assert name in text
    assert "2026-09" in text and "0.4 % maintenance, 150x from 0 to 300,000" in text
    rows = json.loads(ran("venues", "--json").stdout)["venues"]
    assert [row["name"] for row in rows] == venue_names()
    tiers = {row["name"]: row["first_tiers"]["BTCUSDT"] for row in rows}
    assert tiers["binance_usdm_2026_09"] == {"floor": 0, "maintenance_margin_rate": 0.004, "max_leverage": 150}


def test_a_case_of_its_own_rules_needs_no_compiled_code(tmp_path):
    (tmp_path / "case.yaml").write_text(CASE)
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
        "from sim.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'numba', 'numpy', 'pandas', 'mesa'} & set(sys.modules)), file=sys.stderr)"
    )
    words = [sys.executable, "-c", code, str(ROOT), "margin", str(tmp_path / "case.yaml")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == "[]" and "account: liquidatable" in done.stdout
