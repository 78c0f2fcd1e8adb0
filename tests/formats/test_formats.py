"""Every format is recognised by what it holds, and its rows are those of the file."""

import json
import tracemalloc
from datetime import UTC, datetime

import pytest
from market_files import (
    CSV_SAMPLES,
    PRICES,
    START_S,
    agg_trades,
    book_depth,
    candle_rows,
    gzipped,
    klines,
    tardis_trades,
    tier_tree,
    write_candles_feather,
    write_candles_json,
    write_tiers_json,
    zipped,
)

from sim.scenario.formats import FORMATS, NAMES
from sim.scenario.formats.format import Unreadable
from sim.scenario.formats.reading import CARRIERS, reading


def read(path, form=None):
    with reading(path, path.name, form) as file:
        rows = list(file.rows())
        return rows, file.conclude()


@pytest.mark.parametrize("sample", CSV_SAMPLES.values(), ids=CSV_SAMPLES)
def test_a_file_is_recognised_by_its_content_and_read_whole(tmp_path, sample):
    rows, report = read(sample.write(tmp_path))
    assert (report.format, report.header) == (sample.format, sample.header)
    assert report.rows == len(rows) == len(sample.rows)
    assert report.lines() == [] and (report.first or report.gives == "tiers")


@pytest.mark.parametrize("sample", CSV_SAMPLES.values(), ids=CSV_SAMPLES)
def test_a_format_that_is_named_gives_the_same_rows(tmp_path, sample):
    path = sample.write(tmp_path)
    assert read(path, sample.format) == read(path)


@pytest.mark.parametrize("pack", [zipped, gzipped], ids=["zip", "gz"])
@pytest.mark.parametrize("sample", CSV_SAMPLES.values(), ids=CSV_SAMPLES)
def test_a_packed_file_gives_the_same_rows(tmp_path, sample, pack):
    path = sample.write(tmp_path)
    (plain, _), (packed, report) = read(path), read(pack(path))
    assert packed == plain and report.container[:2] == {zipped: "zi", gzipped: "gz"}[pack]


@pytest.mark.parametrize("sample", [s for s in CSV_SAMPLES.values() if s.header and s.format != "time_price"],
                         ids=[n for n, s in CSV_SAMPLES.items() if s.header and s.format != "time_price"])  # fmt: skip
def test_columns_are_found_by_their_header_wherever_they_stand(tmp_path, sample):
    turned = [",".join(reversed(line.split(","))) for line in sample.lines]
    rows, _ = read(sample.write(tmp_path))
    path = tmp_path / ("turned_" + sample.name)
    path.write_text("\n".join(turned) + "\n")
    assert read(path, sample.format)[0] == rows


def test_klines_in_milliseconds_and_microseconds_are_the_same_bars(tmp_path):
    found = [read(klines(unit, header).write(tmp_path))[0] for unit in ("ms", "us") for header in (True, False)]
    assert all(rows == found[0] for rows in found)
    assert found[0][1] == ((START_S + 60) * 1_000_000, 100.0, 102.0, 99.5, 101.5)


def test_a_report_says_what_was_understood(tmp_path):
    _, report = read(zipped(klines("us", header=False).write(tmp_path)))
    assert (report.instrument, report.interval, report.time_unit) == ("BTCUSDT", "1m", "microseconds")
    assert (report.first, report.last) == ("2025-10-10T00:00:00Z", "2025-10-10T00:07:00Z")
    assert (report.spacing_s, report.longest_spacing_s) == (60.0, 60.0)
    assert json.loads(json.dumps(report.plain()))["zone"] == "UTC"


