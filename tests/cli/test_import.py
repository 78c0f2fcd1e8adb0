"""`firesale import`: what it shows, what it writes, and what it refuses with nothing written."""

import json
import os

import pytest
from market_files import (
    PRICES,
    agg_trades,
    book_depth,
    candles_csv,
    klines,
    metrics,
    time_price,
    write_candles_json,
    write_tiers_json,
    zipped,
)
from typer.testing import CliRunner

from sim.cli import app
from sim.runs.files import write_new
from sim.scenario import load
from sim.scenario.document import read_document

TIERS = [{"minNotional": 0, "maxNotional": None, "maintenanceMarginRate": 0.01, "maxLeverage": 50, "info": {}}]
ROWS = [[0, 0.01, 50]]


def firesale(*words):
    return CliRunner().invoke(app, ["import", *map(str, words)])


def test_it_shows_what_was_understood_within_80_columns(tmp_path):
    done = firesale(zipped(agg_trades().write(tmp_path)))
    assert done.exit_code == 0, done.output
    words = ("archive_agg_trades", "zip", "BTCUSDT", "milliseconds, UTC", "2025-10-10T00:00:00Z", "6 taken, 0 refused")
    for word in (*words, "taker bought      3"):
        assert word in done.stdout, done.stdout
    assert max(len(line) for line in done.stdout.splitlines()[1:]) <= 80


def test_json_says_the_same_for_programs(tmp_path):
    sample = klines()
    path = sample.write(tmp_path, [*sample.rows[:2], "x", *sample.rows[2:]])
    done = firesale(path, "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 2 and "1 rows are refused" in done.stderr
    assert (found["format"], found["rows"], found["rows_taken"], found["spacing_s"]) == ("archive_klines", 9, 8, 60.0)
    assert found["problems"] == [{"row": 4, "reason": "has 1 values; the file has 12 columns"}]


def test_a_stale_side_is_refused_by_name(tmp_path):
    done = firesale(book_depth(60, stale_from=20, crossed=True).write(tmp_path))
    assert done.exit_code == 2 and "the bid side is stale" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("sample", [klines("us", header=False), candles_csv(), time_price()])
def test_a_path_that_is_written_is_read_again_the_same(tmp_path, sample):
    out = tmp_path / "path.csv"
    done = firesale(sample.write(tmp_path), "--out", out)
    assert done.exit_code == 0 and f"written: {out}" in done.stdout
    assert [float(line.split(",")[1]) for line in out.read_text().splitlines()[1:]] == PRICES
    again = tmp_path / "again.csv"
    assert firesale(out, "--out", again).exit_code == 0
    assert again.read_bytes() == out.read_bytes()


def test_trades_are_written_as_the_last_price_of_each_step(tmp_path):
    """Fills at 0, 0.4, 0.4, 1.0, 2.5 and 7.0 s: step 1 has the one at 1.0 s, steps 3 to 6 keep that at 2.5 s."""
    out = tmp_path / "path.csv"
    assert firesale(agg_trades().write(tmp_path), "--out", out).exit_code == 0
    expected = [PRICES[0], PRICES[3], PRICES[3], *[PRICES[4]] * 4, PRICES[5]]
    assert out.read_text().splitlines()[1:] == [f"{k},{price}" for k, price in enumerate(expected)]


def test_column_start_and_step_are_those_of_an_index(tmp_path):
    out = tmp_path / "path.csv"
    path = klines().write(tmp_path)
    options = ["--column", "low", "--starts-at", "2025-10-10T00:05:00Z", "--step-seconds", "30"]
    assert firesale(path, "--out", out, *options).exit_code == 0
    assert out.read_text() == "time,price\n0,97.5\n60,98.0\n120,101.5\n180,100.5\n"


def test_tiers_become_a_table_that_a_schedule_reads(tmp_path, folder_of_scenarios):
    out = folder_of_scenarios / "tiers.yaml"
    done = firesale(write_tiers_json(tmp_path), "--out", out, "--symbol", "BTCUSDT")
    assert done.exit_code == 0, done.output
    assert "[50000, 0.005, 100]" in out.read_text() and "ETHUSDT" not in out.read_text()
    scenario = folder_of_scenarios / "case.yaml"
    scenario.write_text(
        "from: baseline.yaml\nname: case\nvenues: {binance: {margin: {schedules: {BTCUSDT: {file: tiers.yaml}}}}}\n"
    )
    rows = load(scenario).venues["binance"].margin.schedules["BTCUSDT"].tiers
    assert rows == ((0.0, 0.004, 125.0), (50_000.0, 0.005, 100.0), (600_000.0, 0.01, 50.0))


@pytest.fixture
def folder_of_scenarios(tmp_path):
    import shutil

    from sim.scenario import configs_folder

    shutil.copytree(configs_folder(), tmp_path / "configs")
    return tmp_path / "configs" / "scenarios"


def test_a_file_with_gaps_is_shown_and_written_only_when_asked(tmp_path):
    sample = klines()
    path, out = sample.write(tmp_path, sample.rows[:3] + sample.rows[5:]), tmp_path / "path.csv"
    assert firesale(path).exit_code == 0
    done = firesale(path, "--out", out)
    assert done.exit_code == 2 and "rows are missing in 1 places" in done.stderr and not out.exists()
    assert firesale(path, "--out", out, "--gaps", "bridge").exit_code == 0 and out.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--out", "there.csv"], "is there already"),
        (["--out", "nowhere/path.csv"], "is no folder"),
        (["--out", "link.csv"], "is there already"),
        (["--out", ""], "names no file"),
        (["--column", "mid", "--out", "new.csv"], "unknown column 'mid'; known: close, high, low, open"),
        (["--gaps", "fill", "--out", "new.csv"], "unknown gaps 'fill'; known: bridge, refuse"),
        (["--starts-at", "noon", "--out", "new.csv"], "starts_at 'noon' is no time"),
        (["--starts-at", "2030-01-01", "--out", "new.csv"], "no price is at starts_at or after it"),
        (["--step-seconds", "3600", "--out", "new.csv"], "falls into the same step"),
        (["--step-seconds", "nan", "--out", "new.csv"], "step"),
        (["--format", "klines"], "unknown format 'klines'; did you mean 'archive_klines'?"),
        (["--format", "time_price"], "row 1: the header is"),
    ],
)
def test_a_bad_wish_is_refused_and_nothing_is_written(tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    path = klines().write(tmp_path)
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "link.csv").symlink_to("nothing")
    before = sorted(tmp_path.iterdir())
    done = firesale(path, *words)
    assert done.exit_code == 2 and says in done.stderr, done.output
    assert sorted(tmp_path.iterdir()) == before and (tmp_path / "there.csv").read_text() == "mine"


