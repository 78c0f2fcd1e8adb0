"""A market's capacity in a window of time, and a share of a sale that grows with the time since the breach."""

import pytest
from breach import START, Breach

from sim.scenario.checks import check_scenario
from sim.terms.vocabulary import BUY, SELL

from small_worlds import small_scenario  # isort: skip

DEEP = 1_000_000


def stage(throttle, policy=None, lots=1_000, equity=1, side=1):
    """Owner 0 in breach with 10 quote units a lot, everything to be sold, a deep book at the mark."""
    world = Breach({"target": "full", "throttle": throttle, **(policy or {})})
    for k in range(2):
        world.book(BUY if side > 0 else SELL, START, DEEP, k)
    world.hold(0, side * lots, equity=equity)
    return world


@pytest.mark.parametrize("side", [1, -1])
def test_a_market_sells_at_most_its_capacity_in_a_window_that_the_first_sale_opens(side):
    world = stage({"window": {"capacity": 3_000.0, "steps": 5}}, side=side)  # 300 lots of 10
    assert [side * sum(world.sold(t)) for t in range(2, 19)] == [300, *[0] * 4, 300, *[0] * 4, 300, *[0] * 4, 100, 0]


def test_the_window_is_the_markets_and_not_the_accounts():
    world = stage({"window": {"capacity": 3_000.0, "steps": 5}}, {"queue": "account"}, lots=200)
    world.hold(1, 200, equity=1)
    world.hold(1, 400, equity=30, k=1)  # 5 a lot: its own market, 600 lots of room
    assert [world.sold(t) for t in (0, 1, 5)] == [[200, 400, 100], [], [100]]


def test_a_lot_that_has_become_dearer_than_the_capacity_is_still_sold_once_a_window():
    world = stage({"window": {"capacity": 11.0, "steps": 3}}, lots=3, equity=0)
    world.book(BUY, START + 200, 10)
    world.set_mark(START + 200)
    world.world.quote_balance[world.account(0)] -= world.equity(0) - 5
    assert [sum(world.sold(t)) for t in range(8)] == [1, 0, 0, 1, 0, 0, 1, 0]


def test_a_ramp_lets_a_share_through_that_grows_in_a_line_to_all_of_it():
    world = stage({"ramp": {"start": 0.1, "duration_steps": 9}})
    # 0.1, 0.2, ... 1.0 of the thousand lots that had to go when the account broke.
    assert [sum(world.sold(t)) for t in range(7, 19)] == [100] * 10 + [0, 0]


def test_a_ramp_from_nothing_begins_with_the_step_after_the_first_look_and_ends_with_everything():
    world = stage({"ramp": {"start": 0.0, "duration_steps": 4}})
    assert [sum(world.sold(t)) for t in range(6)] == [0, 250, 250, 250, 250, 0]


def test_a_ramp_waits_for_the_latency_first():
    world = stage({"ramp": {"start": 0.5, "duration_steps": 2}}, {"latency_steps": 3})
    assert [sum(world.sold(t)) for t in range(7)] == [0, 0, 0, 500, 250, 250, 0]


def test_of_a_restoring_sale_the_ramp_takes_its_share_of_what_is_missing_and_what_was_sold():
    # 0.4 % of 1,000 lots of 2,000 atoms: 8,000 wanted, 4,000 there, 8 a lot relieved: 500 lots.
    world = stage({"ramp": {"start": 0.2, "duration_steps": 4}}, {"target": "restore"}, equity=4_000)
    assert [sum(world.sold(t)) for t in range(6)] == [100] * 5 + [0]
    assert world.size(0) == 500 and world.margin(0) == (4_000, 4_000)


def test_a_new_breach_begins_a_new_ramp():
    world = stage({"ramp": {"start": 0.1, "duration_steps": 9}})
    assert [sum(world.sold(t)) for t in range(2)] == [100, 100]
    world.world.quote_balance[world.account(0)] += 10**6
    assert world.liquidate(2) == []
    world.world.quote_balance[world.account(0)] -= 10**6
    world.set_mark(START)
    assert world.sold(3) == [80], "a tenth of what is left"


@pytest.mark.parametrize(
    "throttle, path, rule",
    [
        ({"window": {"capacity": 9.0, "steps": 5}}, "window.capacity", "9 never sells a lot of BTC, worth 10"),
        ({"window": {"capacity": 0.0, "steps": 5}}, "window.capacity", "greater than 0"),
        ({"window": {"capacity": 1e5, "steps": 0}}, "window.steps", "greater than or equal to 1"),
        ({"ramp": {"start": 0.0, "duration_steps": float("inf")}}, "ramp.duration_steps", "valid integer"),
        ({"ramp": {"start": 0.0, "duration_steps": 0}}, "ramp.duration_steps", "greater than or equal to 1"),
        ({"ramp": {"start": 1.5}}, "ramp.start", "less than or equal to 1"),
    ],
)  # fmt: skip
def test_a_throttle_that_can_never_finish_is_refused_by_path_value_and_rule(throttle, path, rule):
    record = type(small_scenario())
    tree = small_scenario().model_dump()
    tree["venues"]["venue"]["liquidation"]["throttle"] = throttle
    try:
        found = check_scenario(record.model_validate(tree))
    except ValueError as error:
        found = [(item["loc"], item["msg"]) for item in error.errors()]
    places = {".".join(map(str, where)): text for where, text in found}
    assert rule in places[f"venues.venue.liquidation.throttle.{path}"]
