"""The mirrored crash: signs of positions and news flipped in an arithmetic world give the mirrored result."""

import numpy as np
import pytest
from small_worlds import FLOWS, MIRRORED, POPULATIONS, STRESS, small_session

from sim.terms.vocabulary import EVENT_AUTO_DELEVERAGING, EVENT_KINDS, EVENT_TAKE_OVER

STEPS = 80
WORLDS = {
    "cross": {},
    "isolated": {"venues.venue.margin.scope": "isolated"},
    "market orders, in full": {
        "venues.venue.liquidation.execution": "market",
        "venues.venue.liquidation.target": "full",
    },
    "mark is last, latency": {
        "venues.venue.mark_price.kind": "last",
        "venues.venue.liquidation.latency_steps": 2,
        "venues.venue.liquidation.price_band": None,
    },
    "people under stress": STRESS,
    "isolated, stops by the last price": {
        **STRESS,
        "venues.venue.margin.scope": "isolated",
        "populations.speculators.stops": {"share": 1.0, "trigger": "last", "slippage": None},
    },
    "outside follows": {"instruments.BTC.index.follows_book": 0.5, "instruments.BTC.index.follow_lag_steps": 7},
}


def wealth(world):
    """(n_traders,) atoms: all balances, positions at the reference price."""
    n_instruments, n_traders = world.instruments.shape[0], int(world.clock[0]["n_traders"])
    unit = world.instruments["reference_price"] * world.instruments["tick_value"]
    value = (world.position_size.reshape(n_instruments, n_traders) * unit[:, None]).sum(axis=0)
    return world.quote_balance.reshape(-1, n_traders).sum(axis=0) + value


def assert_mirrored(one, other):
    """Prices mirrored around the start, sizes negated, wealth the same."""
    start = one.instruments["reference_price"]
    for name, twin in (
        ("index_price", "index_price"),
        ("mark_price", "mark_price"),
        ("last_price", "last_price"),
        ("best_bid", "best_ask"),
        ("best_ask", "best_bid"),
    ):
        assert (one.instruments[name] - start).tolist() == (start - other.instruments[twin]).tolist(), name
    assert (one.position_size == -other.position_size).all()
    assert wealth(one).tolist() == wealth(other).tolist()


@pytest.mark.parametrize("name", WORLDS)
def test_the_mirrored_crash_gives_the_mirrored_result_in_every_step(name):
    counts = np.zeros(len(EVENT_KINDS), np.int64)
    for seed in (1, 2, 3):
        one = small_session({**MIRRORED, **WORLDS[name]}, seed)
        other = small_session({**MIRRORED, **WORLDS[name], "mirror": True}, seed)
        assert (one.world.position_size != 0).sum() > 40
        for _ in range(STEPS):
            assert_mirrored(one.world, other.world)
            one.advance(1)
            other.advance(1)
        assert_mirrored(one.world, other.world)
        counts += np.bincount(one.take_events()["kind"], minlength=len(EVENT_KINDS))
    assert counts[0] > 20, "the crash liquidates"
    if name == "isolated":
        assert counts[EVENT_TAKE_OVER] > 0 and counts[EVENT_AUTO_DELEVERAGING] > 0


def test_flows_and_makers_of_the_replications_mirror_too():
    for seed in (1, 2):
        settings = {**MIRRORED, "populations": [*FLOWS, *POPULATIONS]}
        one, other = small_session(settings, seed), small_session({**settings, "mirror": True}, seed)
        traded = set()
        for _ in range(STEPS):
            assert_mirrored(one.world, other.world)
            one.advance(1)
            other.advance(1)
            traded |= set(one.world.traders["population"][one.world.position_size.reshape(2, -1).any(axis=0)].tolist())
        assert traded >= set(range(1, len(FLOWS) + 1))
