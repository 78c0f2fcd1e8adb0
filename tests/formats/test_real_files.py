"""Files as exchanges and recorders really save them, where they lie beside this checkout: all are understood."""

import csv
import json
import os
from pathlib import Path

import pytest

from sim.scenario import load
from sim.scenario.formats.reading import reading
from sim.scenario.price_files import read_price_file
from sim.scenario.tier_files import read_tier_file

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
TIERS = "margin/binance_usdm_leverage_tiers_2024-10.csv"


def real(name):
    """The file; where it is not there the test is skipped, but where CI has the folder it must be whole."""
    path = DATA / name
    if not path.is_file():
        if os.environ.get("CI") and DATA.is_dir():
            pytest.fail(f"{name} is missing beside this checkout")
        pytest.skip(f"{name} is not beside this checkout")
    return path


def read(name, form=None):
    path = real(name)
    with reading(path, path.name, form) as file:
        rows = list(file.rows())
        return rows, file.conclude()


@pytest.mark.parametrize(
    ("name", "form", "header", "unit", "rows", "first"),
    [
        ("formats/BTCUSD_PERP-1m-2025-10-10_first200.csv", "archive_klines", True, "milliseconds", 200,
         "2025-10-10T00:00:00Z"),
        ("formats/BTCUSDC-aggTrades-2025-10-04_first5000.csv", "archive_agg_trades", False, "microseconds", 5_001,
         "2025-10-04T00:00:00.061015Z"),
        ("book/binance_perp_BTCUSDT_2024-08-08_trades.csv.gz", "tardis_trades", True, "microseconds", 21_313,
         "2024-08-08T23:54:16.322Z"),
        ("book/binance_perp_BTCUSDT_2024-08-08_book_snapshot_20_1s.csv.gz", "tardis_book_snapshot", True,
         "microseconds", 344, "2024-08-08T23:54:16Z"),
        ("liquidations/binance_forceorder_2024-08-17_2024-08-18.csv", "force_orders", True, "milliseconds", 841,
         "2024-08-17T11:58:23.305Z"),
        ("prices/btcusdt_perp_5m_2025-10-08_2025-10-13.csv", "candles_csv", True, "milliseconds", 1_728,
         "2025-10-08T00:00:00Z"),
    ],
)  # fmt: skip
def test_a_real_file_is_recognised_and_every_row_of_it_taken(name, form, header, unit, rows, first):
    found, report = read(name)
    assert (report.format, report.header, report.time_unit, report.first) == (form, header, unit, first)
    assert len(found) == rows and report.lines() == []


def test_the_archive_of_mark_prices_is_known_by_its_volumes():
    _, report = read("formats/BTCUSD_PERP-1m-2025-10-10_first200.csv")
    assert any("mark or index price" in note for note in report.notes) and report.instrument == "BTCUSD_PERP"


def test_the_bid_side_of_october_is_refused_by_name_from_when_it_stood_still():
    _, report = read("book/BTCUSDT-bookDepth-2025-10-10.csv")
    (fault,) = report.faults
    assert "the bid side is stale: its band -1 % keeps a depth of 17.654 from 2025-10-10T20:50:34Z" in fault
    assert "to 2025-10-10T23:59:30Z, 379 snapshots in a row, while the ask side moves" in fault
    assert "bands -1, -2, -3, -4, -5 %" in fault and "first at 2025-10-10T15:30:42Z" in fault
    assert report.rows == 28_790 and report.refused == 0


def test_before_the_bids_stood_still_that_file_is_sound(tmp_path):
    """All of the day up to half an hour before is read without a fault."""
    lines = real("book/BTCUSDT-bookDepth-2025-10-10.csv").read_text().splitlines()
    morning = [line for line in lines[1:] if line < "2025-10-10 15:00"]
    path = tmp_path / "BTCUSDT-bookDepth-2025-10-10.csv"
    path.write_text("\n".join([lines[0], *morning]) + "\n")
    with reading(path, path.name) as file:
        assert len(list(file.rows())) == len(morning) == 17_990
        assert file.conclude().faults == []


def test_bars_that_the_exchange_never_had_are_gaps_and_bridged_only_when_asked():
    """Maintenance of 25 April 2021, 04:00 to 08:45 UTC: 284 minutes are absent."""
    path = real("prices/btcusdt_spot_1m_2021-04-22_2021-04-27.csv")
    _, wrong = read_price_file(path, 1.0)
    assert wrong == ["row 4563: a gap of 17100 s; rows are 60 s apart (the bars between are missing)"]
    points, wrong = read_price_file(path, 60.0, gaps="bridge")
    assert wrong == [] and len(points) == 8_356 and points[-1][0] == 8_356 + 284 - 1


