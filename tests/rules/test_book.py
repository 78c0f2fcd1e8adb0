"""The order book against the naive one, and its rules one by one."""

import pytest
from isolated import run_python
from order_desk import Desk, cancel
from tapes import assert_same_state, book_session, naive_exchange, play_fast, play_naive, random_tape

from sim.rules.book import order_id_of, quantity_available
from sim.terms.vocabulary import (
    BUY,
    FILL_OR_KILL,
    FLAG_REDUCE_ONLY,
    FLAG_SLIDE,
    FLAG_TRIGGER_LAST,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    MARKET,
    POST_ONLY,
    SELL,
)

WITHOUT_JIT = """
import sys
sys.path.insert(0, "tests/reference")
from tapes import *
session = book_session()
tape, marks = random_tape(session, 20_000, 5)
exchange = naive_exchange(session)
assert play_fast(session, tape, marks) == play_naive(exchange, tape, marks)
assert_same_state(session, exchange)
print("same")
"""


@pytest.fixture
def desk():
    return Desk()


def test_million_random_commands_give_the_trades_of_the_naive_book():
    session = book_session()
    tape, marks = random_tape(session, 1_000_000, 7)
    exchange = naive_exchange(session)
    assert play_fast(session, tape, marks) == play_naive(exchange, tape, marks)
    assert_same_state(session, exchange)
    assert int(session.world.clock[0]["fills"]) > 200_000
    assert int(session.world.quote_balance.sum()) == int(session.world.clock[0]["net_deposits"])


def test_random_commands_without_jit_give_the_trades_of_the_naive_book():
    assert run_python(WITHOUT_JIT, NUMBA_DISABLE_JIT="1").strip() == "same"


def test_best_price_goes_first_then_the_oldest(desk):
    for owner, price in ((0, 1_002), (1, 1_001), (2, 1_001)):
        desk.send(LIMIT, SELL, owner, price, 5)
    assert desk.send(LIMIT, BUY, 3, 1_002, 7) == 7
    assert [desk.size(owner) for owner in range(3)] == [0, -5, -2]


def test_an_immediate_order_never_rests_and_a_limit_order_rests_with_what_is_left(desk):
    desk.send(LIMIT, SELL, 0, 1_001, 5)
    assert desk.send(IMMEDIATE_OR_CANCEL, BUY, 1, 1_001, 8) == 5
    assert desk.touch == (None, None)
    desk.send(LIMIT, SELL, 0, 1_001, 5)
    assert desk.send(LIMIT, BUY, 1, 1_001, 8) == 5
    assert desk.touch == (1_001, None) and desk.at(1_001) == 3


def test_fill_or_kill_fills_whole_or_not_at_all(desk):
    desk.send(LIMIT, SELL, 0, 1_001, 5)
    desk.send(LIMIT, SELL, 1, 1_003, 5)
    assert desk.send(FILL_OR_KILL, BUY, 2, 1_002, 6) == 0
    assert desk.send(FILL_OR_KILL, BUY, 2, 1_003, 11) == 0
    assert desk.size(2) == 0
    assert desk.send(FILL_OR_KILL, BUY, 2, 1_003, 10) == 10


def test_fill_or_kill_does_not_count_its_owners_orders(desk):
    desk.send(LIMIT, SELL, 0, 1_001, 5)
    desk.send(LIMIT, SELL, 2, 1_001, 5)
    assert desk.send(FILL_OR_KILL, BUY, 2, 1_001, 6) == 0
    assert desk.at(1_001) == 10


def test_post_only_that_would_cross_is_refused_or_slides_behind_the_touch(desk):
    desk.send(LIMIT, SELL, 0, 1_001, 5)
    assert desk.send(POST_ONLY, BUY, 1, 1_001, 5) == 0
    assert desk.touch == (None, 1_001)
    desk.send(POST_ONLY, BUY, 1, 1_005, 5, FLAG_SLIDE)
    assert desk.touch == (1_000, 1_001) and desk.size(1) == 0


def test_own_resting_order_in_the_way_is_cancelled(desk):
    desk.send(LIMIT, SELL, 0, 1_001, 5)
    desk.send(LIMIT, SELL, 1, 1_002, 5)
    assert desk.send(LIMIT, BUY, 0, 1_002, 5) == 5
    assert desk.size(0) == 5 and desk.size(1) == -5 and desk.touch == (None, None)


