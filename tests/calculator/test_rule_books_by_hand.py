"""Every rule book in figures that were computed by hand; its name says which."""

import json
from pathlib import Path
from typing import Any

import pytest

from sim.calculator.dial_table import dial_tables
from sim.calculator.report import report
from sim.scenario.cases import read_cases, venue_documents
from sim.scenario.folders import venue_names


def position(side: str, size: float, entry: float, **more: Any) -> dict[str, Any]:
    return {"instrument": "BTCUSDT", "side": side, "size": size, "entry_price": entry, **more}


def isolated(side: str, size: float, entry: float, collateral: float) -> dict[str, Any]:
    return position(side, size, entry, margin_mode="isolated", isolated_collateral=collateral)


def small(side: str, size: float, entry: float) -> dict[str, Any]:
    return {"instrument": "LINKUSDT", "side": side, "size": size, "entry_price": entry}


# (rule book, mark, collateral of the wallet, position, what is asked, by hand)
BY_HAND = [
    # Isolated long in the first tier: (10,000 - 100,000) / (0.004 - 1).
    ("binance_usdm_2026_09", 100_000, 0, isolated("long", 1, 100_000, 10_000), "liquidation_price", 90_000 / 0.996),
    # Isolated long in the third tier: (100,000 + 1,500 - 1,000,000) / (10 x 0.0065 - 10).
    ("binance_usdm_2026_09", 100_000, 0, isolated("long", 10, 100_000, 100_000), "liquidation_price", 898_500 / 9.935),
    # Cross short in the fourth tier: (1,000,000 + 12,000 + 10,000,000) / (100 x 0.01 + 100).
    ("binance_usdm_2026_09", 100_000, 1e6, position("short", 100, 100_000), "liquidation_price", 11_012_000 / 101),
    # 5 million at 1 % less 12,000; a fiftieth of it to open.
    ("binance_usdm_2026_09", 100_000, 1e6, position("long", 50, 100_000), "maintenance_margin", 38_000),
    ("binance_usdm_2026_09", 100_000, 1e6, position("long", 50, 100_000), "initial_margin", 100_000),
    # First tier: (5,000 - 50,000) / (0.004 - 1).
    ("binance_usdm_2021_03", 50_000, 0, isolated("long", 1, 50_000, 5_000), "liquidation_price", 45_000 / 0.996),
    # Third tier: (25,000 + 1,300 - 500,000) / (10 x 0.01 - 10).
    ("binance_usdm_2021_03", 50_000, 0, isolated("long", 10, 50_000, 25_000), "liquidation_price", 473_700 / 9.9),
    # 20 million stand at the floor of the sixth tier: 10 % less 1,266,300 is what the fifth says, 5 % less 266,300.
    ("binance_usdm_2021_03", 50_000, 5e6, position("long", 400, 50_000), "maintenance_margin", 733_700),
    # Cross short: (100,000 + 1,000,000) / (10 x 1.0125).
    ("hyperliquid_2025_10", 100_000, 1e5, position("short", 10, 100_000), "liquidation_price", 1_100_000 / 10.125),
    # Isolated long: (5,000 - 100,000) / (0.0125 - 1).
    ("hyperliquid_2025_10", 100_000, 0, isolated("long", 1, 100_000, 5_000), "liquidation_price", 95_000 / 0.9875),
    # 200 million at 2.5 % less 1,875,000; at most 20x to open.
    ("hyperliquid_2025_10", 100_000, 2e7, position("long", 2_000, 100_000), "maintenance_margin", 3_125_000),
    ("hyperliquid_2025_10", 100_000, 2e7, position("long", 2_000, 100_000), "initial_margin", 10_000_000),
    # 0.6 of 2 %: (10,000 - 100,000) / (0.012 - 1), and of a million 12,000 to keep and 20,000 to open.
    ("dydx_v4_2024", 100_000, 0, isolated("long", 1, 100_000, 10_000), "liquidation_price", 90_000 / 0.988),
    ("dydx_v4_2024", 100_000, 1e5, position("long", 10, 100_000), "maintenance_margin", 12_000),
    ("dydx_v4_2024", 100_000, 1e5, position("long", 10, 100_000), "initial_margin", 20_000),
    # A small market at 35 million of open interest: 10 % + 90 % x 15 / 30 to open, 5 % to keep whatever it is.
    ("dydx_v4_2024", 15, 1e5, small("long", 10_000, 15), "initial_margin", 82_500),
    ("dydx_v4_2024", 15, 1e5, small("long", 10_000, 15), "maintenance_margin", 7_500),
    # Entry values: 20,000 - (400 - 100), the worked example of the help page.
    ("bybit_usdt_2024", 20_000, 0, isolated("long", 1, 20_000, 400), "liquidation_price", 19_700),
    ("bybit_usdt_2024", 20_000, 400, position("long", 1, 20_000, margin_mode="cross"), "maintenance_margin", 100),
    # 2.2 million at entry: 0.56 % less 1,200; the mark does not matter.
    ("bybit_usdt_2024", 19_000, 1e6, position("long", 110, 20_000, margin_mode="cross"), "maintenance_margin", 11_120),
    # Rate and closing fee: (10,000 - 100,000) / (0.004 + 0.0005 - 1).
    ("okx_2025", 100_000, 0, isolated("long", 1, 100_000, 10_000), "liquidation_price", 90_000 / 0.9955),
    ("okx_2025", 100_000, 1e6, position("long", 10, 100_000), "maintenance_margin", 4_500),
    # One rate for the whole position: 10 million at 0.5 % and 0.05 %.
    ("okx_2025", 100_000, 1e6, position("long", 100, 100_000), "maintenance_margin", 55_000),
    # (800 - 8,000) / (0.005 - 1); then one step of the risk limit, 1 % to keep and 2 % to open on all of 2 million.
    ("bitmex_2020_03", 8_000, 0, isolated("long", 1, 8_000, 800), "liquidation_price", 7_200 / 0.995),
    ("bitmex_2020_03", 8_000, 1e6, position("long", 250, 8_000, margin_mode="cross"), "maintenance_margin", 20_000),
    ("bitmex_2020_03", 8_000, 1e6, position("long", 250, 8_000, margin_mode="cross"), "initial_margin", 40_000),
    # 100 BTC: 1 % and 100 times 0.005 %; 2 % and the same to open.
    ("deribit_futures_2022_01", 50_000, 1e6, position("long", 100, 50_000), "maintenance_margin", 75_000),
    ("deribit_futures_2022_01", 50_000, 1e6, position("long", 100, 50_000), "initial_margin", 125_000),
    # 10 BTC, so 1.05 %: (100,000 - 500,000) / (10 x 0.0105 - 10).
    ("deribit_futures_2022_01", 50_000, 1e5, position("long", 10, 50_000), "liquidation_price", 400_000 / 9.895),
    ("kraken_futures_2026", 50_000, 0, isolated("long", 1, 50_000, 5_000), "liquidation_price", 45_000 / 0.99),
    # The second level holds for all of 3 million: 2 % and 4 %.
    ("kraken_futures_2026", 50_000, 1e6, position("long", 60, 50_000), "maintenance_margin", 60_000),
    ("kraken_futures_2026", 50_000, 1e6, position("long", 60, 50_000), "initial_margin", 120_000),
    # 100 BTC, root 10: 5 % x 0.999 + 0.1 % x 10; 10 % x 0.999 + 1 % to open; 1 BTC: 4.995 % + 0.1 %.
    ("drift_2024", 50_000, 1e6, position("long", 100, 50_000), "maintenance_margin", 299_750),
    ("drift_2024", 50_000, 1e6, position("long", 100, 50_000), "initial_margin", 549_500),
    ("drift_2024", 50_000, 0, isolated("long", 1, 50_000, 10_000), "liquidation_price", 40_000 / 0.94905),
    # 0.0016 BTC, root 0.04 and so below the base rate: 5 %.
    ("drift_2024", 50_000, 1e6, position("long", 0.0016, 50_000), "maintenance_margin", 4),
    # 2 BTC: the root of two is irrational; its premium of 0.1 % x 1.41421356... is rounded up to 1e-9.
    ("drift_2024", 50_000, 1e6, position("long", 2, 50_000), "maintenance_margin", 100_000 * (0.04995 + 0.001414214)),
    # 100 BTC: 1 % and 0.05 % for size; 2 % and 0.1 % to open; 500 dollars would need 5, the minimum is 50.
    ("synthetix_perps_v3_2024", 50_000, 1e6, position("long", 100, 50_000), "maintenance_margin", 52_500),
    ("synthetix_perps_v3_2024", 50_000, 1e6, position("long", 100, 50_000), "initial_margin", 105_000),
    ("synthetix_perps_v3_2024", 50_000, 1e3, position("long", 0.01, 50_000), "maintenance_margin", 50),
]


