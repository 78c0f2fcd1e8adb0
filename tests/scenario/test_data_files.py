"""A file that a scenario names becomes an index path or a schedule; the hash covers what it says, not only its name."""

import jsonschema
import numpy as np
import pytest
from market_files import (
    PRICES,
    agg_trades,
    archive_trades,
    book_depth,
    candles_csv,
    klines,
    metrics,
    tardis_book_snapshot,
    tardis_liquidations,
    tardis_trades,
    tier_tree,
    tiers_csv,
    time_price,
    write_candles_feather,
    write_candles_json,
    write_tiers_json,
    zipped,
)

from sim.scenario import configs_folder, load, scenario_schema
from sim.scenario.cases import read_venue
from sim.scenario.instruments import fill_instruments
from sim.scenario.paths import index_paths
from sim.scenario.schedules import atom_of, rate_scale_of

LONG = klines(prices=[117_000.0 + k % 5 for k in range(400)])


def index(path, more=""):
    """A scenario whose BTCUSDT follows a file."""
    return f"name: case\ninstruments: [{{name: BTCUSDT, index: {{kind: file, path: '{path}'{more}}}}}]\n"


def points(write, folder, sample, more="", *overrides):
    """The points that a sample gives; its start price is that of the file."""
    path = sample.write(folder) if hasattr(sample, "write") else sample
    first = f"instruments.BTCUSDT.start_price={overrides[0] if overrides else PRICES[0]}"
    scenario = load(write(index(path.name, more)), [first, *CHEAP, *overrides[1:]])
    return scenario.instruments[0].index.points


TICK = "instruments.BTCUSDT.tick_size=1"
# Prices around 100, and nobody who would need billions of lots of that.
CHEAP = ["instruments.BTCUSDT.tick_size=0.1", "populations=[]"]


@pytest.mark.parametrize(
    ("sample", "seconds"),
    [(time_price(), 60), (klines(), 60), (klines("us", header=False), 60), (candles_csv(), 300)],
    ids=["time_price", "klines_ms", "klines_us", "candles_csv"],
)
def test_bars_give_their_close_at_their_own_steps(write, folder, sample, seconds):
    assert points(write, folder, sample) == tuple((k * seconds, price) for k, price in enumerate(PRICES))


@pytest.mark.parametrize("make", [write_candles_json, write_candles_feather])
def test_freqtrade_candles_give_a_path_too(write, folder, make):
    assert points(write, folder, make(folder)) == tuple((60 * k, price) for k, price in enumerate(PRICES))


def test_a_packed_file_gives_the_same_points_and_another_hash_only_by_its_name(write, folder):
    assert points(write, folder, zipped(klines().write(folder))) == points(write, folder, klines())


@pytest.mark.parametrize("sample", [agg_trades(), agg_trades("us", header=False)], ids=["ms", "us"])
def test_trades_give_the_last_price_at_or_before_each_step(write, folder, sample):
    """Fills at 0, 0.4, 0.4, 1.0, 2.5 and 7.0 s."""
    expected = [PRICES[0], PRICES[3], PRICES[3], *[PRICES[4]] * 4, PRICES[5]]
    assert points(write, folder, sample) == tuple(enumerate(expected))


@pytest.mark.parametrize(
    ("sample", "spacing"), [(archive_trades(), 0.5), (tardis_trades(), 0.6), (tardis_book_snapshot(25), 0.5)]
)
def test_every_format_of_ticks_gives_a_path_without_looking_ahead(write, folder, sample, spacing):
    found = points(write, folder, sample)
    for step, price in found:
        assert price == PRICES[max(k for k in range(len(PRICES)) if k * spacing <= step + 1e-9)]
    assert [step for step, _ in found] == list(range(len(found))) and len(found) == 2 + int(7 * spacing - 1e-9)


@pytest.mark.parametrize(("column", "first"), [("open", 100.0), ("high", 100.5), ("low", 99.5), ("close", 100.0)])
def test_the_column_of_a_bar_is_a_dial(write, folder, column, first):
    assert points(write, folder, klines(), f", column: {column}", first)[0] == (0, first)


def test_a_path_may_begin_later_in_the_file(write, folder):
    later = ", starts_at: '2025-10-10 00:05:00'"
    assert points(write, folder, klines(), later, PRICES[4])[0] == (0, PRICES[4])  # of the bar that ends then
    assert points(write, folder, klines(), later + ", column: open", PRICES[4])[0] == (0, PRICES[4])
    between = ", starts_at: '2025-10-10T00:05:20Z'"
    assert points(write, folder, klines(), between, 100)[:2] == ((40, PRICES[5]), (100, PRICES[6]))
    assert points(write, folder, time_price(), "", PRICES[0])[0] == (0, PRICES[0])


