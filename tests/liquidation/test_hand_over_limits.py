"""What a hand-over never does: flip its account, pay for nothing, overload who takes over, or offer at an old price."""

import pytest
from breach import MAKER, START, send
from offers import AUCTION, EQUITY, held, stage, won, worth

from sim.rules.exchange import execute
from sim.terms import entry
from sim.terms.vocabulary import BUY, LIMIT, NONE, SELL


@entry
def reduce_only(world, k, side, owner, price, size):
    return execute(world, k, LIMIT, side, owner, price, size, int(1), NONE)


@pytest.mark.parametrize("policy", [{}, {"transfer_to": "fund"}, {"execution": "market", "impact": "off"}])
def test_the_accounts_own_reduce_only_orders_shrink_with_a_position_that_was_handed_over(policy):
    world = stage({"cancel_orders": "none", **policy}, {"capital": 1e5})
    reduce_only(world.world, 0, SELL, world.first, START + 50, 1_000)
    world.liquidate()
    assert world.size(0) == 0
    send(world.world, 0, BUY, world.first + MAKER, START + 50, 1_000)
    assert world.size(0) == 0, "an order left at 1,000 lots would have turned it into a short"


def test_who_calls_in_is_paid_for_what_the_fund_takes_and_never_for_what_it_refuses():
    policy = {"transfer_to": "fund", "bonus": 0.0005, "patience_steps": 60}
    # 20,000 atoms of 36,000 (stress less what the account has) are 555 lots; an atom for each of them is paid first.
    for size, taken in ((0.0, 0), (100.0, 546)):
        world = stage(policy, waterfall=[{"kind": "insurance_fund", "size": size, "throttle_per_step": 1e-9}])
        before = worth(world)
        for t in range(6):
            world.liquidate(t)
        assert world.size(world.fund) == taken and won(world, before) == taken


@pytest.mark.parametrize("side", [1, -1])
def test_a_liquidator_who_pays_more_than_the_mark_takes_no_more_than_it_can_hold_after_the_loss(side):
    people = {"count": 1, "required_profit_bp": -1_000.0}
    policy = {"execution": "dutch_auction", "auction": AUCTION}
    world = stage(policy, people, lots=2_000, equity=EQUITY, side=side)
    world.liquidate()
    (lots,) = held(world)
    # 200,400 atoms; each lot loses 100 at once and then needs half of 2,000.
    assert lots == 182 * side and worth(world)[0] == 200_400 - 100 * 182


def test_a_price_in_a_line_ends_at_its_floor_when_the_last_step_falls_between_two_prices():
    auction = {"start": 1.05, "floor": 0.8, "duration_steps": 60, "every_steps": 40}
    world = stage({"execution": "dutch_auction", "auction": auction}, {"capital": 1e6, "required_profit_bp": 1500.0},
                  waterfall=[])  # fmt: skip
    for t in range(61):
        assert world.size(0) == 1_000
        world.liquidate(t)
    assert world.size(0) == 0, "at 0.8 it gives 2,000 bp"


def test_an_auction_that_nobody_took_up_begins_again_at_the_mark_of_then_while_the_next_layer_has_no_means():
    world = stage({"execution": "dutch_auction", "auction": AUCTION}, {"capital": 1e5},
                  waterfall=[{"kind": "insurance_fund", "size": 0.0}])  # fmt: skip
    for t in range(17):
        if t == 5:
            world.set_mark(900)  # 950, the floor of the first auction, will never be taken
        world.liquidate(t)
    assert world.size(0) == 1_000
    world.liquidate(17)
    # From 945 at step 11 on 9 a step: 900 at the fifth, 891 at the sixth.
    assert world.size(0) == 0 and int(world.events[world.events["kind"] == 2]["price"][0]) == 891
