"""With order events on, the final state follows from the initial one and the events alone."""

import numpy as np
import pytest
from replay import Replay
from small_worlds import CRASH, small_session

from sim.engine.posting import post_order
from sim.terms.vocabulary import (
    CANCEL,
    EVENT_AUTO_DELEVERAGING,
    EVENT_FUNDING,
    EVENT_STOP_REMOVED,
    EVENT_TAKE_OVER,
    NONE,
    SELL,
    STOP_MARKET,
)

WORLDS = {
    "cross": {},
    "isolated with top-up": {"venues.venue.margin.scope": "isolated", "venues.venue.margin.auto_top_up": True},
    "without impact": {"venues.venue.liquidation.impact": "off"},
    "small fund": {
        "venues.venue.waterfall": [{"kind": "insurance_fund", "size": 500.0}, {"kind": "auto_deleveraging"}]
    },
}


@pytest.mark.parametrize("name", WORLDS)
def test_events_rebuild_balances_sizes_and_the_book_exactly(name):
    session = small_session({**CRASH, "record.order_events": True, **WORLDS[name]}, seed=2)
    start = session.world.quote_balance.copy()
    replay = Replay(session.world)
    session.advance(70)
    events = session.take_events()
    replay.play(events)
    replay.assert_equals(session.world)
    assert (session.world.quote_balance != start).any() and len(replay.orders) > 4
    assert (events["kind"] == EVENT_FUNDING).any()
    if name == "small fund":
        assert (events["kind"] == EVENT_AUTO_DELEVERAGING).any()
    if name == "cross":
        assert (events["kind"] == EVENT_TAKE_OVER).any()


def test_events_rebuild_sleeping_stops():
    session = small_session({**CRASH, "record.order_events": True}, seed=2)
    world, replay = session.world, Replay(session.world)
    mark = int(world.instruments["mark_price"][0])
    owner = int(np.flatnonzero(world.position_size[: int(world.clock[0]["n_traders"])] > 0)[-1])
    # One far below sleeps to the end, one near is woken by the fall, one is cancelled by its id.
    for away in (mark // 2, mark // 200, mark // 3):
        post_order(world, owner, -1, STOP_MARKET, SELL, 0, NONE, 1, mark - away, 0, NONE)
    session.advance(1)
    cancelled = -2 - int(world.stops["sequence"][2])
    post_order(world, owner, -1, CANCEL, SELL, 0, NONE, 0, NONE, 0, cancelled)
    session.advance(69)
    events = session.take_events()
    replay.play(events)
    replay.assert_equals(world)
    assert len(replay.stops) == 1 and (events["kind"] == EVENT_STOP_REMOVED).sum() == 2


def test_without_order_events_only_the_venues_own_acts_are_written():
    session = small_session(CRASH, seed=2)
    session.advance(70)
    assert 0 < len(session.take_events()) < 2_000


def test_order_events_change_nothing_but_the_record():
    digests = []
    for recorded in (True, False):
        session = small_session({**CRASH, "record.order_events": recorded}, seed=2)
        session.advance(70)
        digests.append(session.digest())
    assert digests[0] == digests[1]
