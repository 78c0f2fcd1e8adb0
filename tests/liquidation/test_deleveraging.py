"""Who is deleveraged, in which order, at which price, and who is passed over."""

import pytest
from breach import START, TICK_VALUE, Breach

from sim import terms
from sim.terms.vocabulary import NONE
from sim.waterfall_layers.auto_deleveraging import deleverage

LOTS = 100


def stage(side=1, seeds=1, entries=(1_010, 1_040, 1_020), equity=(40_000, 400_000, 10_000), deficit=50, **layer):
    """Owner 0 without equity and an empty book; owners 1 to 3 hold the opposite side from these entries."""
    world = Breach({"target": "full"}, [{"kind": "auto_deleveraging", **layer}])
    for owner, (entry, money) in enumerate(zip(entries, equity, strict=True), start=1):
        world.hold(owner, -side * LOTS, money, entry_price=START + side * (entry - START))
    world.hold(0, side * 3 * LOTS, -deficit)
    world.world.clock[0]["run_key_low"] += seeds
    return world


def asked(world):
    """(owner, lots) in the order in which they are deleveraged."""
    return [(owner, abs(size)) for kind, owner, _, size in world.liquidate() if kind == "auto_deleveraging"]


@pytest.mark.parametrize("side", [1, -1])
def test_by_profit_times_leverage_the_winner_with_little_behind_it_goes_first(side):
    # Profit shares of 1, 4 and 2 %; leverage 5, 0.5 and 20.
    assert [owner for owner, _ in asked(stage(side))] == [3, 1, 2]


@pytest.mark.parametrize("side", [1, -1])
def test_by_mark_over_entry_times_leverage_it_is_leverage_that_counts_most(side):
    world = stage(side, entries=(1_010, 1_040, 1_000), equity=(50_000, 52_000, 40_000), ranking="mark_entry_leverage")
    assert [owner for owner, _ in asked(world)] == [3, 1, 2]
    world = stage(side, entries=(1_010, 1_040, 1_000), equity=(50_000, 50_000, 60_000), ranking="mark_entry_leverage")
    assert [owner for owner, _ in asked(world)] == [2, 1, 3]
    world = stage(side, entries=(1_010, 1_040, 1_000), equity=(50_000, 52_000, 40_000), ranking="profit_leverage")
    assert [owner for owner, _ in asked(world)] == [2, 1, 3], "the other ranking wants profit"


def test_from_a_random_start_everybody_is_asked_in_turn_and_the_start_is_drawn():
    starts = set()
    for seed in range(12):
        orders = [[owner for owner, _ in asked(stage(seeds=seed, ranking="random_start"))] for _ in range(2)]
        assert orders[0] == orders[1], "the same seed gives the same start"
        assert orders[0] in ([1, 2, 3], [2, 3, 1], [3, 1, 2])
        starts.add(orders[0][0])
    assert len(starts) > 1


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("ranking", ["profit_leverage", "mark_entry_leverage", "random_start"])
def test_at_the_bankruptcy_price_the_account_ends_at_zero_and_the_others_bear_its_loss(side, ranking):
    world = stage(side, ranking=ranking)
    before = {owner: world.equity(owner) for owner in range(1, 6)}
    asked(world)
    assert world.size(0) == 0 and world.equity(0) == 0
    assert sum(before[owner] - world.equity(owner) for owner in before) == 50


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("moved", [0, 3])
def test_at_the_previous_mark_the_price_is_that_mark_and_what_is_missing_is_somebody_elses(side, moved):
    world = stage(side, price="previous_mark", deficit=5_000)
    world.world.instruments[0]["previous_mark"] = START + side * moved
    before = {owner: world.equity(owner) for owner in range(1, 6)}
    asked(world)
    assert {int(row["price"]) for row in world.events if row["kind"] == 3} == {START + side * moved}
    borne = 3 * LOTS * moved * TICK_VALUE[0]
    assert world.size(0) == 0 and world.equity(0) == 0
    assert sum(before[owner] - world.equity(owner) for owner in before) == borne
    assert int(world.world.funds[0]["shortfalls_presented"]) == 5_000 - borne
    defaults = sum(int(row["amount"]) for row in world.events if row["kind"] == 7)
    assert defaults == 5_000, "what the account leaves beyond its equity"


def test_at_the_previous_mark_an_account_may_keep_something():
    world = stage(price="previous_mark", deficit=50)
    world.world.instruments[0]["previous_mark"] = START + 3
    asked(world)
    assert world.equity(0) == 3 * LOTS * 3 * TICK_VALUE[0] - 50
    assert sum(int(row["amount"]) for row in world.events if row["kind"] == 7) == 50


@pytest.mark.parametrize("ranking", ["profit_leverage", "mark_entry_leverage", "random_start"])
@pytest.mark.parametrize("price", ["bankruptcy", "previous_mark"])
def test_a_counterparty_that_would_sink_is_passed_over(ranking, price):
    world = stage(equity=(40_000, 400_000, 900), ranking=ranking, price=price, deficit=3_000)
    world.world.instruments[0]["previous_mark"] = START + 5
    assert sorted(asked(world)) == [(1, LOTS), (2, LOTS)]
    assert world.size(0) == LOTS, "the rest waits"
    assert world.equity(3) == 900 and all(world.equity(owner) >= 0 for owner in range(1, 6))


@terms.entry
def close_against_opposites(world, k, trader, lots):
    return deleverage(world, int(0), k, trader, lots, int(0), NONE)


@pytest.mark.parametrize("side", [1, -1])
def test_no_more_is_deleveraged_than_there_is(side):
    world = stage(side)
    assert close_against_opposites(world.world, 0, world.first, 10 * LOTS) == 3 * LOTS and world.size(0) == 0


def test_what_volunteers_took_is_not_deleveraged_again():
    waterfall = [{"kind": "auto_deleveraging"}, {"kind": "insurance_fund", "size": 1e6, "throttle_per_step": 1e-9}]
    people = {"kind": "liquidator", "venue": "venue", "count": 2, "capital": 1_002.0, "leverage": 2.0,
              "required_profit_bp": -100.0, "required_profit_sigma": 0.0}  # fmt: skip
    policy = {"target": "full", "execution": "ioc_at_bankruptcy", "take_over_to": "liquidators"}
    noise = {"kind": "noise_trader", "name": "noise", "venue": "venue", "count": 1, "orders_per_s": 0.0}
    world = Breach(policy, waterfall, settings={"populations": [noise, people]})
    world.hold(0, 1_000, equity=-2_000)
    closed = {"take_over": 0, "auto_deleveraging": 0}
    for kind, _, _, size in world.liquidate():
        closed[kind] = closed.get(kind, 0) + abs(size)
    assert closed["take_over"] > 0 and closed["take_over"] + closed["auto_deleveraging"] == 1_000
    assert world.size(0) == 0
