"""Rule books as data: each number has its source, each loads, and what stands in for a rule is said in every report."""

import json

import pytest

from sim.runs.run import run_command, simulate
from sim.scenario import ScenarioError, load
from sim.scenario.folders import configs_folder, venue_names
from sim.scenario.rule_books import NUMBERS_IN, read_rule_book

NAMES = venue_names()
LESS_LEVERAGE = {"drift_2024": ["populations.trend.leverage_median=10"]}  # than late entrants of October choose
FALL = [
    f"instruments.{name}.news=[{{start_step: 5, duration_steps: 200, size: -0.15}}]" for name in ("BTCUSDT", "ETHUSDT")
]
BOOK = """
title: Mine
sources: {{margin.schedules: assumed, contracts: assumed{more}}}
contracts: {{BTCUSDT: {{tick_size: 0.1, lot_size: 0.001}}, ETHUSDT: {{tick_size: 0.01, lot_size: 0.001}}}}
margin: {{schedules: {{BTCUSDT: [[0, 0.01, 50]], ETHUSDT: [[0, 0.01, 50]]}}}}
fees: {{maker_rate: 0.0003}}
"""


@pytest.fixture
def written(tmp_path):
    """A scenario folder whose venue is a rule book of the user's own."""

    def write(more=""):
        (tmp_path / "venues").mkdir()
        (tmp_path / "venues" / "mine.yaml").write_text(BOOK.format(more=more))
        (tmp_path / "scenarios").mkdir()
        path = tmp_path / "scenarios" / "own.yaml"
        path.write_text("from: baseline.yaml\nname: own\nvenues: {binance: {rules: mine}}\n")
        return path

    return write


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_a_rule_book_has_a_source_and_every_source_a_number(name):
    tree = read_rule_book(configs_folder() / "venues" / f"{name}.yaml").tree  # raises where a number has none
    assert tree["title"] and tree["as_of"]
    for key in tree["sources"]:
        node = tree
        for word in key.split("."):
            assert word in node or (key, word) == ("waterfall", "waterfall"), f"{key} explains nothing"
            node = node[word]
        assert key.split(".")[0] in NUMBERS_IN


@pytest.mark.parametrize("name", NAMES)
def test_the_rule_that_is_stood_in_for_is_named(name):
    scenario = load("btc_2025_10_10", [f"venues.binance.rules={name}", *LESS_LEVERAGE.get(name, [])])
    for rule, text in scenario.venues["binance"].nearest.items():
        assert rule.split(".")[0] in NUMBERS_IN and len(text) > 10


@pytest.mark.parametrize("name", NAMES)
def test_october_under_every_rule_book_adds_up_while_it_liquidates(name):
    audited = ["record.audit_every_steps=20", "populations.speculators.count=2000", "steps=300"]
    scenario = load("btc_2025_10_10", [f"venues.binance.rules={name}", *FALL, *audited, *LESS_LEVERAGE.get(name, [])])
    summary = simulate(scenario, 1).summary  # the audit raises where money or sizes do not add up
    assert summary["liquidations"] > 0 and summary["liquidated_notional"] > 0.0


def test_a_number_without_a_source_is_refused_by_path_value_and_rule(written):
    with pytest.raises(
        ScenarioError, match=r"mine.yaml:6:8: fees.maker_rate: has no source; add sources.fees.maker_rate"
    ):
        load(written())


def test_a_number_with_a_source_is_accepted_and_assumed_is_one(written):
    assert load(written(", fees: assumed")).venues["binance"].fees.maker_rate == 0.0003


def test_what_stands_in_for_a_rule_is_said_in_every_report(tmp_path, capsys):
    scenario = load(
        "btc_2025_10_10", ["venues.binance.rules=binance_usdm_2021_03", "populations.speculators.count=200"]
    )
    folder = run_command(scenario, 1, 5, tmp_path / "out", as_json=False)
    line = scenario.stand_ins()[0]
    assert line.startswith("binance_usdm_2021_03, funding: ")
    assert line in scenario.notes()
    assert json.loads((folder / "manifest.json").read_text())["stand_ins"] == [line]
    assert line in " ".join(capsys.readouterr().out.split())
