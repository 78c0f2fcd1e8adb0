"""Schedules of every form: what is refused, by path, value and rule, and what a list of rows means."""

import pytest
from small_worlds import TIERS, small_scenario, small_session

from sim.scenario import load

SCHEDULE = "venues.binance.margin.schedules.BTCUSDT"


@pytest.mark.parametrize(
    ("value", "path", "says"),
    [
        ("{tiers: [[0, 1.5]]}", "tiers.0.1", "1.5 is not allowed; allowed: a number above 0 to 1"),
        ("{tiers: [[0, 0.01], [0, 0.02]]}", "tiers.1.0", "floor 0 after 0; floors must rise"),
        ("{tiers: [[0, 0.02], [9, 0.01]]}", "tiers.1.1", "maintenance rate 0.01 after 0.02; rates must not fall"),
        ("{tiers: [[5, 0.01]]}", "tiers.0.0", "the first floor is 5; allowed: 0"),
        ("{tiers: [[0, 0.01, 50], [9, 0.01, 60]]}", "tiers.1.2", "leverage must not rise"),
        ("{tiers: []}", "tiers", "a list of 1 to 64 items"),
        ("{tiers: [[0, 0.01]], mode: wole}", "mode", "'wole' is not allowed; allowed: one of marginal, whole"),
        ("{tiers: [[0, 0.01]], slop: 1}", "slop", "unknown key; did you mean 'slope'?"),
        ("{tiers: [[0, 0.01]], slope: -1}", "slope", "-1 is not allowed; allowed: a number from 0 to 1"),
        (
            "{tiers: [[0, 0.01]], initial: {}}",
            "initial",
            "nothing is given; allowed: one of tiers, ratio, max_leverage",
        ),
        ("{tiers: [[0, 0.01]], initial: {ratio: 2, max_leverage: 9}}", "initial", "ratio and max_leverage are given"),
        (
            "{tiers: [[0, 0.01]], initial: {ratio: 0.5}}",
            "initial.ratio",
            "0.5 is not allowed; allowed: a number from 1",
        ),
        ("{tiers: [[0, 0.01, 9]], initial: {ratio: 2}}", "initial", "leave out one of the two"),
        ("{tiers: [[0, 0.02]], initial: {tiers: [[0, 0.01]]}}", "BTCUSDT", "is above the initial margin"),
        (
            "{tiers: [[0, 0.01]], slope: 0.01, initial: {max_leverage: 60, slope: 0.001}}",
            "initial.slope",
            "at least that",
        ),
        (
            "{tiers: [[0, 0.01], [9, 0.02]], square_root: 0.01, initial: {tiers: [[0, 0.05]]}}",
            "square_root",
            "0.01 with 2 tiers; allowed: with one tier only",
        ),
        (
            "{tiers: [[0, 0.01]], square_root: 0.01, initial: {tiers: [[0, 0.05], [9, 0.1]], square_root: 0.02}}",
            "initial.square_root",
            "0.02 with 2 tiers",
        ),
        (
            "{tiers: [[0, 0.01]], square_root: 0.01, initial: {ratio: 2}}",
            "initial",
            "is a multiple of maintenance beside a square_root of 0.01; allowed: tiers or max_leverage",
        ),
        ("{tiers: [[0, 0.01]], square_root: 0.01}", "initial", "allowed: tiers or max_leverage"),
        (
            "{tiers: [[0, 0.01]], square_root: 0.01, initial: {max_leverage: 20, square_root: 0.001}}",
            "initial.square_root",
            "0.001 is below that of maintenance, 0.01; allowed: at least that",
        ),
        ("{tiers: [[0, 0.001], [1e6, 1]], initial: {ratio: 900}}", "initial", "a smaller multiple of maintenance"),
        ("{tiers: [[0, 0.001], [9e14, 0.123456789]], initial: {ratio: 1}}", "BTCUSDT", "beyond 64 bits"),
        ("7", "BTCUSDT", "7 is not allowed; allowed: a list"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_by_path_value_and_rule(refused, value, path, says):
    lines = refused("btc_2025_10_10", f"{SCHEDULE}={value}")
    assert any(f"{path}: " in line and says in line for line in lines), lines


def test_a_mapping_with_the_rows_of_a_list_is_the_list_to_the_byte():
    digests = []
    for schedules in (TIERS, {name: {"tiers": rows} for name, rows in TIERS.items()}):
        session = small_session({"venues.venue.margin.schedules": schedules}, seed=5)
        session.advance(40)
        digests.append(session.digest())
    assert digests[0] == digests[1]


def test_schedules_as_lists_have_no_form_beyond_tiers():
    scenario = load("btc_2025_10_10")
    assert all(
        isinstance(rows, tuple) for venue in scenario.venues.values() for rows in venue.margin.schedules.values()
    )
    assert not small_session().world.instruments["margin_form"].any()
    whole = {name: {"tiers": rows, "mode": "whole"} for name, rows in TIERS.items()}
    assert small_session({"venues.venue.margin.schedules": whole}).world.instruments["margin_form"].all()
    assert small_scenario({"venues.venue.margin.schedules": whole}).dump()["venues"]["venue"]["margin"]["schedules"]


VOLATILITY = "volatility: {multiple: 3}"


@pytest.mark.parametrize(
    ("value", "path", "says"),
    [
        ("{maintenance: {volatility: {}}}", "maintenance.volatility.multiple", "is missing"),
        (
            "{maintenance: {volatility: {multiple: 0}}}",
            "volatility.multiple",
            "0 is not allowed; allowed: a number above 0",
        ),
        (
            "{maintenance: {volatility: {multiple: 3, decay: 1}}}",
            "decay",
            "1 is not allowed; allowed: a number from 0.5",
        ),
        (
            "{maintenance: {volatility: {multiple: 3, measure: var}}}",
            "measure",
            "'var' is not allowed; allowed: one of",
        ),
        (
            "{initial: {volatility: {multiple: 3, measure: value_at_risk, window: 50, quantile: 0.99}}}",
            "dynamics.initial.volatility.window",
            "50 returns have no quantile of 0.99; allowed: at least 100",
        ),
        ("{maintenance: {anti_procyclicality: {floor: 0.01}}}", "anti_procyclicality", "has no estimate to hold"),
        (
            "{maintenance: {" + VOLATILITY + ", anti_procyclicality: {buffer: 0.25}}}",
            "anti_procyclicality.released_above",
            "is missing; buffer: 0.25 needs it",
        ),
        (
            "{maintenance: {" + VOLATILITY + ", anti_procyclicality: {stressed_rate: 0.1}}}",
            "anti_procyclicality.stressed_rate",
            "is of no use without stressed_weight",
        ),
        ("{maintenance: {" + VOLATILITY + ", anti_procyclicality: {floor: 2}}}", "floor", "2 is not allowed"),
        (
            "{initial: {open_interest: {BTCUSDT: {low: 5.0e7, high: 2.0e7}}}}",
            "open_interest.BTCUSDT.high",
            "2e+07 is not above low, 5e+07; raise it",
        ),
        ("{initial: {open_interest: {BTCUSD: {low: 1, high: 2}}}}", "BTCUSD", "did you mean 'BTCUSDT'?"),
        ("{initial: {open_interest: {BTCUSDT: {low: 0, high: 1.0e-9}}}}", "BTCUSDT.high", "a rising range below"),
        ("{applies_to: new}", "applies_to", "new holds for maintenance rates that move"),
        (
            "{maintenance: {open_interest: {BTCUSDT: {low: 1.0e9, high: 2.0e9}}}, applies_to: new}",
            "maintenance.open_interest.BTCUSDT",
            "does not go with applies_to: new in a schedule of several tiers",
        ),
    ],
)
def test_dynamics_that_cannot_be_are_refused_by_path_value_and_rule(refused, value, path, says):
    lines = refused("btc_2025_10_10", f"venues.binance.margin.dynamics={value}")
    assert any(f"{path}: " in line and says in line for line in lines), lines


def test_rates_that_never_move_change_no_byte():
    fine = {**TIERS, "ETH": [[0, 0.005001, 75], [10_000, 0.0125, 40]]}  # millionths, as rates that move have anyway
    scaling = {"open_interest": {"BTC": {"low": 1e10, "high": 1e11}}}
    never = {"volatility": {"multiple": 3.0, "least_returns": 20_000}}
    digests = []
    for dynamics in (None, {"maintenance": scaling, "initial": scaling}, {"maintenance": never, "initial": never}):
        margin = {"venues.venue.margin.schedules": fine, "venues.venue.margin.dynamics": dynamics}
        session = small_session(margin, seed=5)
        session.advance(40)
        digests.append(session.digest())
    assert digests[0] == digests[1] == digests[2]


def test_a_floor_too_far_for_rates_that_move_is_refused(refused):
    """The deduction of its tier would pass 64 bits once the rates have risen."""
    book = "venues.binance.margin.schedules.BTCUSDT"
    lines = refused(
        "btc_2025_10_10",
        f"{book}=[[0, 0.004, 100], [2.0e+12, 0.05, 10]]",
        "venues.binance.contracts.BTCUSDT.lot_size=0.00001",
        "venues.binance.margin.dynamics={maintenance: {" + VOLATILITY + "}}",
    )
    assert any(f"{book}: " in line and "is too far for rates that move" in line for line in lines), lines
