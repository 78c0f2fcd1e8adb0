"""Stops and take-profits of leveraged traders: where they lie, how often they are placed, whom they compete with."""

import numpy as np
import pytest
from hand_made import Traders
from small_worlds import empty_session

from sim.engine.posting import post_order
from sim.terms.vocabulary import (
    BUY,
    CANCEL_ALL,
    EVENT_FILL,
    EVENT_LIQUIDATION,
    EVENT_STOP_REMOVED,
    FLAG_REDUCE_ONLY,
    FLAG_TRIGGER_LAST,
    LIMIT,
    MARKET,
    NONE,
    SELL,
    STOP_LIMIT,
    STOP_MARKET,
)

EXACT = {"share": 1.0, "loss_low": 0.5, "loss_high": 0.5, "reward_to_risk": 2.0, "slippage": 0.01}


def protected(stops=None, sign=1, count=1, **dials):
    """Safe traders at leverage 10 who look at every step."""
    stage = Traders(count=count, stops={**EXACT, **(stops or {})}, **dials)
    for i in range(count):
        stage.hold(i, sign * 100)
        stage.fund(i, 1_000 * stage.quote)
    return stage


@pytest.mark.parametrize("sign", [1, -1])
def test_a_stop_lies_at_its_share_of_notional_over_leverage_and_the_take_profit_on_the_other_side(sign):
    stop, profit = protected(sign=sign).look()
    assert (stop["kind"], stop["side"], stop["size"], stop["flags"]) == (STOP_LIMIT, -sign, 100, FLAG_REDUCE_ONLY)
    assert (stop["trigger_price"], profit["price"]) == (1_000 - sign * 50, 1_000 + sign * 100)
    assert stop["price"] == {1: 941, -1: 1_060}[sign]
    assert (profit["kind"], profit["side"], profit["size"], profit["flags"]) == (LIMIT, -sign, 100, FLAG_REDUCE_ONLY)


def test_a_stop_without_slippage_is_a_market_order_and_no_reward_means_no_take_profit():
    orders = protected({"slippage": None, "reward_to_risk": 0.0, "trigger": "last"}).look()
    assert orders[["kind", "flags"]].tolist() == [(STOP_MARKET, FLAG_REDUCE_ONLY | FLAG_TRIGGER_LAST)]


def test_a_share_of_traders_uses_stops_at_losses_spread_between_the_two_dials():
    stage = protected({"share": 0.4, "loss_low": 0.2, "loss_high": 0.8, "reward_to_risk": 0.0}, count=2_000)
    orders = stage.look()
    assert abs(len(orders) / 2_000 - 0.4) < 4.0 * np.sqrt(0.24 / 2_000)
    distance = 1_000 - orders["trigger_price"]
    assert distance.min() in (19, 20) and distance.max() in (79, 80) and abs(distance.mean() - 50) < 2.5
    assert set(stage.look(1)["owner"]) == set(orders["owner"]), "it is always the same traders"


def test_a_sleeping_stop_is_not_placed_twice():
    stage = protected()
    stage.world.positions[stage.first]["first_stop"] = 1
    assert not len(stage.look())


def test_who_is_flat_cancels_what_protected_the_position():
    stage = Traders(stops=EXACT)
    assert not len(stage.look())
    stage.world.positions[stage.first]["first_stop"] = 1
    orders = stage.look(1)
    assert orders[["kind", "instrument", "owner"]].tolist() == [(CANCEL_ALL, 0, stage.first)]


QUIET = {
    "venues.venue.mark_price": {"kind": "last", "clamp": None},
    "venues.venue.funding": {"interval_steps": 1_000, "first_step": 1_000},
    "venues.venue.fees": {"maker_rate": 0.0, "taker_rate": 0.0},
    "venues.venue.liquidation": {"price_band": None, "cap_per_step": None, "fee_rate": 0.0, "target": "full"},
    "record.order_events": True,
}
RICH, VICTIM, CAREFUL, SECOND, SELLER = range(5)


