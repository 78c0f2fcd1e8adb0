"""Legs of a fall and open interest that is gone, on paths typed by hand."""

import numpy as np
import pytest

from sim.evidence.figures_october import REAL_PRICE
from sim.evidence.price_path import Fall, deepest_fall, fall_legs, open_interest_lost

MINUTE = 60.0


def legs(*minutes):
    """Legs of a path of one-minute closes."""
    prices = np.array(minutes, dtype=np.float64)
    return fall_legs(prices, deepest_fall(prices), MINUTE)


def test_the_evening_of_10_october_fell_in_three_legs():
    assert legs(*(price for _, price in REAL_PRICE)) == 3


def test_a_straight_fall_has_one_leg():
    assert legs(*np.linspace(100.0, 88.0, 30)) == 1
    assert legs(100.0, 98.4) == 1


@pytest.mark.parametrize("rebound, expected", [(94.4, 1), (94.6, 2)])
def test_a_rebound_of_half_a_percent_ends_a_leg(rebound, expected):
    assert legs(100.0, 97.0, 94.1, rebound, 92.0, 90.0) == expected


def test_legs_below_one_and_a_half_percent_do_not_count():
    assert legs(100.0, 99.0, 99.6, 98.6, 99.2, 96.0) == 1
    assert legs(100.0, 99.2) == 0


def test_what_happens_between_the_closes_of_minutes_is_not_seen():
    prices = np.linspace(100.0, 90.0, 600)
    prices[31::60] *= 1.02
    assert fall_legs(prices, Fall(0.1, 0, 599), 1.0) == 1


def test_a_rising_price_has_no_legs():
    assert legs(100.0, 101.0, 102.0) is None


def test_open_interest_lost_is_that_of_an_hour_after_the_low_or_of_the_end():
    rows = np.zeros(200, [("open_interest", np.int64)])
    rows["open_interest"] = 1_000 - np.arange(200)
    assert open_interest_lost(rows, Fall(0.1, 0, 30), MINUTE) == pytest.approx(0.09)
    assert open_interest_lost(rows, Fall(0.1, 0, 150), MINUTE) == pytest.approx(0.199)
    assert open_interest_lost(rows, Fall(0.0, None, None), MINUTE) is None
