"""Whatever happens to the rows of a file: it is refused, or what is read is what was there."""

import os

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from market_files import CSV_SAMPLES, candle_rows, write_candles_feather, write_candles_json

from sim.scenario.formats.format import Unreadable
from sim.scenario.formats.reading import reading

EXAMPLES = int(os.environ.get("FIRESALE_FUZZ_EXAMPLES", "150"))
PLAY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
# What no number, time, word or side may be.
RUBBISH = ("", " ", "x", "nan", "inf", "-1", "1e308", "1e999", "0x10", "1_0", "٣", "true,", '"', "\x00", "\x1b[0m")
# Cells of a sample that its reader looks at, by name of the sample.
READ = {
    "klines_ms": range(7), "klines_us": range(7), "klines_bare_ms": range(7), "klines_bare_us": range(7),
    "klines_mark": range(7), "agg_trades": range(7), "agg_trades_spot": range(7), "trades": (0, 1, 2, 4, 5),
    "metrics": (0, 2, 3), "book_depth": range(4), "candles_csv": range(6), "tiers_csv": (1, 3, 4, 5, 6, 7),
    "tardis_trades": (2, 3, 5, 6, 7), "tardis_liquidations": (2, 3, 5, 6, 7), "tardis_book_snapshot_5": range(2, 8),
    "tardis_book_snapshot_25": range(2, 8), "force_orders": (1, 6, 9, 10), "force_orders_bare": (1, 6, 9, 10),
    "time_price": range(2),
}  # fmt: skip


def read(path, form):
    """Rows and problems; None for the rows of a file that is not read."""
    try:
        with reading(path, path.name, form) as file:
            rows = list(file.rows())
            return rows, file.conclude().lines()
    except Unreadable as error:
        return None, [str(error)]


def test_every_sample_says_which_cells_are_read():
    assert set(READ) == set(CSV_SAMPLES)


@given(name=st.sampled_from(sorted(CSV_SAMPLES)), data=st.data())
@PLAY
def test_any_other_order_of_rows_is_refused_or_read_the_same(tmp_path, name, data):
    sample = CSV_SAMPLES[name]
    order = data.draw(st.permutations(range(len(sample.rows))))
    rows = [sample.rows[place] for place in order]
    found, problems = read(sample.write(tmp_path, rows), sample.format)
    before, _ = read(sample.write(tmp_path), sample.format)
    if sample.format == "archive_book_depth" and not problems:  # bands of a snapshot stand in any order
        found, before = sorted(found), sorted(before)
    if sample.format == "tiers_csv" and not problems:  # so do symbols
        found, before = sorted(found, key=str), sorted(before, key=str)
    assert problems or found == before


@given(name=st.sampled_from(sorted(CSV_SAMPLES)), data=st.data())
@PLAY
def test_a_row_that_comes_twice_is_refused(tmp_path, name, data):
    sample = CSV_SAMPLES[name]
    if sample.format in ("force_orders", "tardis_liquidations", "tardis_book_snapshot"):
        return  # two equal orders are two orders, and a book that is seen twice is the same book
    place = data.draw(st.integers(0, len(sample.rows) - 1))
    rows = [*sample.rows[: place + 1], *sample.rows[place:]]
    _, problems = read(sample.write(tmp_path, rows), sample.format)
    assert any(f"row {place + 2 + sample.header}: " in line for line in problems)


@given(name=st.sampled_from(sorted(CSV_SAMPLES)), data=st.data())
@PLAY
def test_rubbish_in_a_cell_that_is_read_is_refused(tmp_path, name, data):
    sample = CSV_SAMPLES[name]
    row = data.draw(st.integers(0, len(sample.rows) - 1))
    cell, rubbish = data.draw(st.sampled_from(list(READ[name]))), data.draw(st.sampled_from(RUBBISH))
    cells = sample.rows[row].split(",")
    if sample.format == "tiers_csv" and cell in (1, 4, 7) and not rubbish.strip():
        return  # these may be left out
    if (sample.format, cell) in (("time_price", 0), ("archive_book_depth", 1)) and rubbish == "-1":
        return  # a number like any other there
    cells[cell] = rubbish
    rows = [*sample.rows[:row], ",".join(cells), *sample.rows[row + 1 :]]
    _, problems = read(sample.write(tmp_path, rows), sample.format)
    assert problems, (rubbish, cell)


@given(text=st.text(max_size=200) | st.binary(max_size=200))
@PLAY
def test_any_bytes_are_read_or_refused_and_never_crash(tmp_path, text):
    path = tmp_path / "any.dat"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    rows, problems = read(path, None)
    assert problems or rows


@given(name=st.sampled_from(sorted(CSV_SAMPLES)), place=st.integers(0, 3_000), byte=st.integers(0, 255))
@PLAY
def test_any_byte_may_be_changed_and_nothing_crashes(tmp_path, name, place, byte):
    path = CSV_SAMPLES[name].write(tmp_path)
    data = bytearray(path.read_bytes())
    data[place % len(data)] = byte
    path.write_bytes(bytes(data))
    rows, problems = read(path, None)
    assert problems or rows


@given(place=st.integers(0, 5_000), byte=st.integers(0, 255))
@example(place=4_768, byte=12)
@PLAY
def test_any_byte_of_a_feather_file_may_be_changed_and_nothing_crashes(tmp_path, place, byte):
    path = write_candles_feather(tmp_path)
    data = bytearray(path.read_bytes())
    data[place % len(data)] = byte
    path.write_bytes(bytes(data))
    rows, problems = read(path, None)
    assert problems or rows


@given(data=st.data())
@PLAY
def test_a_json_file_cut_anywhere_is_refused(tmp_path, data):
    path = write_candles_json(tmp_path, candle_rows())
    whole = path.read_text()
    path.write_text(whole[: data.draw(st.integers(0, len(whole) - 1))])
    _, problems = read(path, None)
    assert problems
