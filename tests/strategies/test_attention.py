"""Looks at accounts are passed only where they would have found nothing to answer."""

import numpy as np
import pytest
from small_worlds import CRASH, small_session

from sim.rules.safe_radius import FALL, RISE, mark_account_dirty
from sim.scenario.build import STOP_ROWS
from sim.strategies.stop_user import uses_stops
from sim.terms import entry

STEPS = 80
REACTING = {
    "populations.speculators.count": 120,
    "populations.speculators.reactions": {
        "attention_s": 3.0, "panic": 0.2, "panic_move_bp": 150.0, "panic_window_s": 5.0, "herding": 5.0,
        "late_delay_s": 6.0,
    },
    "populations.speculators.stops": {"share": 0.6},
}  # fmt: skip
WORLDS = {
    "calm": REACTING,
    "crash": {**CRASH, **REACTING},
    "crash, isolated margin": {**CRASH, **REACTING, "populations.speculators.margin_scope": "isolated"},
    "crash, arithmetic prices": {**CRASH, **REACTING, "prices": "arithmetic"},
    "crash, leverage held": {**CRASH, **REACTING, "populations.speculators.reactions.leverage_band": 0.3},
}


@entry
def touch(world, account):
    mark_account_dirty(world, account)


@entry
def count_stop_users(world, p):
    users = 0
    for k in range(world.instruments.shape[0]):
        for row in range(world.populations[p]["n_traders"]):
            users += int(uses_stops(world, p, k, row))
    return users


def passed(world):
    """Accounts whose next look would be passed."""
    anchors = world.instruments["anchor_price"]
    moved = (world.instruments["mark_price"] - anchors) / anchors
    return (world.look_radius[FALL] > -moved.min()) & (world.look_radius[RISE] > moved.max())


@pytest.mark.parametrize("name", WORLDS)
def test_passing_looks_changes_nothing(name):
    for seed in range(4):
        # Checking every account in every step also looks at every account: the answer without short cuts.
        pair = [small_session({**WORLDS[name], "margin_check": c}, seed) for c in ("safe_radius", "brute_force")]
        for session in pair:
            session.advance(STEPS)
        assert not passed(pair[1].world).any()
        assert pair[0].digest() == pair[1].digest()
        events = [session.take_events() for session in pair]
        assert len(events[0]) == len(events[1]) and (events[0] == events[1]).all()
        assert (pair[0].world.desks["crowd"] == pair[1].world.desks["crowd"]).all()


def test_most_looks_of_a_calm_market_are_passed_and_none_where_leverage_is_held():
    session = small_session(REACTING)
    session.advance(STEPS)
    who = session.world.populations[session.names.populations.index("speculators")]
    rows = slice(int(who["first_trader"]), int(who["first_trader"] + who["n_traders"]))
    assert passed(session.world)[rows].mean() > 0.5
    assert not passed(session.world)[: rows.start].any()
    held = small_session({**REACTING, "populations.speculators.reactions.leverage_band": 0.3})
    held.advance(STEPS)
    assert not passed(held.world).any()


def test_an_account_that_was_touched_is_looked_at_again():
    session = small_session(REACTING)
    session.advance(STEPS)
    account = int(np.flatnonzero(passed(session.world))[0])
    touch(session.world, account)
    assert not passed(session.world)[account]


def test_radii_hold_when_the_anchor_moves():
    session = small_session({**REACTING, "steps": 400})
    anchors = set()
    for _ in range(80):
        session.world.clock["anchor_work"] = 10**9  # as if positions had pulled apart
        session.advance(5)
        anchors.add(int(session.world.instruments[0]["anchor_price"]))
    assert len(anchors) > 1
    oracle = small_session({**REACTING, "steps": 400, "margin_check": "brute_force"})
    oracle.advance(400)
    assert session.digest() == oracle.digest()


@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
def test_the_table_of_stops_has_room_for_every_user_and_little_more(share):
    for seed in range(5):
        session = small_session({**REACTING, "populations.speculators.stops": {"share": share}}, seed)
        users = count_stop_users(session.world, session.names.populations.index("speculators"))
        room = session.world.stops.shape[0] - STOP_ROWS
        assert users <= room <= min(2 * 120, 2 * 120 * share + 2 * (8 * (120 * share) ** 0.5 + 1))
