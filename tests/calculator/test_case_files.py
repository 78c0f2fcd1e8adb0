"""Case files: what is refused, where and with what advice; YAML and JSON alike; many cases in one file."""

import json

import pytest
from naive_case import answer_to, isolated, long

from sim.calculator.case import Case
from sim.calculator.checks import check_case
from sim.calculator.report import report
from sim.margin_regimes import MarginRegime
from sim.scenario import configs_folder
from sim.scenario.cases import read_cases, read_venue
from sim.scenario.errors import ScenarioError

GOOD = """\
collateral: 1000
mark_prices: {BTC: 50000}
schedules:
  BTC:
    tiers: [[0, 0.004], [50000, 0.005]]
instruments: {BTC: {tick_size: 0.1, lot_size: 0.001}}
positions:
  - {instrument: BTC, side: long, size: 0.5, entry_price: 52000}
"""


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """The lines with which a file is refused."""
    monkeypatch.chdir(tmp_path)

    def lines(text, name="case.yaml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(ScenarioError) as caught:
            read_cases(path)
        return str(caught.value).splitlines()

    return lines


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new)


REFUSALS = [
    ("[50000, 0.005]", "[0, 0.005]", "schedules.BTC.tiers.1.0: floor 0 after 0: tiers overlap; floors must rise"),
    ("[0, 0.004]", "[10, 0.004]", "schedules.BTC.tiers.0.0: the first floor is 10; allowed: 0"),
    ("[50000, 0.005]", "[50000, 0.003]", "tiers.1.1: maintenance rate 0.003 after 0.004; rates must not fall"),
    ("[50000, 0.005]", "[50000, 1.5]", "tiers.1.1: 1.5 is not allowed; allowed: a number from 0 to 1"),
    ("[50000, 0.005]", "[50000, -0.1]", "tiers.1.1: -0.1 is not allowed; allowed: a number from 0 to 1"),
    ("size: 0.5", "size: 0", "8:35: positions.0.size: 0 is not allowed; allowed: a number from 1e-18 to 1e+18"),
    ("size: 0.5", "size: -2", "positions.0.size: -2 is not allowed; allowed: a number from 1e-18 to 1e+18"),
    ("size: 0.5", "size: .nan", "positions.0.size: nan is not allowed; allowed: a number from 1e-18"),
    ("entry_price: 52000", "entry_price: .inf", "entry_price: inf is not allowed; allowed: a number from 1e-18"),
    ("size: 0.5", "size: true", "positions.0.size: true is not allowed; allowed: a number from 1e-18"),
    ("size: 0.5", "size: half", "positions.0.size: 'half' is not allowed; allowed: a number from 1e-18"),
    ("size: 0.5, ", "", "8:5: positions.0.size: is missing; allowed: a number from 1e-18"),
    ("size: 0.5", "size: 0.0005", "positions.0.size: 0.0005 is not allowed; whole lots of 0.001 are"),
    (
        "side: long",
        "side: long, margin_mode: cross, isolated_collateral: 5",
        "positions.0.isolated_collateral: 5 is not allowed for a cross position",
    ),
    ("side: long", "side: up", "positions.0.side: 'up' is not allowed; allowed: one of long, short"),
    ("side: long", "sied: long", "positions.0.sied: unknown key; did you mean 'side'?"),
    ("collateral", "colateral", "1:1: colateral: unknown key; did you mean 'collateral'?"),
    (
        "instrument: BTC,",
        "instrument: BTV,",
        "positions.0.instrument: no margin schedule of 'BTV' in schedules; did you mean 'BTC'?",
    ),
    ("mark_prices: {BTC: 50000}", "mark_prices: {}", "mark_prices.BTC: is missing; give the mark price of every"),
    ("mark_prices: {BTC: 50000}", "mark_prices: {BTV: 50000}", "is held; did you mean 'BTV'?"),
    (
        "mark_prices: {BTC: 50000}",
        "mark_prices: {BTC: 0}",
        "mark_prices.BTC: 0 is not allowed; allowed: a number from",
    ),
    (
        "    tiers",
        "    maintenance_amount: 50\n    tiers",
        "schedules.BTC.maintenance_amount: 50 is not allowed; allowed: with one marginal tier",
    ),
    (
        "    tiers",
        "    square_root: 0.1\n    tiers",
        "schedules.BTC.square_root: 0.1 is not allowed; allowed: with one tier",
    ),
    (
        "    tiers",
        "    initial: {}\n    tiers",
        "schedules.BTC.initial: nothing is given; allowed: one of tiers, ratio",
    ),
    ("    tiers", "    initial: {ratio: 2, max_leverage: 9}\n    tiers", "initial: ratio and max_leverage are given"),
    (
        "    tiers",
        "    initial: {ratio: 0.5}\n    tiers",
        "initial.ratio: 0.5 is not allowed; allowed: a number from 1",
    ),
    (
        "    tiers",
        "    initial: {max_leverage: 300}\n    tiers",
        "schedules.BTC: maintenance margin 0.004 of BTC is above its initial margin 0.00333333 at a notional of 1; "
        "allowed: at most the initial margin",
    ),
    (
        "    tiers",
        "    initial: {tiers: [[0, 0.1], [5, 0.01]]}\n    tiers",
        "initial.tiers.1.1: initial rate 0.01 after 0.1",
    ),
    (
        "    tiers",
        "    initial: {max_leverage: 9, open_interest: {low: 1, high: 2}}\n    tiers",
        "open_interest.BTC: is missing; give the open interest",
    ),
    (
        "collateral: 1000",
        "venue: binance_usdm_2026_09",
        "3:1: schedules: the venue binance_usdm_2026_09 brings its own",
    ),
    (
        "collateral: 1000",
        "venue: binance_usdm_2025_09",
        "1:1: venue: no rule book 'binance_usdm_2025_09'; did you mean 'binance_usdm_2026_09'?",
    ),
    ("collateral: 1000", "regime: {netting: larger}", "regime.netting: 'larger' is not allowed; allowed: one of sum"),
    (
        "collateral: 1000",
        "regime: {scope: isolated}",
        "positions.0.isolated_collateral: is missing; give what is allotted",
    ),
    (
        "size: 0.5,",
        "size: 0.5, isolated_collateral: 5,",
        "isolated_collateral: 5 is not allowed for a cross position; add margin_mode: isolated",
    ),
    (
        "    tiers",
        "    slope: 0.1\n    initial: {max_leverage: 9, slope: 0.01}\n    tiers",
        "0.01 is below that of maintenance",
    ),
    ("collateral: 1000", "regime: {closing_fee: {rate: 0.1}}", "regime.closing_fee.basis: is missing for a fee of 0.1"),
    ("collateral: 1000", "regime: {closing_fee: {rate: 0.6}}", "regime.closing_fee.rate: 0.6 is not allowed"),
    ("collateral: 1000", "collateral: 1000\ncollateral: 2000", "the key 'collateral' is given twice"),
    ("collateral: 1000", "collateral: [", "not valid YAML"),
    (
        "collateral: 1000",
        "compare: {returns: {ETH: [0.1, 0.2]}}",
        "compare.returns.BTC: is missing; give the returns",
    ),
    (
        "collateral: 1000",
        "compare: {returns: {BTC: [0.1, 0.2]}, horizon_steps: 3}",
        "3 steps are more than the 2 returns",
    ),
]