@pytest.mark.parametrize("sample", [metrics(), book_depth()])
def test_what_gives_nothing_to_a_scenario_is_not_written(tmp_path, sample):
    done = firesale(sample.write(tmp_path), "--out", tmp_path / "new.csv")
    assert done.exit_code == 2 and "gives nothing that a scenario reads" in done.stderr
    assert not (tmp_path / "new.csv").exists()


def test_a_file_that_is_refused_is_not_written_either(tmp_path):
    sample = klines()
    path = sample.write(tmp_path, [*sample.rows, sample.rows[0]])
    assert firesale(path, "--out", tmp_path / "new.csv").exit_code == 2
    assert not (tmp_path / "new.csv").exists()


@pytest.mark.parametrize("name", ["nothing.csv", "a" * 300, "../../../nothing", "."])
def test_a_name_that_is_no_file_is_refused_in_one_line(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    done = firesale(name)
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1


def test_names_of_a_file_steer_neither_the_terminal_nor_the_table(tmp_path):
    tree = {"BTC/USDT:USDT": TIERS, "X\n  evil: 1/USDT:USDT": TIERS, "币/USDT:USDT": TIERS, "1000X/USDT:USDT": TIERS}
    out = tmp_path / "t.yaml"
    assert firesale(write_tiers_json(tmp_path, tree), "--out", out).exit_code == 0
    assert read_document(out, "t").tree == {"schedules": {"BTCUSDT": ROWS, "1000XUSDT": ROWS}}
    assert "# 2 symbols of the file are left out." in out.read_text()
    done = firesale(write_tiers_json(tmp_path, {"\x1b[2J/USDT:USDT": TIERS}))
    assert done.exit_code == 0 and "\x1b" not in done.output and "\\x1b[2J/USDT" in done.output
    done = firesale(write_tiers_json(tmp_path, tree), "--out", tmp_path / "u.yaml", "--symbol", "币USDT")
    assert done.exit_code == 2 and "is no name of a contract" in done.stderr


def test_symbols_that_are_not_there_are_refused(tmp_path):
    done = firesale(write_tiers_json(tmp_path), "--out", tmp_path / "t.yaml", "--symbol", "BTCUSD")
    assert done.exit_code == 2 and "did you mean 'BTCUSDT'?" in done.stderr


def test_a_full_disk_leaves_no_file(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    path = write_candles_json(tmp_path)
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(os, "fsync", full)
    done = firesale(path, "--out", tmp_path / "path.csv")
    assert done.exit_code == 74 and "No space left" in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_that_appears_meanwhile_is_not_written_over(tmp_path, monkeypatch):
    link = os.link

    def late(beside, out):
        out.write_text("theirs")
        link(beside, out)

    path = klines().write(tmp_path)
    monkeypatch.setattr(os, "link", late)
    done = firesale(path, "--out", tmp_path / "path.csv")
    assert done.exit_code == 2 and "is there already" in done.stderr
    assert (tmp_path / "path.csv").read_text() == "theirs" and len(list(tmp_path.iterdir())) == 2


def test_a_file_system_without_links_is_written_too_and_never_over_a_file(tmp_path, monkeypatch):
    def none(beside, out):
        raise PermissionError(1, "Operation not permitted")

    path = klines().write(tmp_path)
    monkeypatch.setattr(os, "link", none)
    assert firesale(path, "--out", tmp_path / "path.csv").exit_code == 0
    before = (tmp_path / "path.csv").read_bytes()
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "path.csv", b"mine")
    assert (tmp_path / "path.csv").read_bytes() == before and len(list(tmp_path.iterdir())) == 2