@pytest.mark.parametrize("word", ["date", "Date", "datetime", "open_time", "time", "timestamp"])
@pytest.mark.parametrize("zone", ["", "+00:00", "Z"])
def test_candles_as_tables_are_often_saved_are_the_same_bars(tmp_path, word, zone):
    """An index column, spaces, capital letters and written times make no difference."""
    plain, _ = read(CSV_SAMPLES["candles_csv"].write(tmp_path))
    lines = [f", {word}, Open, High, Low, Close, Volume"]
    for k, (time, *cells) in enumerate(row.split(",") for row in CSV_SAMPLES["candles_csv"].rows):
        lines.append(
            f"{k}, {datetime.fromtimestamp(int(time) // 1000, UTC):%Y-%m-%d %H:%M:%S}{zone}, {', '.join(cells)}"
        )
    path = tmp_path / "saved.csv"
    path.write_text("\n".join(lines) + "\n")
    rows, report = read(path)
    assert rows == plain and (report.format, report.lines()) == ("candles_csv", [])


def test_a_name_that_contradicts_the_rows_is_a_note(tmp_path):
    path = tmp_path / "BTCUSDT-5m-2025-10-10.csv"
    path.write_text(klines().text())
    assert read(path)[1].notes == ["the name says 5m, but rows are 60 s apart"]


def test_a_file_is_never_in_memory_whole(tmp_path):
    """Three times the rows, the same memory: 8 MB of text inside a .zip, read in less than one."""
    peaks = []
    for rows in (40_000, 120_000):
        sample = agg_trades(times=range(0, 10 * rows, 10), prices=[100.0] * rows)
        path = zipped(sample.write(tmp_path))
        tracemalloc.start()
        with reading(path, path.name) as file:
            assert sum(1 for _ in file.rows()) == rows and file.conclude().lines() == []
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < 1_000_000 and peaks[1] < peaks[0] + 100_000


def test_klines_without_any_volume_are_called_a_mark_or_index_price(tmp_path):
    assert "mark or index price" in read(klines(volume=0).write(tmp_path))[1].notes[0]
    assert read(klines().write(tmp_path))[1].notes == []


def test_the_maker_of_an_aggregated_trade_says_that_the_taker_sold(tmp_path):
    _, report = read(agg_trades(times=range(5)).write(tmp_path))  # ids 0, 2 and 4 have a buyer who made
    assert report.sides == {"taker bought": 2, "taker sold": 3}
    assert "is_buyer_maker = true" in report.semantics and "the taker sold" in report.semantics


def test_sell_is_a_taker_who_sold_among_trades_and_a_long_among_liquidations(tmp_path):
    """The columns are the same: the name of the file or `format` decides, and nothing is guessed without them."""
    sample = tardis_trades()
    assert read(sample.write(tmp_path))[1].sides == {"taker bought": 3, "taker sold": 5}
    path = tmp_path / "day.csv"
    path.write_text(sample.text())
    assert read(path, "tardis_liquidations")[1].sides == {"long liquidated": 5, "short liquidated": 3}
    with pytest.raises(Unreadable, match="tardis_trades or tardis_liquidations"):
        read(path)


def test_an_exchange_clock_ahead_of_the_recorder_is_a_note_and_no_error(tmp_path):
    _, report = read(tardis_trades().write(tmp_path))
    assert any("ahead of the recorder" in note for note in report.notes)


def test_a_trade_that_is_older_than_the_one_before_counts_as_its_time(tmp_path):
    sample = tardis_trades()
    rows = sample.rows
    cells = rows[3].split(",")
    cells[2] = str(int(cells[2]) - 700_000)  # recorded in order, but older by the exchange's clock
    found, report = read(sample.write(tmp_path, [*rows[:3], ",".join(cells), *rows[4:]]))
    assert found[3][0] == found[2][0] and any("1 rows are up to 0.1 s older" in note for note in report.notes)


@pytest.mark.parametrize("write", [write_candles_json, write_candles_feather], ids=["json", "feather"])
def test_freqtrade_candles_are_bars(tmp_path, write):
    rows, report = read(write(tmp_path))
    assert rows == [(time * 1000, *bar) for time, *bar, _ in candle_rows()]
    assert (report.format, report.instrument, report.interval) == ("freqtrade_candles", "BTC_USDT_USDT", "1m")


