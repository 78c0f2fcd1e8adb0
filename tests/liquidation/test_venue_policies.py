"""Policies of real venues as a few dials, in a market that crashes: exact, and the same stepwise as batched."""

from collections import Counter

import pytest
from small_worlds import CRASH, small_session

from sim.terms.vocabulary import EVENT_KINDS

FUND = {"kind": "insurance_fund", "size": 3_000.0}
HYPERLIQUID = {
    "execution": "market", "target": "full", "take_over_below": 0.667,
    "throttle": {"two_phase": {"above": 10_000.0, "first_fraction": 0.2, "cooldown_steps": 10}},
}  # fmt: skip
DYDX = {
    "execution": "ioc_fillable", "target": "full", "selection": "random",
    "throttle": {"max_fraction": 0.1, "min_notional": 1_000.0, "max_notional": 20_000.0},
}  # fmt: skip
BITMEX = {"execution": "resting_at_bankruptcy", "target": "next_tier", "leftover_to": "fund", "patience_steps": 6}
SYNTHETIX = {"execution": "market", "target": "full", "throttle": {"window": {"capacity": 30_000.0, "steps": 3}}}
OKX = {"target": "next_tier", "tiers_down": 2, "throttle": {"cooldown_steps": 10}, "leftover_to": "fund"}
VENUES = {
    "hyperliquid": (HYPERLIQUID, {"ranking": "mark_entry_leverage", "price": "previous_mark"}),
    "dydx": (DYDX, {"ranking": "random_start"}),
    "okx": (OKX, {}),
    "bitmex": (BITMEX, {}),
    "synthetix": (SYNTHETIX, {}),
    "restored with a buffer": ({"buffer": 0.2, "selection": "pro_rata", "check_every_steps": 3}, {}),
}


def session_of(venue, scope):
    policy, layer = VENUES[venue]
    base = {"cap_per_step": None, "price_band": 0.05, "fee_rate": 0.005}
    return small_session(
        {**CRASH, "venues.venue.margin.scope": scope, "venues.venue.liquidation": {**base, **policy},
         "venues.venue.waterfall": [FUND, {"kind": "auto_deleveraging", **layer}]}, seed=3,
    )  # fmt: skip


@pytest.mark.parametrize("scope", ["cross", "isolated"])
@pytest.mark.parametrize("venue", VENUES)
def test_a_venues_policy_gives_the_same_bytes_stepwise_and_batched(venue, scope):
    batched, stepwise = session_of(venue, scope), session_of(venue, scope)
    batched.advance(60)
    for _ in range(60):
        stepwise.advance(1)
    events = batched.take_events()
    assert events.tobytes() == stepwise.take_events().tobytes() and batched.digest() == stepwise.digest()
    kinds = Counter(EVENT_KINDS[kind] for kind in events["kind"])
    assert kinds["liquidation"] > 5 and kinds["liquidation_sale"] > 5
    if venue == "hyperliquid":
        assert kinds["take_over"] > 0


def test_the_policies_lead_to_different_markets():
    digests = set()
    for venue in VENUES:
        session = session_of(venue, "cross")
        session.advance(60)
        digests.add(session.digest())
    assert len(digests) == len(VENUES)
