"""A limit order of the venue that rests at the bankruptcy price: filled by those who come, forced all the same."""

import pytest
from breach import LOT, MAKER, START, TICK_VALUE, Breach, send

from sim.engine.posting import post_order
from sim.engine.prices import show_market_view
from sim.engine.trading import match_and_settle
from sim.scenario.checks import check_scenario
from sim.terms import entry
from sim.terms.vocabulary import BUY, CANCEL, CANCEL_ALL, EVENT_LIQUIDATION, EVENT_LIQUIDATION_SALE, NONE, SELL

from small_worlds import small_scenario  # isort: skip

FUND = [{"kind": "insurance_fund", "size": 1.0e6, "throttle_per_step": 1e-9}]  # that keeps what it takes
POLICY = {"execution": "resting_at_bankruptcy", "target": "full", "patience_steps": 5}
EQUITY = 4_000  # atoms of 1,000 lots: two ticks of 2 atoms a lot


@entry
def play_inbox(world):
    match_and_settle(world)


@entry
def look(world, t):
    show_market_view(world, t)


def stage(policy=None, waterfall=FUND, scope="isolated", side=1, equity=EQUITY, settings=None):
    """Owner 0 with 1,000 lots, bankrupt two ticks from the mark, in an empty book."""
    world = Breach({**POLICY, **(policy or {})}, waterfall, scope, settings=settings)
    world.hold(0, side * 1_000, equity=equity)
    return world


def resting(world, owner=0, k=0):
    """(price, signed lots) of an owner's orders in the book."""
    orders = world.world.orders
    mine = (orders["sequence"] >= 0) & (orders["owner"] == world.first + owner) & (orders["instrument"] == k)
    return [(int(row["price"]), int(row["side"] * row["size"])) for row in orders[mine]]


def acts(world, t):
    """What the venue does at step `t`, beside orders that come and go."""
    world.session.take_events()
    return [row for row in world.liquidate(t) if not row[0].startswith("order_")]


def come(world, side, price, lots):
    """The rich owner's order: what it trades."""
    filled = int(send(world.world, 0, side, world.first + MAKER, price, lots))
    assert int(world.world.clock[0]["money_sum"]) == 0
    return filled


@pytest.mark.parametrize("scope", ["cross", "isolated"])
@pytest.mark.parametrize("side", [1, -1])
def test_the_order_rests_at_the_bankruptcy_price_and_keeps_its_place_while_nothing_changes(scope, side):
    world = stage(scope=scope, side=side)
    assert world.sold() == [] and resting(world) == [(START - 2 * side, -1_000 * side)]
    sequences = set(world.world.orders["sequence"].tolist())
    assert acts(world, 1) == [] and set(world.world.orders["sequence"].tolist()) == sequences


def test_what_crosses_is_sold_at_once_and_the_rest_waits():
    world = stage()
    world.book(BUY, START - 1, 300)
    world.book(BUY, START - 2, 100)
    world.book(BUY, START - 3, 900)
    assert world.sold() == [400]
    # 300 sold a tick and 100 two ticks below the mark: 3,000 are left to 600 lots, 2.5 ticks; inside is 2.
    assert world.equity(0) == 3_000 and resting(world) == [(START - 2, -600)]


@pytest.mark.parametrize("scope", ["cross", "isolated"])
@pytest.mark.parametrize("side", [1, -1])
def test_who_comes_to_it_fills_a_forced_sale_with_its_cause_and_fee(scope, side):
    world = stage({"fee_rate": 0.0005}, scope=scope, side=side)
    (opened,) = [number for number, (kind, *_) in enumerate(world.liquidate()) if kind == "liquidation"]
    fees = int(world.world.funds[0]["fees"])
    before = int(world.world.clock[0]["next_event"])
    assert come(world, side, START - 2 * side, 400) == 400
    rows = world.session.take_events()
    (sale,) = rows[rows["kind"] == EVENT_LIQUIDATION_SALE]
    assert (int(sale["actor"]) - world.first, int(sale["size"])) == (0, -400 * side)
    assert int(sale["price"]) == START - 2 * side and int(sale["cause"]) == opened < before
    # 0.05 % of 400 lots of 2,000; two ticks of 2 atoms on 400 lots are gone as well.
    assert int(world.world.funds[0]["fees"]) - fees == 400
    assert world.size(0) == 600 * side and world.equity(0) == EQUITY - 400 * 2 * 2 - 400
    column = "liquidated_now_long" if side > 0 else "liquidated_now_short"
    assert int(world.world.instruments[0][column]) == 400 * LOT[0]


def test_its_loss_is_booked_as_liquidation_for_both_sides_and_not_as_spread():
    world = stage()
    world.liquidate()
    booked = {part: world.world.profits[part].copy() for part in ("spread", "liquidation", "fees")}
    come(world, BUY, START - 2, 400)
    moved = {part: (world.world.profits[part] - before).tolist() for part, before in booked.items()}
    assert set(moved["spread"]) == {0} and set(moved["fees"]) == {0, 400, -400}, "who came pays 0.05 %"
    assert sorted(moved["liquidation"])[-1] == -sorted(moved["liquidation"])[0] == 400 * 2 * TICK_VALUE[0]


def test_a_trader_who_is_sold_off_pays_no_makers_fee_and_gets_its_collateral_back_when_all_is_sold():
    world = stage({"leftover_to": "trader"}, settings={"venues.venue.fees.maker_rate": 0.01})
    world.liquidate()
    wallet = int(world.world.quote_balance[world.first])
    world.world.quote_balance[world.account(0)] += 50  # somebody's present: it ends above zero
    assert come(world, BUY, START - 2, 1_000) == 1_000
    assert world.size(0) == 0 and int(world.world.quote_balance[world.account(0)]) == 0
    assert int(world.world.quote_balance[world.first]) - wallet == 50


