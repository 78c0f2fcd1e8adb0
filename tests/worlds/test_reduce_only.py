"""Auto-deleveraging shrinks the reduce-only orders of whom it takes a position from."""

import numpy as np
from small_worlds import CRASH, small_session

from sim.engine.posting import post_order
from sim.terms.vocabulary import BUY, EVENT_AUTO_DELEVERAGING, FLAG_REDUCE_ONLY, LIMIT, NONE

NO_FUND = {**CRASH, "venues.venue.waterfall": [{"kind": "auto_deleveraging"}]}


def test_a_deleveraged_trader_is_left_with_no_reduce_only_order_larger_than_the_position():
    session = small_session({**NO_FUND, "populations.basis.unwind_cap_per_s": 0.0}, seed=2)
    world = session.world
    n = int(world.clock[0]["n_traders"])
    shorts = np.flatnonzero(world.position_size[:n] < 0)
    shorts = [int(row) for row in shorts if not world.populations["exempt"][world.traders["population"][row]]]
    low = int(world.instruments["ladder"][0]) + 1
    for owner in shorts:  # far below the market: they rest, and only a change of the position can touch them
        post_order(world, owner, -1, LIMIT, BUY, 0, low, -int(world.position_size[owner]), NONE, FLAG_REDUCE_ONLY, NONE)
    taken = set()
    for _ in range(60):
        session.advance(1)
        events = session.take_events()
        rows = events[(events["kind"] == EVENT_AUTO_DELEVERAGING) & (events["instrument"] == 0)]
        taken |= set(rows["actor"].tolist()) & set(shorts)
        resting = world.orders[(world.orders["sequence"] >= 0) & (world.orders["instrument"] == 0)]
        for owner in shorts:
            own = resting[(resting["owner"] == owner) & (resting["flags"] & FLAG_REDUCE_ONLY != 0)]
            assert int(own["size"].sum()) <= max(-int(world.position_size[owner]), 0)
    assert taken, "somebody must have been deleveraged"