def test_ticks_that_begin_later_keep_the_last_one_before(write, folder):
    """Fills at 0, 0.4, 0.4, 1.0, 2.5 and 7.0 s: 2.0 s after the start the price is that of 1.0 s."""
    later = ", starts_at: '2025-10-10T00:00:02Z'"
    expected = [PRICES[3], *[PRICES[4]] * 4, PRICES[5]]
    assert points(write, folder, agg_trades(), later, PRICES[3]) == tuple(enumerate(expected))
    before = ", starts_at: '2025-10-09T23:59:58Z'"
    assert points(write, folder, agg_trades(), before, 100)[:3] == ((2, PRICES[0]), (3, PRICES[3]), (4, PRICES[3]))


def test_a_path_ends_with_the_first_point_after_the_run(write, folder):
    """So that the price ladder need not hold what a file says of later days."""
    assert [step for step, _ in points(write, folder, LONG, "", 117_000, "steps=100", TICK)] == [0, 60, 120]


def test_the_index_passes_through_the_prices_of_the_file(write, folder):
    LONG.write(folder)
    scenario = load(write(index(LONG.name)), ["steps=600"])
    path = index_paths(scenario, 1, {"BTCUSDT": list(scenario.instruments[0].index.points)})[0] / 1000.0
    assert [path[60 * k] for k in range(11)] == [117_000.0 + k % 5 for k in range(11)]


def test_the_hash_covers_what_the_file_says(write, folder):
    rows = LONG.rows
    LONG.write(folder)
    before = load(write(index(LONG.name))).config_hash
    LONG.write(folder, [rows[0], rows[1].replace(",117001.0,", ",117001.25,"), *rows[2:]])
    assert load(write(index(LONG.name))).config_hash != before


def test_a_file_is_read_once_until_it_changes(write, folder, monkeypatch):
    """A sweep loads its scenario for every point; a file that has rested for a while is remembered."""
    from sim.scenario import price_files

    path, opened = LONG.write(folder), []
    read = price_files._read
    monkeypatch.setattr(price_files, "_read", lambda *what: opened.append(what) or read(*what))
    scenario = write(index(LONG.name))
    monkeypatch.setattr(price_files, "SETTLED_S", 1e6)
    assert load(scenario) == load(scenario) and len(opened) == 2
    monkeypatch.setattr(price_files, "SETTLED_S", -1e6)
    assert load(scenario) == load(scenario) and len(opened) == 3
    load(scenario, ["instruments.BTCUSDT.index.column=open"])
    assert len(opened) == 4
    path.write_text(LONG.text(LONG.rows[:100]))
    assert len(load(scenario).instruments[0].index.points) == 100 and len(opened) == 5


def test_missing_bars_are_refused_or_bridged(write, folder, refused):
    LONG.write(folder, LONG.rows[:3] + LONG.rows[5:])
    (line,) = refused(write(index(LONG.name)))
    assert (
        "case.yaml:3:" in line
        and "instruments.BTCUSDT.index.path: BTCUSDT-1m-2025-10-10.csv: row 5: a gap of 180 s" in line
    )
    found = load(write(index(LONG.name, ", gaps: bridge"))).instruments[0].index.points
    assert [step for step, _ in found[:4]] == [0, 60, 120, 300]


def test_missing_ids_of_trades_are_refused_or_passed_over(write, folder, refused):
    sample = agg_trades()
    sample.write(folder, sample.rows[:2] + sample.rows[4:])
    cheap = [f"instruments.BTCUSDT.start_price={PRICES[0]}", *CHEAP]
    (line,) = refused(write(index(sample.name)), *cheap)
    assert "row 4: a gap: ids 502 to 503 are missing before it" in line
    found = load(write(index(sample.name, ", gaps: bridge")), cheap).instruments[0].index.points
    assert found[:4] == ((0, PRICES[0]), (1, PRICES[1]), (2, PRICES[1]), (3, PRICES[4]))


def test_a_refused_row_is_named_with_file_line_and_row_and_no_dial_passes_over_it(write, folder, refused):
    LONG.write(folder, [*LONG.rows[:3], LONG.rows[2], *LONG.rows[3:]])
    for more in ("", ", gaps: bridge"):
        (line,) = refused(write(index(LONG.name, more)))
        assert "case.yaml:3:" in line and "csv: row 5: time 2025-10-10T00:02:00Z is a duplicate" in line


