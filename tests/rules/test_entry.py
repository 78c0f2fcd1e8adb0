"""What an order must bring, what a position cost, and how collateral comes and goes."""

import pytest
from order_desk import Desk, cancel, sleep

from sim.rules.settlement import change_position
from sim.terms import entry
from sim.terms.vocabulary import BUY, FLAG_FORCED, LIMIT, MARKET, SELL

TICK_VALUE = 2
ISOLATED = {"venues.venue.margin.scope": "isolated"}


@entry
def trade(world, k, trader, lots, cost):
    change_position(world, k, trader, lots, cost)
    return world.entry_value[k * world.clock[0]["n_traders"] + trader]


def margin_of(lots, price):
    """Initial margin in atoms at the owners' leverage of 20, rounded up."""
    return -(-lots * price * TICK_VALUE // 20)


@pytest.fixture
def desk():
    return Desk()


@pytest.mark.parametrize("side, price", [(BUY, 990), (SELL, 1_010)])
def test_an_order_is_admitted_exactly_at_its_initial_margin(desk, side, price):
    found = []
    for missing in (1, 0):
        desk.world.quote_balance[desk.first] = margin_of(101, price) - missing
        desk.send(LIMIT, side, 0, price, 101)
        found.append(desk.at(price))
    assert found == [0, 101]


def test_open_orders_are_reserved_and_released_exactly(desk):
    desk.world.quote_balance[desk.first] = margin_of(100, 990) + margin_of(50, 980)
    desk.send(LIMIT, BUY, 0, 990, 100)
    desk.send(LIMIT, BUY, 0, 980, 51)
    assert desk.at(980) == 0, "one lot too many"
    desk.send(LIMIT, BUY, 0, 980, 50)
    assert desk.at(980) == 50
    cancel(desk.world, int(desk.world.positions[desk.first]["first_order"]))
    desk.send(LIMIT, BUY, 0, 980, 50)
    assert desk.at(980) == 50, "what was cancelled is free again"
    row = desk.world.positions[desk.first]
    assert (int(row["open_buy_lots"]), int(row["open_buy_value"])) == (150, 100 * 990 + 50 * 980)


def test_only_the_worse_side_of_open_orders_is_reserved(desk):
    desk.world.quote_balance[desk.first] = margin_of(100, 1_010)
    desk.send(LIMIT, SELL, 0, 1_010, 100)
    desk.send(LIMIT, BUY, 0, 990, 100)
    assert (desk.at(1_010), desk.at(990)) == (100, 100)
    desk.send(LIMIT, BUY, 0, 989, 10)
    assert desk.at(989) == 0


def test_reducing_is_allowed_without_any_margin_and_no_lot_further(desk):
    desk.send(LIMIT, SELL, 1, 1_001, 100)
    desk.send(MARKET, BUY, 0, 0, 100)
    desk.world.quote_balance[desk.first] = -(10**9)
    desk.send(LIMIT, BUY, 0, 990, 1)
    desk.send(LIMIT, SELL, 0, 1_010, 101)
    assert desk.touch == (None, None)
    desk.send(LIMIT, SELL, 0, 1_010, 60)
    desk.send(LIMIT, SELL, 0, 1_011, 41)
    desk.send(LIMIT, SELL, 0, 1_012, 40)
    assert (desk.at(1_010), desk.at(1_011), desk.at(1_012)) == (60, 0, 40)


def test_a_forced_order_is_not_asked_for_margin_nor_for_a_fee(desk):
    desk.send(LIMIT, BUY, 1, 999, 10)
    desk.world.quote_balance[desk.first] = 0
    assert desk.send(MARKET, SELL, 0, 0, 10, FLAG_FORCED) == 10
    assert int(desk.world.quote_balance[desk.first]) == 10 * 999 * TICK_VALUE


def test_a_stop_is_asked_for_margin_when_it_wakes(desk):
    desk.send(LIMIT, SELL, 1, 1_001, 100)
    desk.world.quote_balance[desk.first] = 0
    assert sleep(desk.world, 0, BUY, desk.first, 10, 1_000, -1, 0) == 0
    assert desk.size(0) == 0 and int(desk.world.clock[0]["n_stops"]) == 0


@pytest.mark.parametrize("side", [1, -1])
def test_a_partial_close_lowers_the_entry_value_pro_rata_rounded_toward_zero(desk, side):
    assert trade(desk.world, 0, desk.first, side * 7, side * 7_001) == side * 7_001
    assert trade(desk.world, 0, desk.first, -side * 3, -side * 9_999) == side * (7_001 - 3_000)
    assert trade(desk.world, 0, desk.first, -side * 4, -side * 1) == 0


@pytest.mark.parametrize("side", [1, -1])
def test_a_flip_opens_the_rest_at_its_share_of_the_cost(desk, side):
    trade(desk.world, 0, desk.first, side * 4, side * 4_444)
    assert trade(desk.world, 0, desk.first, -side * 10, -side * 10_011) == -side * (10_011 - 4_004)
    assert desk.size(0) == -side * 6


def test_isolated_collateral_is_allotted_when_a_position_opens_and_returned_when_it_closes():
    desk = Desk(ISOLATED)
    world, wallet = desk.world, desk.first
    position = int(world.clock[0]["n_traders"]) + desk.first
    start = int(world.quote_balance[wallet])
    fees = dict.fromkeys(("open", "close"), -(-100 * 1_000 * TICK_VALUE * int(world.venues[0]["taker_fee"]) // 10**6))
    desk.send(LIMIT, SELL, 1, 1_000, 100)
    desk.send(MARKET, BUY, 0, 0, 100)
    allotted = margin_of(100, 1_000)
    assert int(world.quote_balance[wallet]) == start - allotted - fees["open"], "the wallet bears the fee"
    assert int(world.quote_balance[position]) == allotted - 100 * 1_000 * TICK_VALUE
    desk.send(LIMIT, BUY, 1, 1_000, 100)
    desk.send(MARKET, SELL, 0, 0, 100)
    assert int(world.quote_balance[position]) == 0
    assert int(world.quote_balance[wallet]) == start - sum(fees.values())


def test_a_wallet_pays_for_all_that_its_isolated_positions_lack():
    desk = Desk(ISOLATED)
    desk.world.quote_balance[desk.first] = margin_of(100, 990)
    desk.send(LIMIT, BUY, 0, 990, 101)
    assert desk.at(990) == 0
    desk.send(LIMIT, BUY, 0, 990, 100)
    assert desk.at(990) == 100


def test_a_sale_below_the_market_must_bring_the_margin_of_what_it_will_be_filled_at(desk):
    desk.send(LIMIT, BUY, 1, 1_000, 500)
    desk.world.quote_balance[desk.first] = margin_of(101, 1_000) - 1
    desk.send(LIMIT, SELL, 0, 500, 101)
    assert desk.size(0) == 0, "half the price would be half the margin"
    desk.world.quote_balance[desk.first] += 1
    desk.send(LIMIT, SELL, 0, 500, 101)
    assert desk.size(0) == -101


def test_an_isolated_position_opened_in_many_fills_holds_the_margin_of_the_whole():
    desk = Desk(ISOLATED)
    for price in range(1_001, 1_011):  # each fill alone is worth 40,000: leverage 20; the whole 400,000: leverage 10
        desk.send(LIMIT, SELL, 1, price, 4_000)
    desk.send(MARKET, BUY, 0, 0, 40_000)
    n, world = int(desk.world.clock[0]["n_traders"]), desk.world
    collateral = int(world.quote_balance[n + desk.first]) + int(world.entry_value[desk.first])
    whole = desk.size(0) * int(world.instruments[0]["mark_price"]) * TICK_VALUE
    assert desk.size(0) == 40_000
    assert collateral == whole // 10
