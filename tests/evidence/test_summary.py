"""The summary's definitions, by hand and on the synthetic session."""

import json

import numpy as np
import pytest
import synthetic_session as synthetic

from sim.evidence.inputs import RunFacts
from sim.evidence.margin_series import largest_rise, peak_to_trough
from sim.evidence.price_path import (
    deepest_fall,
    depth_trough_ratio,
    fall_recovered,
    filled_prices,
    spread_median_bp,
    volatility_bp_per_minute,
)
from sim.evidence.summary import summary, who_paid
from sim.tables.layout import EVENTS, STEPS

# The keys that summary.json promises.
PROMISED = """seed config_hash steps liquidations liquidated_notional liquidated_share_of_open_interest
long_share_of_liquidated price_drawdown fall_recovered_10min fall_recovered_60min
fall_legs open_interest_lost gross_drain_bp net_drain_bp fund_start fund_end
fund_exhausted first_fund_payment_step first_adl_step adl_notional adl_accounts uncovered depth_trough_ratio
spread_median_bp volatility_bp_per_minute branching_ratio mean_posted_margin digest
margin_warnings margin_calls margin_called margin_calls_paid margin_calls_met margin_calls_missed margin_missed
liquidations_after_missed_calls""".split()


def record(n: int = 2400, quiet: bool = False, news: int | None = 600) -> dict:
    session = synthetic.SyntheticSession(horizon=n)
    session.advance(n)
    steps, events, funds = session.take_steps(), session.take_events(), session.world.funds
    if quiet:
        steps, events = steps.copy(), np.zeros(0, dtype=EVENTS)
        for column in ("liquidated_long", "liquidated_short", "adl_value", "gross_drain", "net_drain", "fund_need"):
            steps[column] = 0
        funds = np.zeros_like(funds)
        funds["first_payment_step"] = funds["adl_first_step"] = funds["exhausted_step"] = -1
    facts = RunFacts(3, "hash", n, session.digest(), (0, 0), news_step=news)
    return summary(steps, events, funds, session.names, session.opening, facts)


def test_every_promised_key_is_there_and_json_can_hold_it() -> None:
    found = record()
    assert set(PROMISED) <= set(found)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_what_did_not_happen_is_none() -> None:
    found = record(quiet=True, news=None)
    for key in ("long_share_of_liquidated", "branching_ratio", "first_adl_step", "first_fund_payment_step"):
        assert found[key] is None
    assert found["depth_trough_ratio"] is None  # no news, so no calm before it
    assert found["fall_recovered_60min"] is None  # the run ended before
    assert found["liquidations"] == 0 and found["gross_drain_bp"] == 0.0 and found["fund_exhausted"] is False


def test_venue_figures_are_counted_once_although_every_instrument_row_repeats_them() -> None:
    assert record()["gross_drain_bp"] == pytest.approx(9e6 / 3.5e9 * 1e4)
    assert record()["fund_exhausted"] is False
    assert record()["first_fund_payment_step"] == 720 and record()["first_adl_step"] == 900
    assert record()["adl_accounts"] == 2


def test_liquidated_share_sums_all_instruments() -> None:
    session = synthetic.SyntheticSession()
    rows = synthetic.make_steps()
    total = (int(rows["liquidated_long"].sum()) + int(rows["liquidated_short"].sum())) * session.names.atom
    assert record()["liquidated_notional"] == pytest.approx(total)
    assert record()["liquidated_share_of_open_interest"] == pytest.approx(total / 3.5e9)


def test_drawdown_is_the_deepest_fall_from_a_running_high() -> None:
    fall = deepest_fall(np.array([100.0, 110.0, 99.0, 120.0, 114.0]))
    assert fall.drawdown == pytest.approx(0.1)
    assert (fall.high_row, fall.low_row) == (1, 2)
    assert deepest_fall(np.array([1.0, 2.0])).low_row is None


def test_recovery_is_read_sixty_minutes_after_the_low_or_not_at_all() -> None:
    prices = np.full(4000, 95.0)
    prices[:100], prices[100] = 100.0, 90.0
    assert fall_recovered(prices, deepest_fall(prices), 1.0) == pytest.approx(0.5)
    assert fall_recovered(prices[:3700], deepest_fall(prices[:3700]), 1.0) is None
    assert fall_recovered(prices[:200], deepest_fall(prices[:200]), 60.0) == pytest.approx(0.5)


def test_prices_before_the_first_trade_take_its_price() -> None:
    assert filled_prices(np.array([-1, -1, 5, -1, 7])).tolist() == [5, 5, 5, 5, 7]
    assert np.isnan(filled_prices(np.array([-1, -1]))).all()
    assert deepest_fall(filled_prices(np.array([-1]))).drawdown == 0.0


def test_depth_trough_counts_an_empty_side_as_zero_and_skips_unsampled_steps() -> None:
    rows = np.zeros(400, dtype=STEPS)
    rows["last_price"] = np.r_[np.full(200, 100), np.full(200, 90)]
    rows["bid_depth"], rows["ask_depth"] = 100, 100
    rows["bid_depth"][150:] = 0
    rows["bid_depth"][1::2] = rows["ask_depth"][1::2] = -1
    fall = deepest_fall(filled_prices(rows["last_price"]))
    assert depth_trough_ratio(rows, fall, 1.0, 120) == pytest.approx((100 * 56 + 5 * 200 + 5 * 0) / 61 / 200, rel=0.1)
    assert depth_trough_ratio(rows, fall, 1.0, None) is None


def test_spread_leaves_one_sided_books_out() -> None:
    rows = np.zeros(3, dtype=STEPS)
    rows["best_bid"], rows["best_ask"] = [99, -1, 99], [101, 101, 101]
    assert spread_median_bp(rows) == pytest.approx(200.0)
    rows["best_bid"] = -1
    assert spread_median_bp(rows) is None


def test_volatility_needs_three_returns() -> None:
    prices = np.exp(np.cumsum(np.random.default_rng(1).normal(0, 1e-4, 36_000)))
    assert volatility_bp_per_minute(prices, 1.0, None) == pytest.approx(np.sqrt(60), rel=0.1)
    assert volatility_bp_per_minute(prices[:180], 1.0, None) is None


def test_who_paid_counts_the_fees_once_and_the_fund_net_of_them() -> None:
    funds = synthetic.make_funds()
    funds["uncovered"] = int(1e6 / synthetic.ATOM)
    paid = list(who_paid(funds, 6e6, synthetic.ATOM).values())
    assert paid == pytest.approx([3.4e6, 6e6, 1.1e6, 1e6])


def test_procyclicality_of_a_series_by_hand() -> None:
    rates = np.array([0.02, 0.02, 0.03, 0.06, 0.05, 0.04])
    assert peak_to_trough(rates) == pytest.approx(3.0)
    assert [largest_rise(rates, n) for n in (1, 2, 5)] == pytest.approx([2.0, 3.0, 2.0])
    assert largest_rise(rates, 6) is None and peak_to_trough(rates[:0]) is None
    flat = np.full(100, 0.01)
    assert peak_to_trough(flat) == 1.0 and {largest_rise(flat, n) for n in (1, 5, 30)} == {1.0}
