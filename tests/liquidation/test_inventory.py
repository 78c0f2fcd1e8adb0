"""What the fund does with what it has taken over: works it off, holds it, or hedges it with the outside world."""

import pytest
from breach import START, TICK_VALUE, Breach
from small_worlds import CRASH, small_scenario, small_session

from sim.scenario.checks import check_scenario
from sim.terms.vocabulary import BUY, EVENT_FUND_SALE, SELL

LOTS = 1_000


def stage(side=1, equity=0, **fund):
    """Owner 0 bankrupt at the mark in an empty book: the fund takes 1,000 lots at it."""
    layer = {"kind": "insurance_fund", "size": 1.0e6, "throttle_per_step": None, **fund}
    world = Breach({"target": "full"}, [layer])
    world.hold(0, side * LOTS, equity=equity)
    return world


def inventory(world, steps):
    """Lots that the fund holds after each step."""
    found = []
    for t in steps:
        world.liquidate(t)
        found.append(world.size(world.fund))
    return found


def cash(world):
    return int(world.world.quote_balance[int(world.world.venues[0]["fund"])])


def sold_at(world):
    rows = world.events[world.events["kind"] == EVENT_FUND_SALE]
    return [(int(row["price"]), int(row["size"])) for row in rows]


@pytest.mark.parametrize("side", [1, -1])
def test_held_inventory_goes_into_the_book_when_its_time_is_over(side):
    world = stage(side, inventory_policy="hold", hold_steps=3)
    world.liquidate(0)
    world.book(BUY if side > 0 else SELL, START, 10_000)
    assert inventory(world, range(1, 5)) == [side * LOTS, side * LOTS, 0, 0]


@pytest.mark.parametrize("side", [1, -1])
def test_held_inventory_goes_once_the_price_is_so_much_better_than_its_cost(side):
    world = stage(side, inventory_policy="hold", hold_until_gain=0.01)
    world.liquidate(0)
    marks = (START - 50 * side, START + 5 * side, START + (11 if side > 0 else -10), START)
    world.book(BUY if side > 0 else SELL, START, 10_000)
    held = []
    for t, mark in enumerate(marks, start=1):
        world.set_mark(mark)
        held += inventory(world, [t])
    assert held == [side * LOTS, side * LOTS, 0, 0], "11 of 1,011 are more than a hundredth, 10 of 990 too"


def test_whichever_end_of_holding_comes_first_and_a_later_inventory_waits_anew():
    world = stage(inventory_policy="hold", hold_steps=2, hold_until_gain=0.01)
    world.book(BUY, START - 1, 10_000)
    assert inventory(world, range(4)) == [LOTS, LOTS, 0, 0]
    world.hold(1, 50, equity=0)
    assert inventory(world, range(10, 14)) == [50, 50, 0, 0]


@pytest.mark.parametrize("side", [1, -1])
def test_held_inventory_that_changes_its_side_waits_anew(side):
    world = stage(side, inventory_policy="hold", hold_steps=5)
    assert inventory(world, range(4)) == [side * LOTS] * 4
    world.hold(1, -side * 3 * LOTS, equity=0)
    assert inventory(world, [4]) == [-side * 2 * LOTS]
    world.book(SELL if side > 0 else BUY, START, 10**5)
    assert inventory(world, range(5, 11)) == [-side * 2 * LOTS] * 4 + [0, 0]


@pytest.mark.parametrize("side", [1, -1])
def test_a_hedge_passes_it_to_the_outside_world_at_the_index_less_the_cost_without_a_trade_here(side):
    world = stage(side, inventory_policy="hedge", hedge_cost=0.0041)
    before = cash(world)
    last = int(world.world.instruments[0]["last_price"])
    assert inventory(world, [0]) == [0]
    # 4.1 ticks of 1,000, rounded up to 5 against the fund; on 1,000 lots of 2 atoms a tick.
    assert sold_at(world) == [(START - 5 * side, -LOTS * side)]
    assert before - cash(world) == 5 * LOTS * TICK_VALUE[0] == int(world.world.funds[0]["inventory_losses"])
    assert int(world.world.instruments[0]["last_price"]) == last
    outside = int(world.world.clock[0]["outside_trader"]) - world.first
    assert world.size(outside) == LOTS * side


def test_a_hedge_is_throttled_and_never_costs_more_than_the_cash():
    world = stage(inventory_policy="hedge", hedge_cost=0.0, throttle_per_step=3_000.0)
    assert inventory(world, range(5)) == [700, 400, 100, 0, 0]
    world = stage(inventory_policy="hedge", hedge_cost=0.01, size=40.0, stressed_close_out_rate=0.0)
    # 8,000 atoms carry a loss of 10 ticks of 2 atoms on 400 lots.
    assert inventory(world, range(3)) == [600, 600, 600]
    assert cash(world) + 600 * START * TICK_VALUE[0] == 0, "nothing is left, the rest is at cost"


@pytest.mark.parametrize(
    "fund", [{"inventory_policy": "hold", "hold_steps": 15}, {"inventory_policy": "hold", "hold_until_gain": 0.001},
             {"inventory_policy": "hedge"}]
)  # fmt: skip
def test_a_crash_under_each_policy_adds_up_and_is_the_same_stepwise_and_batched(fund):
    settings = {**CRASH, "venues.venue.waterfall": [{"kind": "insurance_fund", "size": 5_000.0, **fund}]}
    pair = [small_session(settings, seed=2) for _ in range(2)]
    pair[0].advance(60)
    for _ in range(60):
        pair[1].advance(1)
    assert pair[0].digest() == pair[1].digest()
    plain = small_session({**settings, "venues.venue.waterfall": [{"kind": "insurance_fund", "size": 5_000.0}]}, seed=2)
    plain.advance(60)
    assert plain.digest() != pair[0].digest()


@pytest.mark.parametrize(
    "fund, name, rule",
    [
        ({"inventory_policy": "hold"}, "inventory_policy", "hold never ends"),
        ({"hold_steps": 5}, "hold_steps", "5 without inventory_policy: hold"),
        (
            {"inventory_policy": "hedge", "hold_until_gain": 0.1},
            "hold_until_gain",
            "0.1 without inventory_policy: hold",
        ),
    ],
)
def test_holding_that_never_ends_is_refused_by_path_value_and_rule(fund, name, rule):
    tree = small_scenario().model_dump()
    tree["venues"]["venue"]["waterfall"][0].update(fund)
    (problem,) = check_scenario(type(small_scenario()).model_validate(tree))
    assert problem[0] == ("venues", "venue", "waterfall", 0, name) and rule in problem[1]
