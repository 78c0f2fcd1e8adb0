"""What a bad file gets: place, path, what is wrong and what is allowed; several at once; never a traceback."""

import math
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.scenario import ScenarioError, load


def test_a_problem_names_file_line_column_path_and_what_is_allowed(write, refused):
    path = write("name: case\nsteps: 0\n")
    assert refused(path) == [f"{path}:3:1: steps: 0 is not allowed; allowed: a whole number from 1 to 1000000"]


def test_several_problems_are_reported_at_once(write, refused):
    lines = refused(write("steps: 0\nseed: -1\npopulations: [{name: makers, depth: -3, countt: 2}]\n"))
    assert [line.split(": ")[1] for line in lines] == [
        "seed",
        "steps",
        "populations.makers.depth",
        "populations.makers.countt",
    ]


def test_problems_of_included_files_and_rule_books_name_those_files(folder, write, refused):
    baseline = folder / "baseline.yaml"
    baseline.write_text(baseline.read_text().replace("steps: 7200", "steps: many"))
    book = folder.parent / "venues" / "binance_usdm_2026_09.yaml"
    book.write_text(book.read_text().replace("taker_rate: 0.0005", "taker_rate: 5"))
    lines = refused(write("name: case\n"))
    assert any("baseline.yaml:" in line and "steps: 'many'" in line for line in lines)
    assert any("binance_usdm_2026_09.yaml:" in line and "venues.binance.fees.taker_rate: 5" in line for line in lines)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("stesp: 3\n", "stesp: unknown key; did you mean 'steps'?"),
        ("populations: [{name: new, kind: marketmaker, venue: binance}]\n", "did you mean 'market_maker'?"),
        ("populations: [{name: new, kind: noise_trader, venue: binanc}]\n", "did you mean 'binance'?"),
        ("instruments: [{name: BTCUSDT, contract: BTCUSD}]\n", "did you mean 'BTCUSDT'?"),
        ("venues: {binance: {rules: binance_usdm_2026_08}}\n", "did you mean 'binance_usdm_2026_09'?"),
        ("populations: [{name: new, venue: binance}]\n", "kind: is missing"),
        ("instruments: [{name: BTCUSD, news: []}]\n", "'BTCUSD' is a new item; did you mean 'BTCUSDT'?"),
        ("populations: [{name: maker, count: 3}]\n", "'maker' is a new item; did you mean 'makers'?"),
    ],
)
def test_near_misses_are_named(write, refused, text, hint):
    assert any(hint in line for line in refused(write(text)))


@pytest.mark.parametrize(
    "value", [".nan", ".inf", "-.inf", "-1", "1e30", "1e999", "true", "'1'", "null", "[1]", "{a: 1}", "2026-01-01"]
)
@pytest.mark.parametrize(
    "path",
    [
        "flow_thinning",
        "populations.makers.depth",
        "instruments.BTCUSDT.start_price",
        "venues.binance.margin.maintenance_scale",
    ],
)
def test_no_number_but_a_finite_one_in_range(refused, path, value):
    (line,) = refused("baseline", f"{path}={value}")
    assert line.startswith(f"overrides: {path}: ") and "allowed: a number" in line


@pytest.mark.parametrize(
    "path", ["flow_thinning", "populations.makers.depth", "instruments.BTCUSDT.start_price", "steps"]
)
def test_zero_is_refused_where_it_means_nothing(refused, path):
    assert "is not allowed" in refused("baseline", f"{path}=0")[0]


