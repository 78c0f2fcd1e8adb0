"""With one position an account and the same collateral, cross and isolated margin are the same market."""

from collections import Counter

import numpy as np
import pytest
from breach import MAKER, START, Breach
from small_worlds import everybody_is_due

from sim.terms.vocabulary import BUY, EVENT_KINDS, SELL

FUND = {"kind": "insurance_fund", "size": 4_000.0, "throttle_per_step": 3_000.0}
LAYERS = [FUND, {"kind": "auto_deleveraging"}]
POLICIES = [
    {},
    {"target": "full", "execution": "market", "take_over_below": 0.67, "rounds_max": 4},
    {"throttle": {"max_fraction": 0.1, "min_notional": 500.0, "max_notional": 2_000.0}, "execution": "ioc_fillable",
     "target": "full"},
    {"target": "next_tier", "throttle": {"cooldown_steps": 3}, "leftover_to": "fund"},
    {"target": "close_factor", "execution": "ioc_below_mark", "discount": 0.01, "selection": "pro_rata"},
    {"buffer": 0.2, "selection": "all", "cancel_orders": "none", "check_every_steps": 2, "fee_rate": 0.01},
]  # fmt: skip
OWN = EVENT_KINDS.index("transfer")


def played(scope, policy, layers, side):
    """Events of 20 steps of a wandering mark, without rows of balances and what a trader moves between its own."""
    world = Breach({"cap_per_step": 20_000.0, **policy}, layers, scope)
    dice = np.random.default_rng(5)
    for tick in range(1, 300):
        for book_side in (BUY, SELL):
            world.book(book_side, START - book_side * tick, 20)
    for owner in range(MAKER):
        lots = int(dice.integers(200, 9_000)) * (side if owner < 3 else -side)
        world.hold(owner, lots, int(abs(lots) * dice.uniform(20, 100)))
    log = []
    for t in range(20):
        move = -side * int(dice.integers(-12, 30))
        mark = int(world.world.instruments[0]["mark_price"]) + move
        world.world.instruments[0]["previous_mark"] = mark - move
        world.world.instruments[0]["mark_price"] = world.world.instruments[0]["index_price"] = mark
        world.world.instruments[0]["index_milli"] = 1_000 * mark
        everybody_is_due(world.world)
        world.liquidate(t)
        log += [
            tuple(int(row[name]) for name in row.dtype.names if name not in ("from_row", "to_row", "cause"))
            for row in world.events
            if row["kind"] != OWN or row["actor"] != row["counterparty"]
        ]
    return log


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("layers", [LAYERS, LAYERS[::-1]], ids=["fund first", "deleveraging first"])
@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: "-".join(policy) or "default")
def test_one_position_an_account_gives_the_same_log_in_cross_and_isolated_margin(policy, layers, side):
    layers = [{**layer, "price": "previous_mark"} if "size" not in layer and policy else layer for layer in layers]
    cross, isolated = (played(scope, policy, layers, side) for scope in ("cross", "isolated"))
    assert cross == isolated
    kinds = Counter(EVENT_KINDS[row[2]] for row in cross)
    assert kinds["liquidation"] > 1 and kinds["liquidation_sale"] > 1
