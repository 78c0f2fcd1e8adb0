"""How fast an account is sold off: share and amount a turn, pauses, two phases, and an end to all of it."""

import pytest
from breach import ATOM, LOT, START, Breach

from sim.scenario.checks import check_scenario
from sim.terms.vocabulary import BUY, SELL

from small_worlds import small_scenario  # isort: skip

DEEP = 1_000_000


def stage(throttle, policy=None, waterfall=None, lots=1_000, equity=1, side=1, margin=None):
    """Owner 0 in breach, everything to be sold, and a deep book at the mark in both instruments."""
    world = Breach({"target": "full", "throttle": throttle, **(policy or {})}, waterfall, margin=margin)
    for k in range(2):
        world.book(BUY if side > 0 else SELL, START, DEEP, k)
    world.hold(0, side * lots, equity=equity)
    return world


@pytest.mark.parametrize("side", [1, -1])
def test_an_order_closes_at_most_its_share_of_what_is_held_and_the_next_comes_a_step_later(side):
    world = stage({"max_fraction": 0.1}, {"rounds_max": 8}, side=side)
    assert [world.sold(t) for t in range(4)] == [[side * lots] for lots in (100, 90, 81, 73)]


def test_a_share_is_never_less_than_the_smallest_amount():
    world = stage({"max_fraction": 0.1, "min_notional": 3_000.0})  # 300 lots of 10
    assert [world.sold(t) for t in range(5)] == [[300], [300], [300], [100], []]


def test_the_amount_a_step_is_the_accounts_over_all_its_positions():
    world = stage({"max_notional": 12_000.0})
    world.hold(0, 1_000, equity=40, k=1)  # 5 a lot: the first instrument needs more and goes first
    sold = [sum(LOT[k] * ATOM * -size for kind, _, k, size in world.liquidate(t) if "sale" in kind) for t in range(3)]
    assert sold == [12_000.0, 3_000.0, 0.0]
    world = stage({"max_notional": 6_000.0})
    world.hold(0, 1_000, equity=40, k=1)
    assert [world.sold(t) for t in range(4)] == [[600], [1_000, 100], [300], []]


def test_two_accounts_are_throttled_each_by_itself():
    world = stage({"max_notional": 6_000.0})
    world.hold(1, 1_000, equity=1)
    assert [world.sold(t) for t in range(2)] == [[600, 600], [400, 400]]


def test_the_next_order_waits_for_the_cooldown():
    world = stage({"max_fraction": 0.5, "cooldown_steps": 3})
    assert [sum(world.sold(t)) for t in range(8)] == [500, 0, 0, 250, 0, 0, 125, 0]


def test_a_large_position_goes_in_two_phases_and_one_at_the_edge_at_once():
    phases = {"two_phase": {"above": 10_000.0, "first_fraction": 0.2, "cooldown_steps": 30}}
    world = stage(phases, lots=1_001)
    assert [(t, lots) for t in range(40) for lots in world.sold(t)] == [(0, 201), (30, 800)]
    world = stage(phases, lots=1_000)
    assert world.sold() == [1_000]


def test_a_cap_a_step_and_a_throttle_are_both_kept():
    world = stage({"max_fraction": 0.5}, {"cap_per_step": 3_000.0})
    assert [sum(world.sold(t)) for t in range(5)] == [300, 300, 200, 100, 50]


def test_the_cooldown_counts_from_a_sale_not_from_an_order_that_found_no_buyer():
    policy = {"target": "full", "execution": "market", "throttle": {"max_fraction": 0.5, "cooldown_steps": 10}}
    world = Breach(policy)
    world.hold(0, 100, equity=40)
    assert world.sold(0) == []
    world.book(BUY, START, 1_000)
    assert [world.sold(t) for t in range(1, 12)] == [[50], *[[]] * 9, [25]]


def test_an_account_that_was_safe_in_between_starts_anew():
    world = stage({"two_phase": {"above": 1_000.0, "cooldown_steps": 30}})
    assert world.sold(0) == [200]
    account = world.account(0)
    world.world.quote_balance[account] += 10**6
    assert world.liquidate(1) == []
    world.world.quote_balance[account] -= 10**6
    world.set_mark(START)
    assert world.sold(2) == [160], "a fifth of what is left: a new breach is a new case"


def test_cases_that_end_leave_the_others_their_turns():
    world = stage({"max_fraction": 0.5, "cooldown_steps": 5})
    world.hold(1, 400, equity=1)
    assert sorted(world.sold(0)) == [200, 500]
    world.world.quote_balance[world.account(0)] += 10**9  # the first case goes, the second takes its row
    assert [sum(world.sold(t)) for t in range(1, 7)] == [0, 0, 0, 0, 100, 0]


@pytest.mark.parametrize("execution", ["ioc_at_bankruptcy", "market"])
def test_a_throttle_keeps_no_account_below_zero_from_the_waterfall(execution):
    fund = [{"kind": "insurance_fund", "size": 1.0e6}]
    world = stage({"max_fraction": 0.1, "cooldown_steps": 50}, {"execution": execution}, fund)
    assert world.sold(0) == [100]
    world.world.quote_balance[world.account(0)] -= 500
    world.set_mark(START)
    assert ("take_over", world.fund, 0, 900) in world.liquidate(1)
    assert world.size(0) == 0


def test_every_throttle_comes_to_an_end():
    world = stage({"max_fraction": 1e-6, "max_notional": 11.0}, lots=40)
    assert [sum(world.sold(t)) for t in range(41)] == [1] * 40 + [0]


def test_a_lot_that_has_become_dearer_than_the_limit_is_still_sold():
    world = stage({"max_notional": 11.0}, lots=3)
    world.book(BUY, START + 200, 10)
    world.hold(1, 3, equity=1)
    world.set_mark(START + 200)
    for owner in (0, 1):
        world.world.quote_balance[world.account(owner)] -= 3 * 2 * 200
    assert [sum(world.sold(t)) for t in range(4)] == [2, 2, 2, 0], "one lot a step of each account"


@pytest.mark.parametrize(
    "policy, path, rule",
    [
        ({"throttle": {"max_notional": 9.0}}, "throttle.max_notional", "9 never sells a lot of BTC, worth 10"),
        ({"cap_per_step": 4.0}, "cap_per_step", "4 never sells a lot of ETH, worth 5"),
        ({"throttle": {}, "cap_per_step": 4.0}, "cap_per_step", "4 never sells a lot of ETH, worth 5"),
        (
            {"throttle": {"max_fraction": 0.1, "min_notional": 500.0, "max_notional": 400.0}},
            "throttle.min_notional", "500 is above max_notional, 400; allowed: at most that",
        ),
        ({"throttle": {"min_notional": 500.0}}, "throttle.min_notional", "500 without max_fraction"),
    ],
)  # fmt: skip
def test_a_throttle_that_can_never_finish_is_refused_by_path_value_and_rule(policy, path, rule):
    tree = small_scenario().model_dump()
    tree["venues"]["venue"]["liquidation"].update(policy)
    found = check_scenario(type(small_scenario()).model_validate(tree))
    assert any(
        ".".join(map(str, where)) == f"venues.venue.liquidation.{path}" and rule in text for where, text in found
    )