@pytest.mark.parametrize("value", ["1.5", "true", "1.0", "'3'", "9" * 200, "9" * 5000])
def test_no_whole_number_but_a_whole_number(refused, value):
    assert refused("baseline", f"steps={value}")


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("venues.binance.margin.maintenance_scale=8", "above the initial rate 0.00666667"),
        ("venues.binance.margin.schedules.BTCUSDT=[[0, 0.02, 100]]", "maintenance margin rate 0.02 of BTCUSDT"),
        ("venues.binance.margin.schedules.BTCUSDT=[[0, 1.5, 1]]", "1.5 is not allowed; allowed: a number above 0 to 1"),
        ("venues.binance.margin.schedules.BTCUSDT=[[0, 0.01, 20], [0, 0.02, 10]]", "floors must rise"),
        ("venues.binance.margin.schedules.BTCUSDT=[[5, 0.01, 20]]", "the first floor is 5"),
        ("venues.binance.margin.schedules.BTCUSDT=[[0, 0.02, 20], [9, 0.01, 20]]", "rates must not fall"),
        ("venues.binance.margin.schedules.BTCUSDT=[]", "a list"),
        ("instruments.BTCUSDT.tick_size=0.25", "no whole multiple of the venue's 0.1"),
        ("instruments.ETHUSDT.lot_size=0.0005", "no whole multiple of the venue's 0.001"),
        ("instruments.BTCUSDT.price_levels=100000", "no power of two"),
        ("instruments.BTCUSDT.price_levels=32768", "do not hold"),
        ("instruments.BTCUSDT.tick_size=0.1", "do not hold"),
        ("instruments.BTCUSDT.start_price=5", "below 100 ticks"),
        ("instruments.ETHUSDT.name=BTCUSDT", "names must be unique"),
        ("populations.noise.name=makers", "names must be unique"),
        ("mirror=true", "needs prices: arithmetic"),
        ("index_correlation=-1.5", "from -1 to 1"),
        ("name=../../etc", "of the form"),
        ("name=a/b", "of the form"),
        ("populations.makers.name=a.b", "of the form"),
        ("populations.noise.capital=1e13", "atoms"),
        ("instruments.BTCUSDT.index.kind=points", "points: is missing"),
        ("instruments.BTCUSDT.index.points=[[5, 1.0], [5, 2.0]]", "row 2: step 5 is a duplicate"),
        ("instruments.BTCUSDT.index.points=[[5, 1.0], [3, 2.0]]", "row 2: step 3 is out of order"),
        ("venues.binance.waterfall=[{kind: insurance_fund}, {kind: insurance_fund}]", "may stand once"),
        ("populations.makers.closest_bp=900", "is not below farthest_bp 800"),
        ("populations.speculators.leverage_min=6", "is above leverage_median 5"),
        ("venues=null", "a mapping"),
        ("instruments=[]", "a list of 1 to 64 items"),
    ],
)  # fmt: skip
def test_checks_across_fields(refused, override, says):
    assert any(says in line for line in refused("btc_2025_10_10", override))


def test_a_higher_maintenance_is_fine_where_initial_margin_follows_it():
    overrides = ["venues.binance.margin.maintenance_scale=8"]
    assert load("baseline", [*overrides, "venues.binance.margin.initial=max_with_maintenance"])
    assert load("baseline", [*overrides, "venues.binance.margin.initial=multiple_of_maintenance"])


