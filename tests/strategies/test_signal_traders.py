"""What each signal makes its traders do: the side, the size, the limit, and when they leave."""

import math

import numpy as np
import pytest
from posting_stage import Stage

from sim.terms.vocabulary import FLAG_REDUCE_ONLY

LOT = 0.01 * 1_000.0  # quote money of a lot of the first instrument at the start price
BUSY = {"count": 40, "looks_per_s": 10.0, "capital_sigma": 0.0}
PAIR = {"count": 40, "orders_per_s": 10.0, "capital": 1.0e6, "position_limit": 1.0e7, "max_order": 1.0e6}
FUNDAMENTAL = {**PAIR, "opinion_sigma_bp": 0.0, "value_half_life_s": 1e8, "kappa": 100.0}


def play(stage, moves, first=0, fill=True):
    """Orders of each step while the price goes through `moves`; the index stays."""
    found = []
    for t, move in enumerate(moves, start=first):
        stage.set_price(move, index=0.0, t=t)
        orders = stage.orders(t)
        if fill:
            stage.fill(orders)
        found.append(orders)
    return found


def positions(stage):
    """Lots of all rows in the first instrument."""
    return [stage.position(stage.first + row) for row in range(int(stage.population["n_traders"]))]


@pytest.mark.parametrize(("gap", "side"), [(0.004, -1), (-0.004, 1)])
def test_fundamentalists_trade_towards_their_value_and_not_beyond_it(gap, side):
    orders = np.concatenate(play(Stage("fundamental", **FUNDAMENTAL), [gap] * 20))
    assert len(orders) > 100 and (orders["side"] == side).all()
    assert (orders["price"] == 1_000).all(), "the limit is the value"


def test_fundamentalists_order_in_proportion_to_the_gap():
    sizes = [np.concatenate(play(Stage("fundamental", **FUNDAMENTAL), [gap]))["size"] for gap in (-0.004, -0.008)]
    assert (sizes[0] == round(100.0 * 40.0 / 10.0 / (LOT * 0.996))).all(), "money a second over orders a second"
    assert np.abs(sizes[1] / sizes[0] - 2.0).max() < 0.06


def test_the_value_of_fundamentalists_follows_the_index_with_its_half_life():
    stage = Stage("fundamental", **{**FUNDAMENTAL, "value_half_life_s": 25.0})
    for t in range(25):
        stage.set_price(0.0, index=0.01)
        stage.orders(t)
    assert stage.desk["average"] == pytest.approx(1_000.0 * 1.005, rel=1e-4)


def test_each_fundamentalist_keeps_an_opinion_of_its_own():
    stage = Stage("fundamental", **{**FUNDAMENTAL, "opinion_sigma_bp": 300.0})
    limits = {}
    for orders in play(stage, [0.0] * 60, fill=False):
        for order in orders:
            limits.setdefault(int(order["owner"]), set()).add((int(order["side"]), int(order["price"])))
    assert all(len(found) == 1 for found in limits.values())
    prices = np.array([price for found in limits.values() for _, price in found])
    assert len(set(prices)) > 10 and 15.0 < prices.std() < 50.0


@pytest.mark.parametrize(("drift", "side"), [(0.0005, 1), (-0.0005, -1)])
def test_chartists_trade_with_the_trend(drift, side):
    stage = Stage("chartists", **PAIR, trend_half_life_s=20.0)
    orders = np.concatenate(play(stage, [drift * t for t in range(40)])[1:])
    assert len(orders) > 100 and (orders["side"] == side).all()
    assert (side * (orders["price"] - 1_000) > 0).all(), "they give in to the slippage"


def test_demand_of_chartists_is_beta_times_the_hyperbolic_tangent_of_the_trend():
    """One jump, then rest: the trend is what is left of the jump."""
    for jump in (0.0005, 0.002, 0.02):
        stage = Stage("chartists", **PAIR, trend_half_life_s=20.0, beta=80_000.0, gamma_per_bp=0.05)
        for t, orders in enumerate(play(stage, [jump] * 12, fill=False)):
            left = jump * 0.5 ** ((t + 1) / 20.0) / (1.0 + jump * (1.0 - 0.5 ** ((t + 1) / 20.0)))
            lots = 80_000.0 / 10.0 * math.tanh(0.05 * left * 1e4) / (LOT * (1.0 + jump))
            assert (np.abs(orders["size"] - lots) <= 1.0).all()


