"""A file that is torn, packed to burst, or not what it seems is refused with a reason, never read in part."""

import gzip
import json
import os
import zipfile

import pytest
from market_files import (
    AGG_HEADER,
    CSV_SAMPLES,
    KLINE_HEADER,
    START_S,
    agg_trades,
    book_depth,
    candle_rows,
    candles_csv,
    force_orders,
    gzipped,
    klines,
    metrics,
    tardis_book_snapshot,
    tardis_trades,
    tier_tree,
    tiers_csv,
    time_price,
    write_candles_feather,
    write_candles_json,
    write_tiers_json,
    zipped,
)

from sim.scenario.formats import container
from sim.scenario.formats.format import Unreadable
from sim.scenario.formats.reading import reading


def read(path, form=None):
    with reading(path, path.name, form) as file:
        rows = list(file.rows())
        return rows, file.conclude()


def problems(path):
    """What is wrong with a file, as lines."""
    try:
        return read(path)[1].lines()
    except Unreadable as error:
        return [str(error)]


def changed(sample, row, **cells):
    """The rows of a sample with some cells of one row replaced; cells go by number, as in c5."""
    rows = sample.rows
    words = rows[row].split(",")
    for place, word in cells.items():
        words[int(place[1:])] = word
    rows[row] = ",".join(words)
    return rows