@pytest.mark.parametrize(
    ("sample", "says"),
    [
        (metrics(), "gives no prices; it gives figures"),
        (book_depth(), "gives no prices"),
        (tiers_csv(), "gives no prices; it gives tiers"),
        (tardis_liquidations(), "gives no prices"),
    ],
)
def test_a_file_without_prices_is_no_path(write, folder, refused, sample, says):
    sample.write(folder)
    assert says in refused(write(index(sample.name)))[0]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (", format: kline", "unknown format 'kline'; known: "),
        (", format: archive_agg_trades", "row 1: the header is"),
        (", column: mid", "index.column: 'mid' is not allowed; allowed: one of open, high, low, close"),
        (", gaps: skip", "index.gaps: 'skip' is not allowed"),
        (", starts_at: noon", "starts_at 'noon' is no time"),
        (", starts_at: 2030-01-01T00:00:00Z", "starts_at"),
        (", colum: low", "did you mean 'column'?"),
    ],
)
def test_a_bad_dial_of_a_file_is_refused(write, folder, refused, more, says):
    LONG.write(folder)
    assert any(says in line for line in refused(write(index(LONG.name, more))))


def test_bars_finer_than_the_step_are_refused(write, folder, refused):
    LONG.write(folder)
    assert any("falls into the same step" in line for line in refused(write(index(LONG.name)), "step_seconds=3600"))


NAMES = [
    ("../prices.csv", "leaves the folder"),
    ("a/../../prices.csv", "leaves the folder"),
    ("/etc/hostname", "leaves the folder"),
    ("nothing.csv", "cannot be read: No such file"),
    ("a" * 300, "longer than 255 characters"),
    ("out.csv", "a link that leaves the folder"),
    (".", "is a folder"),
    ("nul\\0.csv", "holds a NUL"),
]


@pytest.mark.parametrize(("name", "says"), NAMES, ids=[name[:20] for name, _ in NAMES])
def test_a_hostile_name_is_refused_in_one_line(tmp_path, folder, write, refused, name, says):
    (tmp_path / "prices.csv").write_text(LONG.text())
    (folder / "out.csv").symlink_to(tmp_path / "prices.csv")
    text = index("X").replace("'X'", f'"{name}"')
    lines = refused(write(text))
    assert any(says in line and "index.path" in line for line in lines), lines
    assert all("\x00" not in line for line in lines)
    tiers = f'name: case\nvenues: {{binance: {{margin: {{schedules: {{BTCUSDT: {{file: "{name}"}}}}}}}}}}\n'
    (line,) = refused(write(tiers))
    assert says in line and "schedules.BTCUSDT.file" in line


def test_a_folder_below_is_fine_and_the_command_line_may_name_any_file(tmp_path, folder, write, monkeypatch):
    (folder / "data").mkdir()
    LONG.write(folder / "data")
    assert load(write(index(f"data/{LONG.name}"))).instruments[0].index.points[1] == (60, 117_001.0)
    elsewhere = LONG.write(tmp_path)
    dials = ["instruments.BTCUSDT.index.kind=file", f"instruments.BTCUSDT.index.path={elsewhere}"]
    assert load("baseline", dials).instruments[0].index.points[1] == (60, 117_001.0)
    monkeypatch.chdir(tmp_path)
    dials = ["instruments.BTCUSDT.index.kind=file", f"instruments.BTCUSDT.index.path={LONG.name}"]
    assert load("baseline", dials).instruments[0].index.points[1] == (60, 117_001.0)
    write_tiers_json(tmp_path)
    tiers = ["venues.binance.margin.schedules.BTCUSDT={file: binance_leverage_tiers.json}"]
    assert load("baseline", tiers).venues["binance"].margin.schedules["BTCUSDT"].tiers[1][0] == 50_000.0


def test_a_file_lies_beside_the_scenario_that_names_it_also_when_another_one_builds_on_that(folder, write):
    below = folder / "mine"
    below.mkdir()
    LONG.write(below)
    text = (folder / "baseline.yaml").read_text()
    index_ = f"index: {{kind: file, path: {LONG.name}}}"
    (below / "base.yaml").write_text(text.replace("index: {volatility_bp: 0.7}", index_, 1))
    found = load(write("from: mine/base.yaml\nname: case\n", start="")).instruments[0].index
    assert found.kind == "file" and found.points[1] == (60, 117_001.0)


def schedules(entry):
    return f"name: case\nvenues: {{binance: {{margin: {{schedules: {{BTCUSDT: {entry}}}}}}}}}\n"


ROWS = "[[0, 0.004, 125], [50_000, 0.005, 100], [600_000, 0.01, 50]]"


@pytest.mark.parametrize("entry", ["{file: binance_leverage_tiers.json}",
                                   "{file: binance_leverage_tiers.json, symbol: 'BTC/USDT:USDT'}"])  # fmt: skip
def test_a_tier_file_is_the_same_schedule_as_if_it_were_written_out(write, folder, entry):
    write_tiers_json(folder)
    named, written = load(write(schedules(entry))), load(write(schedules(f"{{tiers: {ROWS}}}")))
    assert named.config_hash == written.config_hash
    rows_alone = load(write(schedules(ROWS)))
    tables = [fill_instruments(item, atom_of(item), rate_scale_of(item))[1] for item in (named, rows_alone)]
    assert np.array_equal(*tables)