@pytest.mark.parametrize("name", ["fundamental", "chartists"])
def test_the_chiarella_pair_respects_its_position_limit(name):
    dials = {**PAIR, "position_limit": 80_000.0}
    dials |= {"kappa": 1e4, "opinion_sigma_bp": 0.0} if name == "fundamental" else {"beta": 1e6}
    stage = Stage(name, **dials, settings={"prices": "arithmetic", "venues.venue.margin.initial": "max_leverage"})
    limit = 80_000.0 / 20 / LOT  # twenty rows watch the first instrument
    largest, smallest = 0, 0
    for begin, direction in ((0, 1), (60, -1)):
        play(stage, [direction * 0.0002 * (t + 5) for t in range(60)], first=begin)
        held = positions(stage)
        assert max(map(abs, held)) <= limit and held[1] == 0, "odd rows watch the other instrument"
        largest, smallest = max(largest, *held), min(smallest, *held)
    assert largest == limit and smallest == -limit


def test_nobody_looks_twice_in_a_step():
    stage = Stage("momentum", **{**BUSY, "looks_per_s": 400.0}, entry_bp=1.0, exit_bp=0.0)
    for orders in play(stage, [0.0, 0.005, 0.006, 0.007], fill=False):
        assert len(set(orders["owner"])) == len(orders) <= 20


def _signals(name, **dials):
    return Stage(name, **{**BUSY, "window_s": 5.0, **dials} if name == "momentum" else {**BUSY, **dials})


@pytest.mark.parametrize(("name", "direction"), [("momentum", 1), ("reversion", -1)])
@pytest.mark.parametrize("jump", [0.0040, -0.0040])
def test_momentum_enters_with_a_move_and_mean_reversion_against_it(name, direction, jump):
    stage = _signals(name, entry_bp=20.0, **({"average_half_life_s": 60.0} if name == "reversion" else {}))
    orders = np.concatenate(play(stage, [0.0, 0.0, jump, jump, jump]))
    assert len(orders) > 5 and (orders["side"] == direction * (1 if jump > 0 else -1)).all()
    assert not (orders["flags"] & FLAG_REDUCE_ONLY).any()


@pytest.mark.parametrize("name", ["momentum", "reversion"])
def test_below_the_threshold_nobody_enters(name):
    assert not len(np.concatenate(play(_signals(name, entry_bp=20.0), [0.0, 0.0015, -0.0002, 0.0012, 0.0])))


def test_momentum_traders_leave_when_the_move_has_faded():
    stage = _signals("momentum", entry_bp=20.0, exit_bp=5.0, holding_s=1e6)
    play(stage, [0.0, 0.004, 0.004, 0.004])
    assert sum(held > 0 for held in positions(stage)) > 5
    play(stage, [0.004] * 30, first=4)
    assert not any(positions(stage)), "the window has passed the move"


@pytest.mark.parametrize("name", ["momentum", "reversion"])
def test_traders_leave_when_their_time_is_up(name):
    rising = [0.001 * t for t in range(60)]
    dials = {"entry_bp": 5.0, "exit_bp": -5_000.0, "holding_s": 12.0, "looks_per_s": 40.0}
    dials |= {"stop_bp": 9_000.0} if name == "reversion" else {}
    stage, since, ended = _signals(name, **dials), {}, []
    for t, orders in enumerate(play(stage, rising)):
        for order in orders:
            if order["flags"] & FLAG_REDUCE_ONLY:
                ended.append(t - since.pop(int(order["owner"])))
            else:
                since[int(order["owner"])] = t
    assert len(ended) > 10 and min(ended) == 12 and np.mean(ended) < 15.0


def test_mean_reversion_traders_take_their_gain_when_the_price_is_back():
    stage = _signals("reversion", entry_bp=20.0, exit_bp=5.0, stop_bp=9_000.0, holding_s=1e6, average_half_life_s=1e6)
    play(stage, [0.0, -0.004, -0.004, -0.004])
    assert sum(held > 0 for held in positions(stage)) > 5
    play(stage, [-0.001] * 20, first=4)
    assert any(positions(stage)), "10 bp are left to gain"
    play(stage, [-0.0004] * 20, first=24)
    assert not any(positions(stage))