@pytest.mark.parametrize("pack", [zipped, gzipped], ids=["zip", "gz"])
@pytest.mark.parametrize("write", [write_candles_json, write_candles_feather, write_tiers_json])
def test_what_is_no_csv_may_be_packed_too(tmp_path, write, pack):
    path = write(tmp_path)
    assert read(pack(path))[0] == read(path)[0]


def test_feather_times_in_nanoseconds_are_the_same(tmp_path):
    assert read(write_candles_feather(tmp_path, unit="ns"))[0] == read(write_candles_json(tmp_path))[0]


def test_feather_candles_of_many_slices_are_numbered_through(tmp_path):
    prices = [100.0 + k % 7 for k in range(40_000)]
    rows, report = read(write_candles_feather(tmp_path, candle_rows(prices=prices)))
    assert [row[4] for row in rows] == prices and report.lines() == []


def test_json_candles_of_many_chunks_are_read_piece_by_piece(tmp_path):
    prices = [100.0 + k % 7 for k in range(9_000)]
    path = write_candles_json(tmp_path, candle_rows(prices=prices))
    assert path.stat().st_size > 3 * (1 << 16)
    rows, report = read(path)
    assert [row[4] for row in rows] == prices and report.rows == 9_000
    path.write_text(json.dumps(candle_rows(prices=prices), indent=3))
    assert read(path)[0] == rows


def test_tiers_keep_floor_rate_leverage_and_cap(tmp_path):
    rows, report = read(write_tiers_json(tmp_path))
    assert rows[1] == ("BTC/USDT:USDT", 50_000.0, 0.005, 100.0, 600_000.0)
    assert rows[2][4] is None and report.figures == {"symbols": 2, "tiers": sum(map(len, tier_tree().values()))}


def test_prices_are_those_of_the_file(tmp_path):
    for name, sample in CSV_SAMPLES.items():
        form = next(item for item in FORMATS if item.name == sample.format)
        if form.gives in ("bars", "ticks"):
            rows, _ = read(sample.write(tmp_path))
            assert [row[-1] for row in rows] == PRICES[: len(rows)], name


def test_a_side_that_stands_still_while_the_other_moves_is_refused_by_name(tmp_path):
    _, report = read(book_depth(60, stale_from=20, crossed=True).write(tmp_path))
    (fault,) = report.faults
    assert fault.startswith("the bid side is stale: its band")
    assert "from 2025-10-10T00:10:00Z to 2025-10-10T00:29:30Z, 40 snapshots in a row, while the ask side moves" in fault
    assert "bands -1, -2 %" in fault and "bids stand above asks in 40 snapshots, first at 2025-10-10T00:10:00Z" in fault
    _, report = read(book_depth(60, stale_from=30, stale_until=50, side=1).write(tmp_path))
    (fault,) = report.faults
    assert fault.startswith("the ask side is stale") and "20 snapshots" in fault and "bids stand" not in fault


@pytest.mark.parametrize("stale", [{}, {"stale_from": 50}, {"stale_from": 5, "stale_until": 14}])
def test_a_side_that_rests_for_a_moment_is_not_refused(tmp_path, stale):
    assert read(book_depth(60, **stale).write(tmp_path))[1].faults == []


def test_bids_above_asks_are_refused_however_short(tmp_path):
    _, report = read(book_depth(60, stale_from=50, stale_until=52, crossed=True).write(tmp_path))
    assert "bids stand above asks" in report.faults[0]


def test_the_registry_holds_each_format_once_and_all_of_it():
    assert len(set(NAMES)) == len(FORMATS)
    for form in FORMATS:
        assert form.title and form.traps and set(form.carriers) <= set(CARRIERS)
        assert all(set(form.columns) <= set(layout) for layout in form.bare)
    assert {sample.format for sample in CSV_SAMPLES.values()} == {f.name for f in FORMATS if "csv" in f.carriers}