@pytest.mark.parametrize(("old", "new", "line"), REFUSALS, ids=[line[:60] for _, _, line in REFUSALS])
def test_a_mistake_is_one_line_with_place_value_and_rule(refused, old, new, line):
    found = refused(changed(old, new))
    assert len(found) == 1 and found[0].startswith("case.yaml:") and line in found[0], found


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\x89PNG\r\n\x00\xff", "the file is not UTF-8 text"),
        (b"\x00\x01\x02", "not valid YAML"),
        (b"", "the file must be a mapping"),
        (b"[1, 2]", "the file must be a mapping"),
        (b"just words", "the file must be a mapping"),
        (b"cases: 3", "cases: 3 is not allowed; allowed: a list of cases"),
        (b"cases: [3]", "3 is not allowed; allowed: a mapping of keys to values; case 1 of 1"),
        (b"cases: []\ncollateral: 3", "collateral: is not allowed beside cases; put it into each case"),
    ],
)
def test_what_is_no_case_is_refused_in_one_line(refused, content, line):
    found = refused(content)
    assert len(found) == 1 and line in found[0], found


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('{"collateral": 1,\n "colateral": 2}', "case.json:2:2: colateral: unknown key; did you mean 'collateral'?"),
        ('{"collateral": 1, "collateral": 2}', "the key 'collateral' is given twice"),
        ('{"collateral": NaN}', "collateral: nan is not allowed; allowed: a number from -1e+18 to 1e+18"),
        ('{"collateral": 1', "case.json:1:17: not valid JSON: "),
        ("[1]", "the file must be a mapping"),
        ('{"a": ' * 100_000, "not valid JSON: nested too deeply"),
        ('{"collateral": 1' + "0" * 400 + "}", "collateral: a huge whole number is not allowed"),
    ],
)
def test_json_is_refused_as_yaml_is(refused, content, line):
    found = refused(content, "case.json")
    assert len(found) == 1 and line in found[0], found


def test_a_case_of_many_is_called_by_its_number(refused):
    bad = changed("size: 0.5", "size: 0").replace("\n", "\n    ")
    found = refused(f"cases:\n  -\n    {bad}\n  -\n    {bad}")
    assert [line.rpartition("; ")[2] for line in found] == ["case 1 of 2", "case 2 of 2"]
    assert "cases.1.positions.0.size: 0 is not allowed" in found[1]


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "nowhere.yaml", tmp_path):
        with pytest.raises(ScenarioError, match="cannot be read"):
            read_cases(path)


def test_yaml_and_json_give_the_same_answer(tmp_path):
    from ruamel.yaml import YAML

    tree = YAML(typ="safe", pure=True).load(GOOD)
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "a.json").write_text(json.dumps(tree, indent="\t"))
    (tmp_path / "flow.yaml").write_text(json.dumps(tree))
    answers = [report(read_cases(tmp_path / name).statements[0]) for name in ("a.yaml", "a.json", "flow.yaml")]
    assert answers[0] == answers[1] == answers[2] == answer_to(tree)


