"""Same seed, same bytes: however the steps are counted out, in whichever process, with whichever compile flags."""

import numpy as np
import pytest
from isolated import digests_elsewhere
from small_worlds import CRASH, FLOWS, MIRRORED, POPULATIONS, STRESS, small_session

STEPS = 60
ISOLATED = {**CRASH, "venues.venue.margin.scope": "isolated"}
WORLDS = [(CRASH, 3, STEPS), (ISOLATED, 4, STEPS), ({**MIRRORED, "record.order_events": True}, 5, STEPS)]
WORLDS.append(({**CRASH, "populations": [*FLOWS, *POPULATIONS]}, 6, STEPS))
WORLDS += [({**CRASH, **STRESS}, 7, STEPS), ({**ISOLATED, **STRESS}, 8, STEPS)]
MOVING = {"update_every_steps": 3, "volatility": {"multiple": 4.0, "return_steps": 1, "least_returns": 5}}
TAIL = {"volatility": {"measure": "expected_shortfall", "of": "mark", "multiple": 2.0, "window": 12, "quantile": 0.8}}
DYNAMICS = {"maintenance": MOVING, "initial": {**TAIL, "open_interest": {"BTC": {"low": 1e5, "high": 1e8}}}}
WORLDS += [({**CRASH, "venues.venue.margin.dynamics": DYNAMICS}, 9, STEPS)]
WORLDS += [({**ISOLATED, "venues.venue.margin.dynamics": {**DYNAMICS, "applies_to": "new"}}, 10, STEPS)]


@pytest.fixture(scope="module")
def digests():
    """The worlds played here, in one go."""
    found = []
    for settings, seed, steps in WORLDS:
        session = small_session(settings, seed)
        session.advance(steps)
        assert (session.take_events()["kind"] == 0).sum() > 5, "the crash liquidates"
        found.append(session.digest())
    return found


def test_stepwise_equals_batched(digests):
    for (settings, seed, steps), digest in zip(WORLDS, digests, strict=True):
        session = small_session(settings, seed)
        for _ in range(steps):
            session.advance(1)
        assert session.digest() == digest


def test_rows_taken_after_every_step_are_the_rows_taken_at_the_end():
    whole, slices = small_session(CRASH, 3), small_session(CRASH, 3)
    whole.advance(STEPS)
    steps, events = [], []
    for n in (1, 7, 0, 20, STEPS - 28):
        slices.advance(n)
        steps.append(slices.take_steps())
        events.append(slices.take_events())
    assert (np.concatenate(steps) == whole.take_steps()).all()
    assert (np.concatenate(events) == whole.take_events()).all()


def test_another_process_gives_the_same_bytes(digests):
    assert digests_elsewhere(WORLDS) == digests


def test_without_jit_the_bytes_are_the_same_and_no_number_overflows(digests):
    assert digests_elsewhere(WORLDS, NUMBA_DISABLE_JIT="1") == digests


def test_with_bounds_checks_no_index_is_outside_its_table(digests):
    assert digests_elsewhere(WORLDS, NUMBA_BOUNDSCHECK="1") == digests


def test_another_seed_gives_other_bytes(digests):
    session = small_session(CRASH, 17)
    session.advance(STEPS)
    assert session.digest() not in digests


def test_the_two_ways_of_finding_breached_accounts_agree_over_whole_crashes():
    for settings in (CRASH, ISOLATED):
        for seed in range(6):
            pair = []
            for check in ("safe_radius", "brute_force"):
                session = small_session({**settings, "margin_check": check}, seed)
                session.advance(STEPS)
                pair.append((session.digest(), session.take_events()))
            assert pair[0][0] == pair[1][0]
            assert len(pair[0][1]) == len(pair[1][1]) and (pair[0][1] == pair[1][1]).all()


def test_event_ids_are_consecutive_over_the_run():
    session = small_session(CRASH, 3)
    session.advance(STEPS)
    assert len(session.take_events()) == int(session.world.clock[0]["next_event"])


def test_advancing_past_the_horizon_is_refused():
    session = small_session({"steps": 5})
    session.advance(5)
    with pytest.raises(ValueError, match="0 are left"):
        session.advance(1)
    with pytest.raises(ValueError, match="cannot advance by -1"):
        session.advance(-1)