class Floor:
    """Five traders and an empty book: orders are sent by hand, in the order of the calls."""

    def __init__(self, **settings):
        self.session = empty_session(5, 2_000.0, {**QUIET, **settings})
        self.world = self.session.world
        self.first = int(self.world.clock[0]["n_traders"]) - 5
        self.time = 0

    def send(self, who, kind, side, price, size, trigger=NONE, flags=0):
        post_order(self.world, self.first + who, self.time, kind, side, 0, price, size, trigger, flags, NONE)
        self.time += 1

    def step(self):
        self.time = 0
        self.session.advance(1)
        return self.session.take_events()

    def size(self, who):
        return int(self.world.position_size[self.first + who])


def crowded_floor(**settings):
    """VICTIM long at leverage 15, CAREFUL with a stop by the mark below, bids far apart; the mark is the last price."""
    floor = Floor(**settings)
    floor.send(RICH, LIMIT, SELL, 1_000, 3_300)
    floor.send(VICTIM, LIMIT, BUY, 1_000, 3_000)
    floor.send(CAREFUL, LIMIT, BUY, 1_000, 300)
    floor.send(CAREFUL, STOP_MARKET, SELL, NONE, 300, 935, FLAG_REDUCE_ONLY)
    floor.send(VICTIM, STOP_MARKET, SELL, NONE, 3_000, 500, FLAG_REDUCE_ONLY)
    floor.step()
    assert (floor.size(VICTIM), floor.size(CAREFUL), int(floor.world.clock[0]["n_stops"])) == (3_000, 300, 2)
    return floor


def fall(floor):
    """One lot trades at 936, where VICTIM is in breach; its sale goes down to 934, and the stop's further."""
    floor.send(SECOND, LIMIT, BUY, 936, 1)
    floor.send(SELLER, LIMIT, SELL, 936, 1)
    floor.send(SECOND, LIMIT, BUY, 934, 2_000)
    floor.send(RICH, LIMIT, BUY, 934, 1_000)
    floor.send(RICH, LIMIT, BUY, 920, 300)
    floor.step()
    return floor.step()


def test_a_stop_fires_in_the_round_after_the_liquidation_that_moved_the_mark():
    floor = crowded_floor()
    events = fall(floor)
    kinds = events["kind"]
    liquidated = np.flatnonzero((kinds == EVENT_LIQUIDATION) & (events["actor"] == floor.first + VICTIM))
    woken = np.flatnonzero((kinds == EVENT_STOP_REMOVED) & (events["actor"] == floor.first + CAREFUL))
    sold = np.flatnonzero((kinds == EVENT_FILL) & (events["actor"] == floor.first + CAREFUL))
    assert len(liquidated) == len(woken) == 1 and len(sold) == 1
    assert liquidated[0] < woken[0] < sold[0]
    assert events["round"][[liquidated[0], woken[0], sold[0]]].tolist() == [0, 1, 1]
    assert (int(events["price"][sold[0]]), floor.size(CAREFUL)) == (920, 0)


def test_a_stop_by_the_last_price_fires_in_the_round_of_the_liquidation_itself():
    floor = crowded_floor()
    floor.world.stops["flags"][0] |= FLAG_TRIGGER_LAST
    row = floor.world.instruments[0]
    row["sell_stop_last"] = 935
    events = fall(floor)
    own = events[(events["kind"] == EVENT_STOP_REMOVED) & (events["actor"] == floor.first + CAREFUL)]
    assert own["round"].tolist() == [0]


def test_stops_of_a_liquidated_account_are_cancelled():
    floor = crowded_floor()
    events = fall(floor)
    own = events[events["actor"] == floor.first + VICTIM]
    gone = own[own["kind"] == EVENT_STOP_REMOVED]
    assert gone["price"].tolist() == [500] and floor.size(VICTIM) == 0
    assert int(floor.world.clock[0]["n_stops"]) == 0
    assert int(floor.world.positions[floor.first + VICTIM]["first_stop"]) == NONE


