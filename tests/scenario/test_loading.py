"""What a good file means: merging, rule books, overrides, the hash."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from sim.scenario import Scenario, load, scenario_names
from sim.strategies import PARTS, MarketMaker


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_that_comes_with_the_package_is_valid(name):
    scenario = load(name)
    assert scenario.name == name
    assert all(scenario.sources.values())


def test_the_october_scenario_is_the_baseline_with_news_and_a_small_fund():
    baseline, october = load("baseline"), load("btc_2025_10_10")
    assert [instrument.news for instrument in baseline.instruments] == [(), ()]
    assert [[item.size for item in instrument.news] for instrument in october.instruments] == [
        [-0.023, 0.007, -0.036]
    ] * 2
    assert baseline.populations == october.populations
    assert [instrument.start_price for instrument in october.instruments] == [117_000.0, 4_370.0]
    assert october.venues["binance"].waterfall[0].size_bp_of_open_interest == 22.0


def test_the_slow_sell_off_is_octobers_market_and_fund_with_one_slow_fall():
    slow, october = load("slow_sell_off"), load("btc_2025_10_10")
    assert slow.populations == october.populations and slow.venues == october.venues
    news = [item for instrument in slow.instruments for item in instrument.news]
    assert [(item.start_step, item.duration_steps, item.size) for item in news] == [(600, 28_800, -0.12)] * 2
    assert slow.steps == 600 + 28_800 + 13_800


def test_the_scenario_overrides_the_rule_book_and_the_rest_of_it_stays():
    venue = load("baseline").venues["binance"]
    assert venue.liquidation.price_band == 0.025
    assert venue.liquidation.fee_rate == 0.012
    assert len(venue.margin.schedules["BTCUSDT"]) == len(venue.margin.schedules["ETHUSDT"]) == 12
    assert venue.margin.schedules["BTCUSDT"][2] == (800_000.0, 0.0065, 75.0)


def test_a_rule_book_beside_the_scenario_goes_before_the_packaged_one(folder, write):
    book = folder.parent / "venues" / "binance_usdm_2026_09.yaml"
    book.write_text(book.read_text().replace("taker_rate: 0.0005", "taker_rate: 0.0007"))
    assert load(write("name: case\n")).venues["binance"].fees.taker_rate == 0.0007


def test_named_items_of_lists_are_merged_and_new_ones_added(write):
    scenario = load(
        write("populations: [{name: makers, count: 5}, {name: more, kind: noise_trader, venue: binance}]\n")
    )
    assert [population.name for population in scenario.populations][-1] == "more"
    makers = scenario.populations[0]
    assert isinstance(makers, MarketMaker) and makers.count == 5 and makers.depth == 240e6


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("populations.makers.count=6", lambda s: s.populations[0].count == 6),
        ("populations.0.count=6", lambda s: s.populations[0].count == 6),
        ("populations.makers.levels=8", lambda s: s.populations[0].levels == 8),
        ("instruments.BTCUSDT.news=[]", lambda s: s.instruments[0].news == ()),
        ("venues.binance.margin.scope=isolated", lambda s: s.venues["binance"].margin.scope == "isolated"),
        ("venues.binance.liquidation.impact=off", lambda s: s.venues["binance"].liquidation.impact == "off"),
        ("venues.binance.waterfall.insurance_fund.size=5e6", lambda s: s.venues["binance"].waterfall[0].size == 5e6),
        (
            "venues.binance.liquidation.cap_per_step=null",
            lambda s: s.venues["binance"].liquidation.cap_per_step is None,
        ),
        ("record.order_events=true", lambda s: s.record.order_events),
        ("seed=9", lambda s: s.seed == 9),
    ],
)
def test_overrides_reach_keys_indices_and_names(override, value):
    assert value(load("btc_2025_10_10", [override]))


def test_overrides_may_be_a_mapping_of_python_values():
    changes = {
        "populations.makers.count": 6,
        "instruments.BTCUSDT.news": ({"start_step": 10, "duration_steps": 5, "size": -0.01},),
        "venues.binance.rules": "binance_usdm_2026_09",
    }
    scenario = load("baseline", changes)
    assert scenario.populations[0].count == 6
    assert [news.size for news in scenario.instruments[0].news] == [-0.01]


def test_a_scenario_far_from_the_others_takes_one_that_comes_with_the_package(tmp_path):
    path = tmp_path / "baseline.yaml"  # of the same name: it does not take itself
    path.write_text("from: baseline.yaml\nname: far\nsteps: 10\n")
    assert load(path).steps == 10 and load(path).populations == load("baseline").populations


def test_later_overrides_win():
    assert load("baseline", ["steps=5", "steps=7"]).steps == 7


def test_the_hash_covers_every_dial_but_the_seed():
    plain = load("baseline").config_hash
    assert plain == load("baseline", ["seed=77"]).config_hash
    assert plain != load("baseline", ["steps=7201"]).config_hash
    assert plain != load("baseline", ["populations.makers.skew_bp=1.6"]).config_hash
    assert len(plain) == 64


def test_whole_numbers_and_decimals_of_the_same_value_hash_alike():
    assert load("baseline", ["step_seconds=1"]).config_hash == load("baseline", ["step_seconds=1.0"]).config_hash


def test_a_dump_is_plain_json_and_gives_the_scenario_back():
    scenario = load("btc_2025_10_10")
    text = json.dumps(scenario.dump(), allow_nan=False)
    assert Scenario.model_validate_json(text) == scenario


def test_records_are_frozen():
    with pytest.raises(ValidationError):
        load("baseline").seed = 3  # type: ignore[misc]


def test_notes_say_what_was_coarsened():
    assert "instruments.BTCUSDT.tick_size: tick coarsened from 0.1 to 1" in load("baseline").notes()


def test_the_ladder_holds_worst_news_and_a_quarter_beyond():
    scenario = load("btc_2025_10_10")
    low, high = scenario.price_range(scenario.instruments[0])
    assert low == pytest.approx(117_000 * 0.977 * 1.007 * 0.964 * 0.75) and high == pytest.approx(117_000 * 1.25)


def test_a_price_file_becomes_points_in_steps(folder, write):
    (folder / "path.csv").write_text("time,price\n1000,117000\n1060,116000.5\n1200,115000\n")
    path = write("instruments: [{name: BTCUSDT, index: {kind: file, path: path.csv}}]\n")
    assert load(path).instruments[0].index.points == ((0, 117_000.0), (60, 116_000.5), (200, 115_000.0))
    before = load(path).config_hash
    (folder / "path.csv").write_text("time,price\n1000,117000\n1060,116000.5\n1200,115001\n")
    assert load(path).config_hash != before


@pytest.mark.parametrize("record", PARTS)
def test_every_dial_has_meaning_range_and_source(record):
    for name, field in record.model_fields.items():
        if name == "kind":
            continue
        assert field.description, name
        assert field.json_schema_extra["source"], name
        assert field.metadata or field.annotation is not float, f"{name} has no range"


def test_paths_may_have_spaces(folder, tmp_path):
    spaced = tmp_path / "a b"
    folder.parent.rename(spaced)
    assert load(Path(spaced / "scenarios" / "baseline.yaml")).name == "baseline"