def test_a_byte_order_mark_and_carriage_returns_are_passed_over_and_said(tmp_path):
    sample = klines()
    rows, _ = read(sample.write(tmp_path))
    path = tmp_path / "BTCUSDT-1m-2025-10-11.csv"
    path.write_bytes(b"\xef\xbb\xbf" + sample.text().replace("\n", "\r\n").encode())
    found, report = read(path)
    assert found == rows and len(report.notes) == 2
    candles = write_candles_json(tmp_path)
    plain, _ = read(candles)
    candles.write_bytes(b"\xef\xbb\xbf" + candles.read_bytes())
    assert read(candles)[0] == plain


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the file is empty"),
        (b"\xff\xfet\x00i\x00", "UTF-16"),
        (b"time\n1\n2\n", "is one column"),
        (b"time;price\n0;1\n", "separated by commas"),
        (b"time,price\n0,1\n60,caf\xe9\n", "row 3: is not UTF-8"),
        (b"caf\xe9,price\n0,1\n", "row 1: is not UTF-8"),
        (b"time,price\n" + b"1" * 100_000 + b",2\n", "row 2: is longer than"),
        (b"time,price\r0,1\r60,2\r", "no CSV|no known format"),
        (b'time,price\n0,"1\n60,2\n', "is no CSV"),
        (b"\x00\x01\x02\x03,\x00\n", "is no text"),
        (b"time,price\n", "row 2: is missing"),
        (b"BZh91AY&SY", "a .bz2 file"),
        (b"PAR1\x15\x00", "a Parquet file"),
        (b"FEA1\x00", "version 1"),
        (b"ARROW1\x00\x00rubbish", "no feather file"),
        (b"{", "is not JSON"),
        (b"{}", "no mapping"),
        (b'{"a": [], "a": []}', "given twice"),
        (b'{"BTC/USDT:USDT": [1]}', "no list of tiers"),
        (b'{"BTC/USDT:USDT": [{"tier": NaN}]}', "NaN"),
        (b"{" + b'"a": [' * 100_000, "nested too deeply|not JSON"),
        (b"[]", "at least one row"),
        (b"[[1,2", "the file ends inside"),
        (b"[[1,2],", "the file ends inside"),
        (b"[[1,2] [3,4]]", "out of place"),
        (b"[,[1,2]]", "out of place"),
        (b"[[1,2],]", "out of place"),
        (b"[[1,2]] x", "something follows"),
        (b"[[[1,2]]]", "no array of numbers|no number|no whole number|out of place"),
        (b"[1,2]", "no array of numbers"),
        (b'[{"date": 1}]', "no array of numbers"),
        (b"[[1,2,]]", "not JSON"),
        (b"[[" + b"1," * 50_000, "no array of numbers"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_file_of_a_known_format_is_refused(tmp_path, data, says):
    path = tmp_path / "file.dat"
    path.write_bytes(data)
    import re

    (line,) = problems(path)
    assert re.search(says, line) and "\n" not in line and len(line) < 500


@pytest.mark.parametrize(
    ("sample", "row", "cells", "says"),
    [
        (klines(), 2, {"c4": "nan"}, "close nan is not finite"),
        (klines(), 2, {"c1": "inf"}, "open inf is not finite"),
        (klines(), 2, {"c2": "1e308"}, "high 1e+308 is out of range"),
        (klines(), 2, {"c2": "1e999"}, "high 1e999 is not finite"),
        (klines(), 2, {"c3": "0"}, "low 0 is out of range"),
        (klines(), 2, {"c3": "-1"}, "low -1 is out of range"),
        (klines(), 2, {"c4": ""}, "close is missing"),
        (klines(), 2, {"c4": "1_0"}, "close '1_0' is no number"),
        (klines(), 2, {"c4": "٣"}, "is no number"),
        (klines(), 2, {"c4": "\x1b[2J"}, "close '\\x1b[2J' is no number"),
        (klines(), 2, {"c4": "500"}, "do not lie between low"),
        (klines(), 2, {"c5": "-1"}, "volume -1 is out of range"),
        (klines(), 2, {"c0": str(START_S + 120)}, "is in seconds, the rows before are in milliseconds: mixed units"),
        (klines(), 2, {"c0": str((START_S + 120) * 10**6)}, "is in microseconds, the rows before are in milliseconds"),
        (klines("us"), 2, {"c0": str((START_S + 120) * 10**3)}, "is in milliseconds, the rows before are in micro"),
        (klines(), 2, {"c0": "1.76e12"}, "is no whole number"),
        (klines(), 2, {"c0": "12"}, "is no time from 2008 to 2099"),
        (klines(), 2, {"c0": "9" * 5_000}, "is no whole number"),
        (klines(), 2, {"c6": str((START_S + 180) * 1000)}, "the bar lasts"),
        (klines(), 2, {"c6": str(START_S * 1000)}, "close_time is not after open_time"),
        (agg_trades(), 2, {"c0": "501"}, "agg_trade_id 501 is a duplicate"),
        (agg_trades(), 2, {"c0": "499"}, "agg_trade_id 499 comes after 501"),
        (agg_trades(), 2, {"c0": "x"}, "agg_trade_id x is no whole number"),
        (agg_trades(), 2, {"c4": "1"}, "last_trade_id 1 is below first_trade_id"),
        (agg_trades(), 2, {"c5": str(START_S * 1000)}, "times must not fall"),
        (agg_trades(), 2, {"c6": "1"}, "neither true nor false"),
        (metrics(), 2, {"c0": "2025-10-10T00:10:00+02:00"}, "has the zone +0200, the rows before none: mixed zones"),
        (metrics(), 2, {"c0": "2025-10-10T00:10:00Z"}, "has the zone UTC, the rows before none: mixed zones"),
        (metrics(), 2, {"c0": "yesterday"}, "create_time 'yesterday' is no time"),
        (metrics(), 2, {"c0": "0001-01-01"}, "is out of range"),
        (metrics(), 2, {"c1": "ETHUSDT"}, "symbol ETHUSDT; the rows before: BTCUSDT"),
        (candles_csv(), 2, {"c0": "2025-10-10 00:10:00"}, "is no whole number, the rows before are in milliseconds"),
        (tardis_trades(), 2, {"c1": "ETHUSDT"}, "are binance-futures/ETHUSDT; the rows before: binance-"),
        (tardis_trades(), 2, {"c3": str(START_S * 10**6 - 10**7)}, "local_timestamp 2025-10-09T23:59:50Z comes after"),
        (tardis_trades(), 3, {"c2": str((START_S - 90) * 10**6)}, "times must not fall"),
        (tardis_trades(), 2, {"c4": "2"}, "id 2 is a duplicate"),
        (tardis_trades(), 2, {"c5": "long"}, "side 'long' is unknown; allowed: buy, sell, unknown"),
        (tardis_book_snapshot(), 2, {"c6": "1000"}, "the best bid 1000 is not below the best ask"),
        (tardis_book_snapshot(), 2, {"c4": "", "c5": ""}, "a side of the book is empty"),
        (time_price(), 2, {"c0": "1e16"}, "seconds within 1e15"),
        (tiers_csv(), 1, {"c1": "3"}, "tier 3 follows tier 1"),
        (tiers_csv(), 1, {"c3": "60000"}, "the tier begins at 60000; the one below ends at 50000"),
        (tiers_csv(), 1, {"c5": "0.003"}, "the maintenance rate falls"),
        (tiers_csv(), 1, {"c5": "1.5"}, "maintenanceMarginRate 1.5 is out of range"),
        (tiers_csv(), 1, {"c6": "0.5"}, "maxLeverage 0.5 is out of range"),
        (tiers_csv(), 1, {"c7": "70"}, "the maintenance amount 70 is not 50"),
        (tiers_csv(), 0, {"c3": "5"}, "the first tier begins at 5"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_by_its_number_with_the_reason(tmp_path, sample, row, cells, says):
    rows, report = read(sample.write(tmp_path, changed(sample, row, **cells)))
    number = row + 1 + sample.header
    reasons = dict(report.problems)
    assert says in reasons[number], reasons
    assert len(rows) == report.rows - report.refused and report.refused >= 1


@pytest.mark.parametrize("sample", CSV_SAMPLES.values(), ids=CSV_SAMPLES)
def test_a_row_with_a_cell_too_few_or_too_many_is_refused(tmp_path, sample):
    rows = sample.rows
    for row in (rows[1].rpartition(",")[0], rows[1] + ",1", ""):
        report = read(sample.write(tmp_path, [rows[0], row, *rows[2:]]))[1]
        assert (2 + sample.header) in dict(report.problems)


@pytest.mark.parametrize("sample", [s for s in CSV_SAMPLES.values() if s.header])
def test_files_that_were_joined_with_their_headers_are_refused(tmp_path, sample):
    rows = [*sample.rows, sample.lines[0]]
    report = read(sample.write(tmp_path, rows))[1]
    assert (len(sample.rows) + 2) in dict(report.problems)


def test_missing_bars_and_missing_ids_are_gaps_by_row(tmp_path):
    bars = klines()
    assert problems(bars.write(tmp_path, bars.rows[:3] + bars.rows[5:])) == [
        "row 5: a gap of 180 s; rows are 60 s apart (the bars between are missing)"
    ]
    trades = agg_trades()
    assert problems(trades.write(tmp_path, trades.rows[:2] + trades.rows[4:])) == [
        "row 4: a gap: ids 502 to 503 are missing before it"
    ]


def test_a_file_that_stands_newest_first_is_refused_with_what_to_do(tmp_path):
    sample = klines()
    assert problems(sample.write(tmp_path, sample.rows[::-1]))[0] == "rows stand newest first; turn the file round"


def test_only_the_first_problems_are_named_and_the_others_counted(tmp_path):
    path = tmp_path / "BTCUSDT-1m-2025-10-10.csv"
    good = klines().rows
    path.write_text("\n".join([KLINE_HEADER, good[0], *["x"] * 500, *good[1:]]) + "\n")
    lines = problems(path)
    assert lines[0].startswith("row 3: has 1 values; the file has 12 columns") and len(lines) == 21
    assert lines[-1] == "and 480 further rows"
    trades = agg_trades(times=range(0, 90_000, 1_000), prices=[100.0] * 90)
    path = tmp_path / "BTCUSDT-aggTrades-2025-10-10.csv"
    path.write_text("\n".join([AGG_HEADER, *trades.rows[::2]]) + "\n")
    assert problems(path)[-1] == "and 24 further rows" and len(problems(path)) == 21


@pytest.mark.parametrize("size", [10, 40, 60, 100, -8, -1])
def test_a_torn_gz_is_refused_wherever_it_is_torn(tmp_path, size):
    path = gzipped(klines().write(tmp_path))
    whole = path.read_bytes()
    path.write_bytes(whole[:size])
    (line,) = problems(path)
    assert "torn or damaged" in line


def test_a_flipped_byte_in_a_gz_or_zip_is_found(tmp_path):
    rows, _ = read(klines().write(tmp_path))
    for pack in (gzipped, zipped):
        path = pack(klines().write(tmp_path))
        whole = path.read_bytes()
        for place in range(0, len(whole), 7):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
            try:
                found, report = read(path)
            except Unreadable:
                continue
            assert found == rows or report.lines()  # what is flipped may be a time or a name in the wrapping


def test_a_torn_zip_and_one_that_is_none_are_refused(tmp_path):
    path = zipped(klines().write(tmp_path))
    whole = path.read_bytes()
    for data in (whole[:-30], whole[:50], b"PK\x03\x04" + b"x" * 60):
        path.write_bytes(data)
        assert "torn or damaged" in problems(path)[0]


def test_a_zip_holds_one_file(tmp_path):
    data = klines().text()
    two = zipped(tmp_path / "a.csv", {"a.csv": data, "b.csv": data})
    assert "holds 2 files ('a.csv', 'b.csv'); allowed: one" in problems(two)[0]
    none = zipped(tmp_path / "b.csv", {"folder/": ""})
    assert "holds 0 files" in problems(none)[0]
    inner = zipped(tmp_path / "c.csv", {"../../etc/BTCUSDT-1m-2025-10-10.csv": data})
    rows, report = read(inner)  # the name is never used as a path
    assert len(rows) == 8 and report.instrument == "BTCUSDT"


def test_a_zip_in_a_zip_is_no_text(tmp_path):
    inner = zipped(klines().write(tmp_path))
    outer = zipped(tmp_path / "outer.csv", {"inner.zip": inner.read_bytes()})
    assert "is no text" in problems(outer)[0]


@pytest.mark.parametrize("pack", ["zip", "gz"])
def test_a_bomb_is_refused_long_before_it_is_inflated(tmp_path, pack):
    line = b"60,1.0" + b" " * 60_000 + b"\n"
    path = tmp_path / f"bomb.{pack}"
    if pack == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("b.csv", "w") as stream:
            stream.write(b"time,price\n")
            for _ in range(2_000):
                stream.write(line)
    else:
        with gzip.open(path, "wb") as stream:
            stream.write(b"time,price\n")
            for _ in range(2_000):
                stream.write(line)
    assert path.stat().st_size < 200_000
    (said,) = problems(path)
    count = int(said.split("inflates to ")[1].split(" bytes")[0].replace(",", ""))
    most = max(container.RATIO_FROM, container.RATIO_MAX * path.stat().st_size)
    assert container.RATIO_FROM < count <= most + 2 * container.HEAD < 2_000 * len(line) / 2


def test_a_bomb_of_json_is_refused_too(tmp_path):
    path = tmp_path / "tiers.json.gz"
    with gzip.open(path, "wb") as stream:
        stream.write(b"{" + b" " * (40 << 20))
    assert "inflates to" in problems(path)[0]


def test_more_bytes_than_allowed_are_refused_even_where_they_shrink_little(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "INFLATED_MAX", 500)
    assert "allowed: 300 times the size and 500 bytes" in problems(gzipped(klines().write(tmp_path)))[0]


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    assert problems(pipe) == ["is no regular file"]
    assert problems(tmp_path) == ["is a folder, not a file"]
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([candle_rows()[0][:5]], "has 5 values"),
        ([["1760054400000", 1, 1, 1, 1, 1]] * 2, "is a duplicate"),
        ([[1760054400000.5, 1, 1, 1, 1, 1]], "is no whole number"),
        ([[1760054400000, None, 1, 1, 1, 1]], "open is missing"),
        ([[1760054400000, True, 1, 1, 1, 1]], "open true is no number"),
        ([[1760054400000, 10**400, 1, 1, 1, 1]], "open is out of range"),
        ([[1760054400000, float("nan"), 1, 1, 1, 1]], "open nan is not finite"),
        ([[1760054400000, 1, 2, 1, 3, 1]], "do not lie between"),
    ],
)
def test_a_bad_candle_of_a_json_file_is_refused_by_its_number(tmp_path, rows, says):
    lines = problems(write_candles_json(tmp_path, rows))
    assert any(says in line for line in lines) and any(line.startswith("row ") for line in lines)


def test_a_feather_file_of_other_columns_or_with_missing_values_is_refused(tmp_path):
    import pyarrow as pa
    from pyarrow import feather

    path = tmp_path / "other.feather"
    feather.write_feather(pa.table({"date": [1], "close": [2.0]}), path)
    assert "has no column open, high, low, volume" in problems(path)[0]
    rows = candle_rows()
    rows[2][4] = None
    assert "row 3: close is missing" in problems(write_candles_feather(tmp_path, rows))
    torn = write_candles_feather(tmp_path)
    torn.write_bytes(torn.read_bytes()[:-40])
    assert "no feather file that can be read" in problems(torn)[0]


def test_a_tier_that_is_missing_or_odd_is_refused_with_its_symbol(tmp_path):
    tree = tier_tree()
    del tree["BTC/USDT:USDT"][1]
    assert any("BTC/USDT:USDT: tier 3 follows tier 1" in line for line in problems(write_tiers_json(tmp_path, tree)))
    tree = tier_tree()
    tree["BTC/USDT:USDT"][1]["maintenanceMarginRate"] = "x"
    assert (
        "row 2: BTC/USDT:USDT: maintenanceMarginRate 'x' is no number" in problems(write_tiers_json(tmp_path, tree))[0]
    )
    path = tmp_path / "deep.json"
    path.write_text(json.dumps({"BTC": [{"tier": {"a": [1]}}]}))
    assert any("row 1: BTC: tier {'a': [1]} is no whole number" in line for line in problems(path))


@pytest.mark.parametrize(
    ("place", "limit", "write", "says"),
    [
        ("records.FEATHER_MAX", 500, write_candles_feather, "a feather file of more than 500 bytes"),
        ("records.JSON_MAX", 500, write_tiers_json, "more than 500 bytes of JSON tiers"),
        ("leverage_tiers.TIERS_MAX", 3, write_tiers_json, "row 4: holds more than 3 tiers"),
        ("force_orders.SYMBOLS_MAX", 0, force_orders().write, "row 3: names more than 0 symbols"),
        ("book_depth.BANDS_MAX", 3, book_depth().write, "row 5: percentage 2 is one of more than 3"),
        ("order.SPACINGS_MAX", 0, klines().write, "row 3: rows are irregular"),
    ],
)
def test_what_would_fill_the_memory_is_refused(tmp_path, monkeypatch, place, limit, write, says):
    monkeypatch.setattr(f"sim.scenario.formats.{place}", limit)
    assert says in problems(write(tmp_path))[0]


def test_an_unknown_format_is_refused_with_the_nearest(tmp_path):
    path = klines().write(tmp_path)
    with pytest.raises(Unreadable, match="unknown format 'archive_kline'; did you mean 'archive_klines'?"):
        read(path, "archive_kline")
    with pytest.raises(Unreadable, match="is text; freqtrade_candles is json_rows or feather"):
        read(path, "freqtrade_candles")
    with pytest.raises(Unreadable, match="row 1: the header is .*; allowed: agg_trade_id"):
        read(path, "archive_agg_trades")
