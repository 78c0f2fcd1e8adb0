"""Every execution with every target and every throttle: a partial close ends safe or smaller, never flipped."""

from itertools import product

import numpy as np
import pytest
from breach import MAKER, START, Breach, send

from sim.terms.vocabulary import BUY, SELL

EXECUTIONS = (
    {"execution": "ioc_at_bankruptcy"},
    {"execution": "market"},
    {"execution": "ioc_fillable", "fillable_spread": 5.0},
    {"execution": "ioc_below_mark", "discount": 0.01},
    {"execution": "resting_at_bankruptcy", "patience_steps": 3},
    {"execution": "transfer", "patience_steps": 2, "bonus": 0.001, "leftover_to": "liquidator"},
    {"execution": "transfer", "transfer_price": "discount", "discount": 0.002, "patience_steps": 4},
    {"execution": "transfer", "transfer_to": "fund", "bonus": 0.0005},
    {"execution": "dutch_auction", "auction": {"start": 1.01, "floor": 0.95, "duration_steps": 5, "resets": 1}},
    {"execution": "ioc_at_bankruptcy", "take_over_to": "liquidators"},
)
TARGETS = (
    {"target": "restore", "buffer": 0.1},
    {"target": "full"},
    {"target": "next_tier"},
    {"target": "close_factor"},
)
THROTTLES = (
    None,
    {"max_fraction": 0.3, "cooldown_steps": 2},
    {"max_notional": 4_000.0},
    {"two_phase": {"above": 5_000.0, "cooldown_steps": 2}},
    {"window": {"capacity": 6_000.0, "steps": 2}},
    {"ramp": {"start": 0.0, "duration_steps": 4}},
)
PEOPLE = [
    {"kind": "noise_trader", "name": "noise", "venue": "venue", "count": 1, "orders_per_s": 0.0},
    {"kind": "liquidator", "venue": "venue", "count": 4, "capital": 3_000.0, "required_profit_bp": 5.0,
     "latency_steps_max": 1},
]  # fmt: skip
WATERFALL = [{"kind": "insurance_fund", "size": 3_000.0}, {"kind": "auto_deleveraging"}]
STEPS = 8


def played(policy, seed, scope):
    """Four accounts in and around breach, a book, a mark that moves and somebody who comes; sizes step by step."""
    dice = np.random.default_rng(seed)
    world = Breach(policy, WATERFALL, scope, settings={"populations": PEOPLE})
    for k, tick in product(range(2), range(1, 60)):
        world.book(BUY, START - tick, int(dice.integers(1, 60)), k)
        world.book(SELL, START + tick, int(dice.integers(1, 60)), k)
    for owner in range(4):
        for k in range(2):
            lots = int(dice.integers(100, 4_000)) * int(dice.choice([-1, 1]))
            world.hold(owner, lots, equity=int(abs(lots) * dice.uniform(0.0, 12.0)) + world.equity(owner, k), k=k)
    seen = [sizes(world)]
    for t in range(STEPS):
        world.liquidate(t)  # nothing is lost in it: asserted there
        seen.append(sizes(world))
        send(world.world, 0, int(dice.choice([-1, 1])), world.first + MAKER, START, int(dice.integers(1, 200)))
        seen.append(sizes(world))
        world.set_mark(START + int(dice.integers(-4, 5)), int(dice.integers(0, 2)))
        assert int(world.world.clock[0]["money_sum"]) == 0
    return world, seen


def sizes(world):
    return [world.size(owner, k) for owner in range(4) for k in range(2)]


@pytest.mark.parametrize("scope", ["cross", "isolated"])
@pytest.mark.parametrize("throttle", THROTTLES, ids=lambda item: "-".join(item or ["none"]))
@pytest.mark.parametrize("target", TARGETS, ids=lambda item: item["target"])
def test_a_partial_close_ends_safe_or_smaller_never_flipped_and_no_atom_is_lost(target, throttle, scope):
    for number, execution in enumerate(EXECUTIONS):
        world, seen = played({**execution, **target, "throttle": throttle}, number, scope)
        for before, after in zip(seen, seen[1:], strict=False):
            for old, new in zip(before, after, strict=True):
                assert old * new >= 0 and abs(new) <= abs(old), execution
        assert seen[-1] != seen[0], execution
        profits = world.world.profits
        assert all(int(profits[part].sum()) == 0 for part in ("liquidation", "spread", "fees")), execution