@pytest.mark.parametrize("scope", ["cross", "isolated"])
def test_what_is_left_goes_to_the_fund_where_the_venue_says_so(scope):
    world = stage({"leftover_to": "fund"}, scope=scope)
    world.liquidate()
    world.world.quote_balance[world.account(0)] += 50
    fees = int(world.world.funds[0]["fees"])
    come(world, BUY, START - 2, 1_000)
    assert int(world.world.funds[0]["fees"]) - fees == 50 and int(world.world.quote_balance[world.account(0)]) == 0
    assert acts(world, 1) == [] and int(world.world.clock[0]["n_cases"]) == 0


def test_the_order_is_withdrawn_when_the_account_has_recovered():
    world = stage()
    world.liquidate()
    world.world.quote_balance[world.account(0)] += 10**6
    assert acts(world, 1) == [] and resting(world) == [] and int(world.world.clock[0]["n_cases"]) == 0


@pytest.mark.parametrize("moved, rests", [(5, False), (1, True)])
def test_before_a_steps_orders_are_played_it_is_withdrawn_if_the_mark_has_made_the_account_safe(moved, rests):
    world = stage(scope="cross")
    world.liquidate()
    world.set_mark(START + moved)
    look(world.world, 1)
    assert resting(world) == ([(START - 2, -1_000)] if rests else [])
    assert come(world, BUY, START, 1_000) == (1_000 if rests else 0)
    assert int(world.world.clock[0]["n_cases"]) == 1, "the case is closed in phase 8"
    if not rests:
        world.set_mark(START)
        world.liquidate(2)
        assert world.size(0) == 0, "in breach again: sold to who waits"


def test_the_order_is_priced_anew_when_the_bankruptcy_price_has_moved():
    world = stage()
    world.liquidate()
    world.world.quote_balance[world.account(0)] -= 1_000 * TICK_VALUE[0]  # a tick's worth
    world.liquidate(1)
    assert resting(world) == [(START - 1, -1_000)]


def test_a_mark_that_moves_leaves_the_price_of_an_isolated_position_where_it_is():
    world = stage()
    world.liquidate()
    world.set_mark(START - 1)
    world.liquidate(1)
    assert resting(world) == [(START - 2, -1_000)]


def test_what_is_unfilled_when_patience_ends_passes_to_the_fund_at_the_bankruptcy_price():
    world = stage()
    world.liquidate()
    come(world, BUY, START - 2, 300)
    for t in range(1, 5):
        assert acts(world, t) == []
    assert ("take_over", world.fund, 0, 700) in world.liquidate(5)
    assert world.size(0) == 0 and resting(world) == [] and world.size(world.fund) == 700


@pytest.mark.parametrize("waterfall", [[{"kind": "auto_deleveraging"}], []])
def test_an_order_that_nobody_could_take_over_rests_on(waterfall):
    world = stage(waterfall=waterfall)
    for t in range(9):
        world.liquidate(t)
    assert resting(world) == [(START - 2, -1_000)]
    world.set_mark(START - 2)  # bankrupt: now its opposites may be closed
    world.liquidate(9)
    assert world.size(0) == (0 if waterfall else 1_000)


def test_the_trader_cannot_cancel_the_venues_order():
    world = stage()
    world.liquidate()
    owner, handle = (
        world.first,
        (int(world.world.orders["sequence"].max()) << 22) | int(world.world.orders["sequence"].argmax()),
    )
    post_order(world.world, owner, 0, CANCEL, SELL, 0, NONE, 0, NONE, 0, handle)
    post_order(world.world, owner, 1, CANCEL_ALL, SELL, 0, NONE, 0, NONE, 0, NONE)
    play_inbox(world.world)
    assert resting(world) == [(START - 2, -1_000)]


def test_a_position_that_its_owner_closes_takes_the_order_along_and_is_never_flipped():
    world = stage()
    world.book(BUY, START - 3, 10**4)
    world.liquidate()
    post_order(world.world, world.first, 0, 2, SELL, 0, START - 3, 700, NONE, 1, NONE)
    play_inbox(world.world)
    assert world.size(0) == 300 and resting(world) == [(START - 2, -300)]
    come(world, BUY, START - 2, 5_000)
    assert world.size(0) == 0 and resting(world) == []


def test_a_throttle_adds_to_the_order_bit_by_bit():
    world = stage({"throttle": {"max_fraction": 0.1, "cooldown_steps": 2}, "patience_steps": 100})
    seen = []
    for t in range(6):
        world.liquidate(t)
        seen.append(resting(world))
    assert [orders[0][1] for orders in seen] == [-100, -100, -200, -200, -300, -300]


def test_a_restoring_order_is_as_large_as_compliance_needs():
    # 8,000 wanted, 4,000 there: 500 lots at 8 a lot.
    world = stage({"target": "restore"})
    world.liquidate()
    assert resting(world) == [(START - 2, -500)]
    assert come(world, BUY, START - 2, 500) == 500
    assert world.size(0) == 500 and world.equity(0) == 2_000
    assert (EVENT_LIQUIDATION in world.session.take_events()["kind"]) is False
    world.liquidate(1)
    assert resting(world) == [(START - 2, -250)], "sold two ticks below the mark it has 2,000 of 4,000"


def test_orders_of_the_account_beside_the_venues_are_refused_by_path_and_value():
    tree = small_scenario().model_dump()
    tree["venues"]["venue"]["liquidation"].update(POLICY, cancel_orders="none")
    (problem,) = check_scenario(type(small_scenario()).model_validate(tree))
    assert problem[0] == ("venues", "venue", "liquidation", "cancel_orders") and "none leaves" in problem[1]