def test_three_instruments_cannot_all_be_opposite(write, refused):
    more = "instruments: [{name: THIRD, contract: BTCUSDT, venue: binance, start_price: 117000, tick_size: 1.0}]\n"
    assert "impossible for 3 instruments" in refused(write(more + "index_correlation: -0.6\n"))[0]
    assert load(write(more + "index_correlation: -0.5\n"))


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("populations.maker.count=1", "no item 'maker'; did you mean 'makers'?"),
        ("populations.9.count=1", "indices 0 to 7 are allowed"),
        ("populations.makers.cuont=1", "unknown key 'cuont'; did you mean 'count'?"),
        ("venues.binanc.title=x", "did you mean 'binance'?"),
        ("venues.binance.margn.scope=cross", "did you mean 'margin'?"),
        ("steps.a=1", "unknown key 'a'"),
        ("steps", "has not the form"),
        ("=3", "has not the form"),
        ("seed=[", "not valid YAML"),
        ("seed={a: 1, a: 2}", "given twice"),
        ("from=baseline.yaml", "cannot be set"),
        ("instruments.BTCUSDT.news.0.size=-0.02", "no item '0'; the list is empty"),
    ],
)
def test_bad_overrides(refused, override, says):
    lines = refused("baseline", override)
    assert any(line.startswith("overrides: ") and says in line for line in lines), lines


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (
            {"populations.makers.cout": 1},
            "overrides: populations.makers.cout: unknown key 'cout'; did you mean 'count'?",
        ),
        ({"from": "baseline.yaml"}, "overrides: from: cannot be set here; name another scenario instead"),
        ({"a..b": 1}, "overrides: a..b: is no path; paths look like populations.makers.count"),
        ({"steps": True}, "overrides: steps: true is not allowed; allowed: a whole number from 1 to 1000000"),
    ],
)
def test_bad_overrides_in_a_mapping_are_called_overrides(overrides, line):
    with pytest.raises(ScenarioError) as caught:
        load("baseline", overrides)
    assert str(caught.value) == line


def test_a_file_that_from_does_not_find_names_the_folders_searched(folder, refused):
    path = folder / "case.yaml"
    path.write_text("from: basline.yaml\nname: case\n")
    (line,) = refused(path)
    assert f"no file 'basline.yaml' in {folder.resolve()} or " in line
    assert line.endswith("did you mean 'baseline.yaml'?")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: a\nname: b\n", ":2:1: the key 'name' is given twice"),
        ("name: [a\n", "not valid YAML"),
        ("name: a\n\tseed: 3\n", "not valid YAML"),
        ("- a\n", "must be a mapping"),
        ("", "must be a mapping"),
        ("3: a\n", "keys are text"),
        ("from: nothing.yaml\n", "no file 'nothing.yaml'"),
        ("from: 3\n", "3 is no file"),
        ("from: btc_2025_10_10.yaml\n", "one level is allowed"),
        ("[" * 3000, "not valid YAML"),
        ("a: &a [*a, *a]\n", ""),
    ],
)
def test_files_that_are_no_scenario(write, refused, text, says):
    assert says in refused(write(text, start=""))[0]


@pytest.mark.parametrize(
    ("dials", "says"),
    [
        ("sizing: {kind: kelly}", "sizing.kind: unknown kind 'kelly'; known: capped_kelly, fixed"),
        ("sizing: {share: 0.3}", "sizing.kind: is missing"),
        ("sizing: {kind: fractional, share: 2}", "sizing.share: 2 is not allowed; allowed: a number above 0 to 1"),
        ("sizing: {kind: fractional, shaer: 0.2}", "sizing.shaer: unknown key; did you mean 'share'?"),
        ("sizing: 3", "sizing: 3 is not allowed; allowed: a mapping"),
        ("exit_bp: 40", "exit_bp: 40 of population 'new' is above entry_bp 30"),
        ("leverage_median: 500", "leverage_median: 500 of population 'new' is above the venue's cap"),
        ("branching: 0.5", "branching: unknown key"),
    ],
)
def test_bad_dials_of_traders_with_a_signal(write, refused, dials, says):
    text = "populations:\n  - {kind: momentum_trader, name: new, venue: binance, " + dials + "}\n"
    lines = refused(write(text))
    assert any("populations.new." + says in line for line in lines), lines


def test_a_flow_that_never_dies_out_is_refused(write, refused):
    (line,) = refused(write("populations: [{kind: hawkes_trader, name: new, venue: binance, branching: 1.0}]\n"))
    assert "populations.new.branching: 1.0 is not allowed; allowed: a number from 0 to 0.99" in line


def test_aliases_that_multiply_are_stopped(write, refused):
    rows = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "more than" in refused(write("\n".join(rows) + "\n", start=""))[0]


