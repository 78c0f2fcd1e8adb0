"""Real tier tables: derived amounts are the venues' own, and no requirement jumps at any edge."""

import csv
import json
from fractions import Fraction
from pathlib import Path

import pytest
from naive_case import answer_to, long

from sim.calculator.schedules import Curve, marginal_amounts, scaled

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT.parent / "shared" / "data" / "margin" / "binance_usdm_leverage_tiers_2024-10.csv"
VENUES = ROOT.parent / "shared" / "reference" / "venue-tiers.json"


def _text(path):
    """The file's text; absent it is skipped, there but unreadable it is a failure."""
    if not path.exists():
        pytest.skip(f"{path.name} is not beside this checkout")
    return path.read_text(encoding="utf-8")


def binance_tables():
    """(floor, rate, stated amount) rows by symbol."""
    tables = {}
    for row in csv.DictReader(_text(TABLES).splitlines()):
        cells = [float(row[name]) for name in ("min_notional", "maint_margin_rate", "maint_amount")]
        tables.setdefault(row["symbol"], []).append(cells)
    return tables


def venue_tables():
    """The same by venue and instrument; rows without a stated amount have None."""
    found = json.loads(_text(VENUES))["tables"]
    return {
        f"{t['venue']} {t['instrument']}": [
            [r[0], r[2], r[4] if len(r) > 4 else None] for r in t["tiers"] if isinstance(r, list)
        ]
        for t in found
        if "tiers" in t
    }


def edges_checked(rows):
    """Assert amounts and continuity of one table; how many edges it has."""
    tiers = scaled([(floor, rate) for floor, rate, _ in rows])
    amounts = marginal_amounts(tiers)
    for (_, _, stated), amount in zip(rows, amounts, strict=True):
        assert stated is None or float(amount) == pytest.approx(stated, rel=1e-9, abs=1e-6)
    curve = Curve(tiers).by_notional(None)
    for (floor, rate), amount, (_, below), before in zip(tiers[1:], amounts[1:], tiers, amounts, strict=False):
        assert floor * below - before == floor * rate - amount == curve.at(floor)
        step = Fraction(1, 10**9)
        assert curve.at(floor) - curve.at(floor - step) == below * step
        assert curve.at(floor + step) - curve.at(floor) == rate * step
    return len(rows)


def test_every_edge_of_binances_2805_tiers_is_continuous():
    tables = binance_tables()
    assert sum(edges_checked(rows) for rows in tables.values()) == 2_805 and len(tables) == 349


def test_every_edge_of_the_collected_venue_tables_is_continuous():
    tables = venue_tables()
    assert len(tables) >= 18
    assert sum(edges_checked(rows) for rows in tables.values()) > 100


def test_whole_position_tiers_jump_at_every_edge():
    tiers = scaled([(0, 0.01), (1_000, 0.02), (5_000, 0.05)])
    curve = Curve(tiers, mode="whole").by_notional(None)
    assert [curve.at(floor) for floor, _ in tiers] == [0, 20, 250]
    assert curve.at(Fraction(4_999)) == Fraction(4_999) / 50


def test_an_account_without_positions_gets_its_maintenance_amounts():
    case = {"collateral": 7, "schedules": {"X": {"tiers": [[0, 0.004], [300_000, 0.005], [800_000, 0.0065]]}}}
    found = answer_to(case)
    assert found["maintenance_amounts"] == {"X": [0, 300, 1_500]}
    assert (found["equity"], found["maintenance_margin"], found["withdrawable"]) == (7, 0, 7)
    assert found["equity_over_maintenance"] is None and found["positions"] == []


def test_one_tier_with_a_maintenance_amount_is_that_tier_of_a_table():
    table = {"tiers": [[0, 0.004], [300_000, 0.005], [800_000, 0.0065]]}
    one = {"tiers": [[0, 0.005]], "maintenance_amount": 300}
    shared = {"collateral": 20_000, "mark_prices": {"X": 100}, "positions": [long(100.0, 5_000.0)]}
    answers = [answer_to(shared | {"schedules": {"X": schedule}}) for schedule in (table, one)]
    assert answers[0]["maintenance_margin"] == answers[1]["maintenance_margin"] == 2_200
    assert answers[0]["positions"] == answers[1]["positions"]
    assert answers[1]["maintenance_amounts"] == {"X": [300]}
