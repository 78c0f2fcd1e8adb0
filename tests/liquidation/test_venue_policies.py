"""Policies of real venues as a few dials, in a market that crashes: exact, and the same stepwise as batched."""

from collections import Counter

import pytest
from isolated import digests_elsewhere
from small_worlds import CRASH, POPULATIONS, small_session

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
DRIFT = {
    "execution": "transfer", "transfer_price": "discount", "discount": 0.002, "buffer": 0.1, "bonus": 0.001,
    "throttle": {"ramp": {"start": 0.1, "duration_steps": 10}}, "patience_steps": 10, "leftover_to": "liquidator",
}  # fmt: skip
KRAKEN = {"target": "full", "take_over_to": "liquidators"}
AUCTIONS = {"execution": "dutch_auction", "target": "full", "auction": {"start": 1.02, "floor": 0.9, "resets": 1}}
POOL = {"execution": "transfer", "transfer_to": "fund", "bonus": 0.002, "target": "full"}
OKX = {"target": "next_tier", "tiers_down": 2, "throttle": {"cooldown_steps": 10}, "leftover_to": "fund"}
VENUES = {
    "hyperliquid": (HYPERLIQUID, {"ranking": "mark_entry_leverage", "price": "previous_mark"}),
    "dydx": (DYDX, {"ranking": "random_start"}),
    "okx": (OKX, {}),
    "bitmex": (BITMEX, {}),
    "synthetix": (SYNTHETIX, {}),
    "drift": (DRIFT, {}),
    "kraken": (KRAKEN, {}),
    "auctions": (AUCTIONS, {}),
    "pool": (POOL, {}),
    "restored with a buffer": ({"buffer": 0.2, "selection": "pro_rata", "check_every_steps": 3}, {}),
}


LIQUIDATORS = {"kind": "liquidator", "venue": "venue", "count": 6, "capital": 5.0e4, "required_profit_bp": -50.0}
OFF_BOOK = ("drift", "auctions", "pool")


def settings_of(venue, scope, check="safe_radius"):
    policy, layer = VENUES[venue]
    base = {"cap_per_step": None, "price_band": 0.05, "fee_rate": 0.005}
    return {
        "populations": [*POPULATIONS, LIQUIDATORS], **CRASH, "margin_check": check,
        "venues.venue.margin.scope": scope, "venues.venue.liquidation": {**base, **policy},
        "venues.venue.waterfall": [FUND, {"kind": "auto_deleveraging", **layer}],
    }  # fmt: skip


def session_of(venue, scope, check="safe_radius"):
    return small_session(settings_of(venue, scope, check), seed=3)


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
    assert kinds["liquidation"] > 5 and (venue in OFF_BOOK) == (kinds["liquidation_sale"] == 0)
    if venue in ("hyperliquid", "kraken", *OFF_BOOK):
        assert kinds["take_over"] > 0


def test_a_venues_policy_gives_the_same_bytes_without_jit():
    worlds = [(settings_of(venue, scope), 3, 40) for venue in VENUES for scope in ("cross", "isolated")]
    here = []
    for settings, seed, steps in worlds:
        session = small_session(settings, seed)
        session.advance(steps)
        here.append(session.digest())
    assert len(set(here)) == len(here)
    assert digests_elsewhere(worlds, NUMBA_DISABLE_JIT="1") == here


@pytest.mark.parametrize("venue", VENUES)
def test_a_venues_policy_is_the_same_under_both_ways_of_finding_breached_accounts(venue):
    pair = [session_of(venue, "cross", check) for check in ("safe_radius", "brute_force")]
    for session in pair:
        session.advance(60)
    assert pair[0].digest() == pair[1].digest() and pair[0].take_events().tobytes() == pair[1].take_events().tobytes()


def test_the_policies_lead_to_different_markets():
    digests = set()
    for venue in VENUES:
        session = session_of(venue, "cross")
        session.advance(60)
        digests.add(session.digest())
    assert len(digests) == len(VENUES)
