"""Rates of the moment in a case: open interest at a venue, rates that the case gives, and what must not be left out."""

import pytest
from small_worlds import VENUE, small_scenario

from sim.calculator.case import Case
from sim.calculator.checks import check_case
from sim.calculator.report import report, state
from sim.calculator.rule_book import book_of

HELD = {"instrument": "BTC", "side": "long", "size": 60.0, "entry_price": 1_000.0}
VOLATILITY = {"maintenance": {"volatility": {"multiple": 3.0}}}
SCALING = {side: {"open_interest": {"BTC": {"low": 2e7, "high": 5e7}}} for side in ("maintenance", "initial")}


def venue_with(dynamics):
    margin = {**VENUE["margin"], "dynamics": dynamics}
    return small_scenario({"venues.venue.margin": margin}).venues["venue"]


def case_of(**more):
    marks = {"BTC": 1_000.0}
    return Case.model_validate(
        {"venue": "venue", "collateral": 5_000.0, "mark_prices": marks, "positions": [HELD], **more}
    )


def answered(dynamics, **more):
    venue, case = venue_with(dynamics), case_of(**more)
    assert not check_case(case, venue)
    return report(state(case, book_of(case, venue)))


def test_rates_in_force_move_every_tier_in_proportion_and_stop_at_one():
    # 60,000 at 0.4 % up to 20,000 and 1 % above: 480; the second tier asks for a fiftieth of it all to open.
    stated = answered(None)
    assert (stated["maintenance_margin"], stated["initial_margin"]) == (480.0, 1_200.0)
    rates = {"BTC": {"maintenance": 0.012, "initial": 0.04}}
    moved = answered(VOLATILITY, rates_in_force=rates)
    assert (moved["maintenance_margin"], moved["initial_margin"]) == (3 * 480.0, 4 * 1_200.0)
    high = answered(VOLATILITY, rates_in_force={"BTC": {"maintenance": 0.8, "initial": 1.0}})
    assert (high["maintenance_margin"], high["initial_margin"]) == (0.8 * 20_000 + 40_000, 60_000.0)


def test_open_interest_moves_each_rate_a_part_of_the_way_to_one():
    found = answered(SCALING, open_interest={"BTC": 3.5e7})
    assert found["maintenance_margin"] == pytest.approx(20_000 * 0.502 + 40_000 * 0.505)
    assert found["initial_margin"] == pytest.approx(60_000 * 0.51)
    below = answered(SCALING, open_interest={"BTC": 1e7})
    assert (below["maintenance_margin"], below["initial_margin"]) == (480.0, 1_200.0)


@pytest.mark.parametrize(
    ("dynamics", "more", "path", "says"),
    [
        (VOLATILITY, {}, ("rates_in_force", "BTC", "maintenance"), "follows volatility: give the first tier's rate"),
        (SCALING, {}, ("open_interest", "BTC"), "is missing; give the open interest"),
        (None, {"rates_in_force": {"XRP": {}}}, ("rates_in_force", "XRP"), "has no margin schedule here"),
    ],
)
def test_what_the_moment_needs_is_not_passed_over_in_silence(dynamics, more, path, says):
    found = check_case(case_of(**more), venue_with(dynamics))
    assert [(place, says in text) for place, text, _ in found] == [(path, True)]


def test_a_maintenance_rate_above_the_initial_rate_is_refused():
    case = case_of(rates_in_force={"BTC": {"maintenance": 0.02}})
    (found,) = [text for place, text, _ in check_case(case, venue_with(None)) if place == ("rates_in_force", "BTC")]
    assert "maintenance margin" in found and "is above its initial margin" in found