def test_files_that_cannot_be_read(tmp_path, refused):
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in refused(tmp_path / "bytes.yaml")[0]
    assert "no such scenario" in refused(tmp_path)[0]
    assert "did you mean 'baseline'?" in refused("basline")[0]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("0,1\n1,2\n1,3\n", "row 4: time 1 is a duplicate"),
        ("5,1\n4,2\n", "row 3: time 4 comes after 5"),
        ("0,0\n", "row 2: price 0 is out of range"),
        ("0,-4\n", "row 2: price -4 is out of range"),
        ("0,nan\n", "row 2: price nan is not finite"),
        ("inf,1\n", "row 2: time inf is not finite"),
        ("0,1\n\n2,3\n", "row 3: is empty"),
        ("0,\n", "row 2: price is missing"),
        ("0,1,2\n", "row 2: has 3 values"),
        ("0,x\n", "row 2: price 'x' is no number"),
        ("", "row 2: is missing"),
    ],
)
def test_a_bad_row_of_a_price_file_is_named(folder, write, refused, rows, says):
    (folder / "path.csv").write_text("time,price\n" + rows)
    lines = refused(write("instruments: [{name: BTCUSDT, index: {kind: file, path: path.csv}}]\n"))
    assert any("instruments.BTCUSDT.index.path: path.csv: " in line and says in line for line in lines), lines


def test_a_price_file_without_header_or_not_there(folder, write, refused):
    path = write("instruments: [{name: BTCUSDT, index: {kind: file, path: path.csv}}]\n")
    assert "cannot be read" in refused(path)[0]
    (folder / "path.csv").write_text("0,1\n1,2\n")
    assert "row 1: '0,1' is the header or first row of no known format; known: time_price" in refused(path)[0]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abk", max_size=4), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    "name", "seed", "steps", "venues", "venues.binance", "venues.binance.margin", "venues.binance.margin.schedules",
    "venues.binance.waterfall", "venues.binance.waterfall.0", "venues.binance.contracts", "venues.binance.rules",
    "instruments", "instruments.0", "instruments.0.index", "instruments.0.index.points", "instruments.0.news",
    "populations", "populations.0", "populations.0.kind", "populations.0.venue", "record", "sources", "prices",
]  # fmt: skip


@given(place=st.sampled_from(PLACES), value=VALUES)
@settings(
    max_examples=int(os.environ.get("FIRESALE_FUZZ_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_random_rubbish_is_loaded_or_refused_but_never_crashes(place, value):
    try:
        scenario = load("baseline", [f"{place}={_yaml(value)}"])
    except ScenarioError as error:
        assert all(problem.message for problem in error.problems)
    else:
        assert math.isfinite(scenario.step_seconds)


def _yaml(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"'{key}': {_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return (
        {None: "null", True: "true", False: "false"}.get(value, str(value))
        if not isinstance(value, float)
        else repr(value)
    )  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("value", "path", "says"),
    [
        ("[{step: 5, population: speculator, to: cross}]", "switches.0.population", "did you mean 'speculators'?"),
        ("[{step: 7200, population: speculators, to: cross}]", "switches.0.step", "7200 is after the end"),
        ("[{step: 5, population: speculators, to: hedge}]", "switches.0.to", "allowed: one of cross, isolated"),
        ("[{step: 5, population: speculators, to: cross, share: 0}]", "switches.0.share", "0 is not allowed"),
    ],
)
def test_a_switch_of_nobody_or_never_is_refused(refused, value, path, says):
    """Neither a population that is not there, nor a step after the end."""
    lines = refused("btc_2025_10_10", f"switches={value}")
    assert any(f"{path}: " in line and says in line for line in lines), lines


def test_a_switch_of_traders_in_hedge_mode_is_refused(refused):
    switch = "[{step: 5, population: speculators, to: isolated}]"
    lines = refused("btc_2025_10_10", "venues.binance.margin.hedge_mode=true", f"switches={switch}")
    assert any("switches.0.to: isolated does not go with hedge_mode" in line for line in lines), lines