def test_the_schema_for_editors_knows_tier_files_and_the_dials_of_price_files():
    tree = {
        "name": "case",
        "instruments": [{"name": "X", "index": {"kind": "file", "path": "a.csv", "column": "low", "gaps": "bridge"}}],
        "venues": {"binance": {"margin": {"schedules": {"X": {"file": "tiers.json", "symbol": "X/USDT:USDT"}}}}},
    }
    jsonschema.validate(tree, scenario_schema())
    tree["venues"]["binance"]["margin"]["schedules"]["X"] = {"fil": "tiers.json"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tree, scenario_schema())


def test_the_hash_covers_the_tiers(write, folder):
    tree = tier_tree()
    write_tiers_json(folder, tree)
    before = load(write(schedules("{file: binance_leverage_tiers.json}"))).config_hash
    tree["BTC/USDT:USDT"][0]["maxLeverage"] = 120
    write_tiers_json(folder, tree)
    assert load(write(schedules("{file: binance_leverage_tiers.json}"))).config_hash != before


def test_a_rule_book_may_name_a_tier_file_and_needs_no_other_source(write, folder):
    book = folder.parent / "venues" / "mine.yaml"
    rows = tiers_csv().write(book.parent)
    book.write_text(
        "title: Mine\nsources: {contracts: assumed}\ncontracts: {BTCUSDT: {tick_size: 0.1, lot_size: 0.001}}\n"
        f"margin: {{schedules: {{BTCUSDT: {{file: {rows.name}, mode: whole}}}}}}\n"
    )
    instruments = "[{name: BTCUSDT, venue: mine, start_price: 117000, tick_size: 1}]"
    scenario = load(
        write(f"name: case\nvenues: {{mine: {{rules: mine}}}}\ninstruments: {instruments}\npopulations: []\n", start="")
    )
    schedule = scenario.venues["mine"].margin.schedules["BTCUSDT"]
    assert schedule.tiers == ((0.0, 0.004, 125.0), (50_000.0, 0.005, 100.0)) and schedule.mode == "whole"
    assert read_venue(book).margin.schedules["BTCUSDT"] == schedule  # the calculator's, too


def test_a_tier_file_with_an_initial_of_its_own_gives_the_rates(write, folder):
    write_tiers_json(folder)
    entry = "{file: binance_leverage_tiers.json, initial: {max_leverage: 20}}"
    schedule = load(write(schedules(entry))).venues["binance"].margin.schedules["BTCUSDT"]
    assert schedule.tiers == ((0.0, 0.004), (50_000.0, 0.005), (600_000.0, 0.01))


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{file: binance_leverage_tiers.json, symbol: BTC/USDT}", "no tiers of 'BTC/USDT'; did you mean 'BTC/USDT:"),
        ("{file: binance_leverage_tiers.json, tiers: [[0, 0.01, 50]]}", "is given beside tiers"),
        ("{file: binance_leverage_tiers.json, symbols: x}", "did you mean 'symbol'?"),
        ("{file: 3}", "are text"),
        ("{file: binance_leverage_tiers.json, symbol: [1]}", "are text"),
        ("{file: broken.json}", "row 2: BTC/USDT:USDT: maintenanceMarginRate 5 is out of range"),
        ("{file: prices.csv}", "time_price gives no tiers; it gives bars"),
        ("{file: other.yaml}", "has no mapping `schedules`"),
    ],
)  # fmt: skip
def test_a_bad_tier_file_is_refused_with_place_and_row(write, folder, refused, entry, says):
    tree = tier_tree()
    tree["BTC/USDT:USDT"][1]["maintenanceMarginRate"] = 5
    write_tiers_json(folder, tree).rename(folder / "broken.json")
    write_tiers_json(folder)
    time_price().write(folder)
    (folder / "other.yaml").write_text("title: x\n")
    lines = refused(write(schedules(entry)))
    assert any(says in line and "case.yaml:3:" in line and "schedules.BTCUSDT" in line for line in lines), lines


def test_a_contract_without_tiers_in_the_file_is_named(write, folder, refused):
    write_tiers_json(folder)
    text = "name: case\nvenues: {binance: {margin: {schedules: {ETHUSDT: {file: binance_leverage_tiers.json}}}}}\n"
    assert "has no tiers of 'ETHUSDT'; did you mean" in refused(write(text))[0]


def test_the_scenarios_that_come_with_the_package_name_no_data():
    """So that they can be played anywhere."""
    for file in (configs_folder() / "scenarios").glob("*.yaml"):
        assert "kind: file" not in file.read_text()