@pytest.mark.parametrize(("venue", "mark", "wallet", "held", "asked", "by_hand"), BY_HAND)
def test_a_rule_book_gives_what_was_computed_by_hand(tmp_path, venue, mark, wallet, held, asked, by_hand):
    name = held["instrument"]
    case = {"venue": f"{venue}.yaml", "collateral": wallet, "mark_prices": {name: mark}, "positions": [held]}
    case["open_interest"] = {name: 35e6}
    (tmp_path / "case.json").write_text(json.dumps(case))
    (statement,) = read_cases(tmp_path / "case.json").statements
    answer = report(statement)
    found = answer["positions"][0][asked] if asked == "liquidation_price" else answer[asked]
    assert found == pytest.approx(by_hand, rel=1e-9)


def test_every_rule_book_has_at_least_three_cases_by_hand():
    counts = {name: sum(row[0] == name for row in BY_HAND) for name in venue_names()}
    assert {name: count for name, count in counts.items() if count < 3} == {}


def test_the_tables_of_the_explanation_are_those_of_the_rule_books():
    text = (Path(__file__).parents[2] / "docs" / "explanation" / "margin.md").read_text(encoding="utf-8")
    tables = dial_tables(venue_documents())
    assert tables in text, "run: firesale venues --table, and put what it prints into docs/explanation/margin.md"
    assert all(f"| `{name}` |" in tables for name in venue_names())
