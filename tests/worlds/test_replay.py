"""With order events on, the final state follows from the initial one and the events alone."""

import pytest
from replay import Replay
from small_worlds import CRASH, small_session

from sim.terms.vocabulary import EVENT_AUTO_DELEVERAGING, EVENT_FUNDING, EVENT_TAKE_OVER

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