@pytest.mark.parametrize("side", [1, -1])
def test_mean_reversion_traders_stop_at_their_loss(side):
    dials = {"entry_bp": 20.0, "exit_bp": 5.0, "stop_bp": 60.0, "holding_s": 1e6, "average_half_life_s": 1e6}
    stage = _signals("reversion", **dials)
    play(stage, [0.0, -0.004 * side, -0.004 * side])
    held = [row for row, held in enumerate(positions(stage)) if held * side > 0]
    assert len(held) > 3
    ordered = np.concatenate(play(stage, [-0.009 * side] * 20, first=3, fill=False))
    leaving = ordered[(ordered["flags"] & FLAG_REDUCE_ONLY) != 0]
    assert len(leaving) == 0, "50 bp of loss are borne"
    ordered = np.concatenate(play(stage, [-0.0105 * side] * 20, first=23, fill=False))
    leaving = ordered[(ordered["flags"] & FLAG_REDUCE_ONLY) != 0]
    assert {int(owner) - stage.first for owner in leaving["owner"]} == set(held) and (leaving["side"] == -side).all()


FUNDED = {"interval_steps": 40, "first_step": 50, "interest_rate": 0.0, "cap": 0.05, "premium_clamp": 0.0}


def funded(premium, t, stage=None, **dials):
    """A stage at step t whose running premium over the index is `premium`."""
    settings = {"venues.venue.funding": FUNDED}
    stage = stage or Stage("funding", settings=settings, **{**BUSY, "lead_s": 15.0, **dials})
    for row in stage.world.instruments:
        row["premium_sum"], row["premium_count"] = round(premium * 1e9) * 10, 10
    return stage


@pytest.mark.parametrize(("premium", "side"), [(0.002, -1), (-0.002, 1)])
def test_funding_traders_take_the_side_that_receives(premium, side):
    stage = funded(premium, 45, entry_rate=0.001)
    orders = np.concatenate([stage.orders(t) for t in range(36, 50)])
    assert len(orders) > 20 and (orders["side"] == side).all()


def test_funding_traders_enter_only_before_a_payment_and_beyond_their_rate():
    assert not len(np.concatenate([funded(0.0009, t, entry_rate=0.001).orders(t) for t in range(36, 50)]))
    stage = funded(0.002, 0, entry_rate=0.001)
    counts = {t: len(stage.orders(t)) for t in range(130)}
    assert not any(counts[t] for t in range(130) if not (35 <= t < 50 or 75 <= t < 90 or 115 <= t < 130))
    assert sum(counts[t] for t in range(35, 50)) > 20 and sum(counts[t] for t in range(75, 90)) > 20


def test_funding_traders_leave_after_the_payment_and_not_before():
    stage = funded(0.002, 0, entry_rate=0.001)
    for t in range(36, 50):
        stage.fill(stage.orders(t))
    assert sum(held < 0 for held in positions(stage)) > 10
    assert not any((stage.orders(t)["flags"] & FLAG_REDUCE_ONLY).any() for t in range(44, 50))
    for t in range(50, 75):
        stage.fill(stage.orders(t))
    assert not any(positions(stage))


def test_funding_traders_leave_when_the_rate_is_no_longer_worth_it():
    stage = funded(0.002, 0, entry_rate=0.001, exit_rate=0.0005, looks_per_s=60.0)
    for t in range(36, 44):
        stage.fill(stage.orders(t))
    assert any(positions(stage))
    funded(0.0006, 44, stage)
    assert not any((stage.orders(t)["flags"] & FLAG_REDUCE_ONLY).any() for t in range(44, 50))
    funded(0.0004, 44, stage)
    stage.fill(stage.orders(44))
    assert not any(positions(stage))


def test_positions_of_funding_traders_are_capped():
    stage = funded(0.002, 0, entry_rate=0.001, max_order=500.0, capital=1e5)
    for t in range(36, 50):
        stage.fill(stage.orders(t))
    held = positions(stage)
    assert min(held) == -50 and max(held) == 0