def test_every_price_file_of_that_folder_is_understood():
    real("prices/btcusdt_perp_5m_2025-10-08_2025-10-13.csv")
    for path in sorted((DATA / "prices").glob("*.csv")):
        _, report = read(f"prices/{path.name}")
        stated = {"1m": 60.0, "5m": 300.0, "1h": 3_600.0}[report.interval]
        assert report.format == "candles_csv" and report.refused == 0 and report.spacing_s == stated, path.name


def test_the_price_of_a_second_is_that_of_the_last_trade_up_to_it():
    """Against a naive reading of the same trades."""
    rows, _ = read("book/binance_perp_BTCUSDT_2024-08-08_trades.csv.gz")
    points, wrong = read_price_file(real("book/binance_perp_BTCUSDT_2024-08-08_trades.csv.gz"), 1.0)
    assert wrong == [] and len(points) == 345
    start = rows[0][0]
    for step, price in points[::7]:
        assert price == [value for time, value in rows if time <= start + step * 1_000_000][-1]


def test_mids_and_trades_of_the_same_minutes_agree():
    trades, _ = read_price_file(real("book/binance_perp_BTCUSDT_2024-08-08_trades.csv.gz"), 1.0)
    mids, _ = read_price_file(real("book/binance_perp_BTCUSDT_2024-08-08_book_snapshot_20_1s.csv.gz"), 1.0)
    apart = [abs(a[1] / b[1] - 1.0) for a, b in zip(trades, mids, strict=False)]
    assert sorted(apart)[len(apart) // 2] < 1e-4 and max(apart) < 2e-3


def test_all_349_symbols_of_a_tier_table_are_read_and_its_stated_amounts_are_those_of_its_rates():
    rows, report = read(TIERS)
    assert report.lines() == [] and report.figures == {"symbols": 349, "tiers": 2_805} and len(rows) == 2_805
    with real(TIERS).open(encoding="utf-8") as stream:
        expected = [
            [float(row["min_notional"]), float(row["maint_margin_rate"]), float(row["max_leverage"])]
            for row in csv.DictReader(stream)
            if row["symbol"] == "ETH/USDT:USDT-250328"
        ]
    assert read_tier_file(real(TIERS), "ETHUSDT_250328") == expected


def test_the_tiers_of_october_2024_are_those_of_the_rule_book_of_2026_from_three_million_on():
    """Only the first three rows have changed since; the rest of the two tables, read and written by hand, is equal."""
    dials = {f"venues.binance.margin.schedules.{name}": {"file": str(real(TIERS))} for name in ("BTCUSDT", "ETHUSDT")}
    then = load("baseline", dials).venues["binance"].margin.schedules
    now = load("baseline").venues["binance"].margin.schedules
    for name in ("BTCUSDT", "ETHUSDT"):
        large = [row for row in then[name].tiers if row[0] >= 3_000_000]
        assert large == [tuple(row) for row in now[name] if row[0] >= 3_000_000] and len(large) == 9
        assert [row[1] for row in then[name].tiers] == [row[1] for row in now[name]]
        assert then[name].tiers[0][2] == 125.0 and now[name][0][2] == 150.0


def test_the_rule_book_of_2026_is_what_a_tier_file_with_the_reported_tables_gives(tmp_path):
    path = ROOT.parent / "shared" / "reference" / "venue-tiers.json"
    if not path.is_file():
        pytest.skip("the reported tables are not beside this checkout")
    reported = {
        table["instrument"]: table["tiers"]
        for table in json.loads(path.read_text(encoding="utf-8"))["tables"]
        if table["venue"] == "Binance USD-M" and table["instrument"] in ("BTCUSDT", "ETHUSDT")
    }
    tree = {
        f"{name[:-4]}/USDT:USDT": [
            {
                "minNotional": floor, "maxNotional": cap, "maintenanceMarginRate": rate, "maxLeverage": leverage,
                "info": {"cum": str(amount)},
            }
            for floor, cap, rate, leverage, amount in rows
        ]
        for name, rows in reported.items()
    }  # fmt: skip
    (tmp_path / "tiers.json").write_text(json.dumps(tree))
    schedules = load("baseline").venues["binance"].margin.schedules
    for name in ("BTCUSDT", "ETHUSDT"):
        assert read_tier_file(tmp_path / "tiers.json", name) == [list(row) for row in schedules[name]]