@pytest.mark.parametrize("kind", [STOP_MARKET, STOP_LIMIT])
def test_a_resting_take_profit_does_not_hold_up_the_stop_of_its_position(kind):
    floor = Floor()
    floor.send(RICH, LIMIT, SELL, 1_000, 300)
    floor.send(CAREFUL, LIMIT, BUY, 1_000, 300)
    floor.send(CAREFUL, kind, SELL, 985, 300, 995, FLAG_REDUCE_ONLY)
    floor.send(CAREFUL, LIMIT, SELL, 1_010, 300, NONE, FLAG_REDUCE_ONLY)
    floor.step()
    floor.send(RICH, LIMIT, BUY, 990, 200)
    floor.send(SELLER, LIMIT, SELL, 990, 1)
    floor.step()
    floor.step()
    assert floor.size(CAREFUL) == 101, "the bid took what it could"
    resting = floor.world.orders[floor.world.orders["sequence"] >= 0]
    own = resting[resting["owner"] == floor.first + CAREFUL]
    assert own[["price", "size"]].tolist() == [(1_010, 101)], "the take-profit shrank, the rest of the stop gave way"
    floor.send(RICH, LIMIT, BUY, 1_010, 500)
    floor.step()
    assert floor.size(CAREFUL) == 0, "never past zero"


def test_a_take_profit_that_is_filled_leaves_the_stop_nothing_to_close():
    floor = Floor()
    floor.send(RICH, LIMIT, SELL, 1_000, 300)
    floor.send(CAREFUL, LIMIT, BUY, 1_000, 300)
    floor.send(CAREFUL, STOP_MARKET, SELL, NONE, 300, 995, FLAG_REDUCE_ONLY)
    floor.send(CAREFUL, LIMIT, SELL, 1_010, 300, NONE, FLAG_REDUCE_ONLY)
    floor.step()
    floor.send(RICH, LIMIT, BUY, 1_010, 300)
    floor.send(RICH, LIMIT, BUY, 990, 300)
    floor.send(SELLER, LIMIT, SELL, 990, 1)
    floor.step()
    floor.step()
    assert floor.size(CAREFUL) == 0 and int(floor.world.clock[0]["n_stops"]) == 0


def test_a_loss_below_the_initial_margin_does_not_refuse_the_stop_beside_a_take_profit():
    floor = Floor()
    floor.send(RICH, LIMIT, SELL, 1_000, 3_500)
    floor.send(CAREFUL, LIMIT, BUY, 1_000, 3_500)
    floor.send(CAREFUL, LIMIT, SELL, 1_050, 3_500, NONE, FLAG_REDUCE_ONLY)
    floor.send(CAREFUL, STOP_MARKET, SELL, NONE, 3_500, 965, FLAG_REDUCE_ONLY)
    floor.step()
    floor.send(RICH, LIMIT, BUY, 960, 3_501)
    floor.send(SELLER, LIMIT, SELL, 960, 1)
    floor.step()
    floor.step()
    assert floor.size(CAREFUL) == 0


def test_a_market_order_that_reduces_goes_before_resting_reduce_only_orders():
    floor = Floor()
    floor.send(RICH, LIMIT, SELL, 1_000, 100)
    floor.send(CAREFUL, LIMIT, BUY, 1_000, 100)
    floor.send(CAREFUL, LIMIT, SELL, 1_020, 100, NONE, FLAG_REDUCE_ONLY)
    floor.send(RICH, LIMIT, BUY, 990, 70)
    floor.send(CAREFUL, MARKET, SELL, NONE, 100, NONE, FLAG_REDUCE_ONLY)
    floor.step()
    assert floor.size(CAREFUL) == 30
    resting = floor.world.orders[(floor.world.orders["sequence"] >= 0)]
    assert resting[["price", "size"]].tolist() == [(1_020, 30)]