def test_reduce_only_never_opens_and_shrinks_with_its_position_newest_first(desk):
    assert desk.send(LIMIT, SELL, 0, 1_010, 5, FLAG_REDUCE_ONLY) == 0
    assert desk.touch == (None, None)
    desk.send(LIMIT, SELL, 1, 1_001, 10)
    desk.send(MARKET, BUY, 0, 0, 10)
    desk.send(LIMIT, SELL, 0, 1_010, 6, FLAG_REDUCE_ONLY)
    desk.send(LIMIT, SELL, 0, 1_011, 9, FLAG_REDUCE_ONLY)
    assert (desk.at(1_010), desk.at(1_011)) == (6, 4)
    desk.send(LIMIT, BUY, 1, 1_000, 7)
    desk.send(MARKET, SELL, 0, 0, 7)
    assert (desk.at(1_010), desk.at(1_011)) == (3, 0)


def test_reduce_only_behind_a_plain_order_of_its_owner_is_not_filled_past_the_position(desk):
    desk.send(LIMIT, SELL, 1, 1_001, 5)
    desk.send(MARKET, BUY, 0, 0, 5)
    desk.send(LIMIT, SELL, 0, 1_005, 5)
    desk.send(LIMIT, SELL, 0, 1_006, 5, FLAG_REDUCE_ONLY)
    assert desk.send(MARKET, BUY, 2, 0, 10) == 5
    assert desk.size(0) == 0 and desk.touch == (None, None)


def test_fill_or_kill_does_not_count_on_reduce_only_orders_that_may_shrink(desk):
    desk.send(LIMIT, SELL, 1, 1_001, 5)
    desk.send(MARKET, BUY, 0, 0, 5)
    desk.send(LIMIT, SELL, 0, 1_005, 5)
    desk.send(LIMIT, SELL, 0, 1_006, 5, FLAG_REDUCE_ONLY)
    assert desk.send(FILL_OR_KILL, BUY, 2, 1_006, 10) == 0
    assert desk.size(0) == 5 and desk.size(2) == 0


def test_stops_wake_at_their_trigger_by_mark_or_by_last(desk):
    desk.send(LIMIT, BUY, 1, 990, 100)
    desk.world.instruments[0]["mark_price"] = 1_000
    assert desk.stop(SELL, 0, 3, 999) == 0
    desk.stop(SELL, 2, 4, 995, limit=991, flags=FLAG_TRIGGER_LAST)
    desk.world.instruments[0]["mark_price"] = 999
    desk.stop(BUY, 3, 1, 5_000)
    assert desk.size(0) == -3, "woken by the mark"
    assert desk.touch == (990, 991), "the fill at 990 woke the other: it rests at its limit"
    assert desk.size(2) == 0 and int(desk.world.clock[0]["n_stops"]) == 1


def test_fees_are_rounded_up_and_go_to_the_venue(desk):
    world = desk.world
    treasury = int(world.venues[0]["treasury"])
    before = world.quote_balance.copy()
    desk.send(LIMIT, SELL, 0, 1_001, 3)
    desk.send(MARKET, BUY, 1, 0, 3)
    value = 3 * 1_001 * int(world.instruments[0]["tick_value"])
    paid = world.quote_balance - before
    maker, taker = (-(-value * int(world.venues[0][name]) // 1_000_000) for name in ("maker_fee", "taker_fee"))
    assert paid[desk.first] == value - maker and paid[desk.first + 1] == -value - taker
    assert paid[treasury] == maker + taker and paid.sum() == 0


def test_an_order_id_is_never_given_twice_although_its_slot_is(desk):
    seen, slots = set(), set()
    for _ in range(50):
        desk.send(LIMIT, BUY, 0, 990, 1)
        slot = int(desk.world.positions[desk.first]["first_order"])
        slots.add(slot)
        seen.add(int(order_id_of(desk.world, slot)))
        cancel(desk.world, slot)
    assert len(slots) == 1 and len(seen) == 50


def test_orders_off_the_ladder_and_of_no_size_are_refused(desk):
    row = desk.world.instruments[0]
    low, high = int(row["ladder"]), int(row["ladder"] + row["n_levels"] - 1)
    for price, size in ((low - 1, 1), (high + 1, 1), (1_000, 0), (1_000, -4), (1_000, 1 << 31)):
        assert desk.send(LIMIT, BUY, 0, price, size) == 0
    assert desk.touch == (None, None)
    desk.send(LIMIT, BUY, 0, low, 1)
    desk.send(LIMIT, SELL, 1, high, 1)
    assert desk.touch == (low, high)


def test_quantity_on_offer_stops_at_the_limit(desk):
    for price in (1_001, 1_003, 1_004):
        desk.send(LIMIT, SELL, 0, price, 2)
    assert quantity_available(desk.world, 0, BUY, 1_003, 100, desk.first + 1) == 4