def test_a_venue_is_found_by_name_by_path_and_beside_the_case(tmp_path):
    book = (configs_folder() / "venues" / "binance_usdm_2026_09.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(book.replace("[0, 0.004, 150]", "[0, 0.003, 150]"))
    margins = []
    for venue in ("binance_usdm_2026_09", "configs/venues/binance_usdm_2026_09.yaml", "mine.yaml"):
        case = {"venue": venue, "mark_prices": {"BTCUSDT": 50_000}}
        case["positions"] = [isolated(long(50_000.0, 2.0, "BTCUSDT"), 5_000)]
        (tmp_path / "case.json").write_text(json.dumps(case))
        margins.append(report(read_cases(tmp_path / "case.json").statements[0])["maintenance_margin"])
    assert margins == [400, 400, 300]


def test_a_venues_rule_book_is_checked_and_its_mistakes_are_its_own(tmp_path):
    book = (configs_folder() / "venues" / "binance_usdm_2026_09.yaml").read_text()
    (tmp_path / "mine.yaml").write_text(book.replace("[300_000, 0.005, 100]", "[300_000, 0.001, 100]"))
    (tmp_path / "case.yaml").write_text("venue: mine.yaml")
    with pytest.raises(
        ScenarioError, match="mine.yaml.*margin.schedules.BTCUSDT.1.1: maintenance rate 0.001 after 0.004"
    ):
        read_cases(tmp_path / "case.yaml")


def test_a_case_may_change_its_venues_dials(tmp_path):
    case = {"venue": "binance_usdm_2026_09", "mark_prices": {"BTCUSDT": 50_000}}
    case["positions"] = [isolated(long(51_000.0, 100.0, "BTCUSDT"), 125_000)]
    sizes = []
    for more in ({}, {"liquidation": {"target": "full"}}, {"regime": {"maintenance_scale": 0.5}}):
        (tmp_path / "case.json").write_text(json.dumps(case | more))
        sizes.append(
            [o["size"] for o in report(read_cases(tmp_path / "case.json").statements[0])["liquidation"]["orders"]]
        )
    # 5 million at 50,000 need 38,000 and have 25,000: a lot relieves 0.01 less a fee of 0.012, so all of it goes.
    assert sizes == [[100], [100], []]


class LaterMargin(MarginRegime):
    """A regime with dials that came after the calculator."""

    haircut: float = 0.0


@pytest.mark.parametrize(
    ("dials", "wrong"),
    [
        ({}, []),
        ({"haircut": 0.1}, ["margin.haircut: 0.1 of binance_usdm_2026_09 is not a rule"]),
    ],
)
def test_a_venues_dial_that_the_calculator_does_not_know_is_refused_and_never_passed_over(dials, wrong):
    venue = read_venue(configs_folder() / "venues" / "binance_usdm_2026_09.yaml")
    margin = LaterMargin(**{name: getattr(venue.margin, name) for name in MarginRegime.model_fields}, **dials)
    venue = venue.model_copy(update={"margin": margin})
    case = {"venue": "binance_usdm_2026_09", "mark_prices": {"BTCUSDT": 50_000}, "collateral": 1e6}
    case["positions"] = [long(50_000.0, 20.0, "BTCUSDT")]
    record = Case.model_validate(case)
    assert [
        message[: len(start)] for (_, message, _), start in zip(check_case(record, venue), wrong, strict=True)
    ] == wrong
    if not wrong:
        maintenance = answer_to(case, venue)["maintenance_margin"]
        assert maintenance == pytest.approx(1e6 * 0.0065 - 1_500)


def test_a_venues_schedule_may_be_a_mapping_and_means_what_a_cases_own_schedule_means():
    venue = read_venue(configs_folder() / "venues" / "binance_usdm_2026_09.yaml")
    rows = [[0, 0.004], [800_000, 0.0065]]
    shared = {"mark_prices": {"BTCUSDT": 50_000}, "collateral": 3e4, "positions": [long(50_000.0, 20.0, "BTCUSDT")]}
    for own in (
        {"tiers": rows, "mode": "whole"},
        {"tiers": rows, "slope": 0.0001, "minimum": 9_000, "initial": {"ratio": 3}},
        {"tiers": rows, "initial": {"tiers": [[0, 0.01], [1_000_000, 0.05]], "mode": "marginal"}},
        {"tiers": rows, "initial": {"max_leverage": 20}},
    ):
        margin = MarginRegime.model_validate({"schedules": {"BTCUSDT": own}})
        answer = answer_to({"venue": "v", **shared}, venue.model_copy(update={"margin": margin}))
        wanted = answer_to({"schedules": {"BTCUSDT": own}, **shared})
        for key in ("initial_margin", "maintenance_margin", "liquidatable", "maintenance_amounts"):
            assert answer[key] == wanted[key], (own, key)
        assert answer["positions"] == wanted["positions"]
