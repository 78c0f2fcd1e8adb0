"""The twin: the same draws with the price impact of liquidations switched off."""

import numpy as np
import pytest
from small_worlds import CRASH, small_session

from sim.terms.vocabulary import EVENT_AUTO_DELEVERAGING, EVENT_LIQUIDATION, EVENT_TAKE_OVER

STEPS = 70
OFF = {"venues.venue.liquidation.impact": "off"}
UNLEVERAGED = {
    "populations.speculators.leverage_median": 1.0,
    "populations.speculators.leverage_sigma": 0.0,
    "populations.speculators.leverage_min": 1.0,
    "populations.trend.budget_of_open_interest": 0.0,
}


def play(settings, seed):
    session = small_session({**CRASH, **settings}, seed)
    session.advance(STEPS)
    return session


@pytest.mark.parametrize("scope", ["cross", "isolated"])
def test_without_impact_no_liquidation_is_caused_by_another(scope):
    for seed in range(4):
        events = play({**OFF, "venues.venue.margin.scope": scope}, seed).take_events()
        liquidations = events[events["kind"] == EVENT_LIQUIDATION]
        assert len(liquidations) > 3 and (liquidations["cause"] == -1).all()
        assert not np.isin(events["kind"], (EVENT_TAKE_OVER, EVENT_AUTO_DELEVERAGING)).any()


def test_with_impact_some_liquidation_is_laid_to_a_forced_sale_before_it():
    caused = 0
    for seed in range(6):
        events = play({}, seed).take_events()
        for row in np.flatnonzero((events["kind"] == EVENT_LIQUIDATION) & (events["cause"] >= 0)):
            cause = events[int(events[row]["cause"])]
            assert int(events[row]["cause"]) < row and cause["step"] <= events[row]["step"]
            caused += 1
    assert caused > 0


def test_where_nobody_is_liquidated_run_and_twin_are_byte_identical():
    for seed in range(3):
        run, twin = play(UNLEVERAGED, seed), play({**UNLEVERAGED, **OFF}, seed)
        assert run.digest() == twin.digest()
        assert (run.take_steps() == twin.take_steps()).all()
        events = run.take_events()
        assert not (events["kind"] == EVENT_LIQUIDATION).any() and (events == twin.take_events()).all()


def test_run_and_twin_are_the_same_until_the_first_liquidation():
    run, twin = play({}, 3), play(OFF, 3)
    events = run.take_events()
    first = int(events["step"][events["kind"] == EVENT_LIQUIDATION][0])
    steps, other = run.take_steps(), twin.take_steps()
    before = steps["step"] < first
    assert before.any() and (steps[before] == other[before]).all()
    assert (steps["index_price"] == other["index_price"]).all(), "the outside world does not follow this venue"
    assert run.digest() != twin.digest()
