"""A queued account is looked at again before anything is done to it."""

import numpy as np
import pytest
from small_worlds import small_session

from sim.engine.liquidation import open_case, unwind
from sim.terms import entry
from sim.terms.vocabulary import EVENT_LIQUIDATION, NONE


@entry
def attempt(world, t, account):
    """A case is opened for the account, as if a sweep had found it in breach, and one attempt is made."""
    open_case(world, t, account)
    return unwind(world, t, account, 0)


@pytest.fixture
def session():
    return small_session({"record.order_events": True}, seed=2)


def speculator(session):
    """The row of the largest long among the speculators."""
    world = session.world
    rows = np.flatnonzero(session.names.population_of_trader == session.names.populations.index("speculators"))
    return int(rows[world.position_size[rows].argmax()])


def test_an_account_that_has_recovered_while_queued_is_left_alone_and_its_case_is_closed(session):
    world, account = session.world, speculator(session)
    sizes, balances = world.position_size.copy(), world.quote_balance.copy()
    assert attempt(world, 0, account) == 0
    assert np.array_equal(world.position_size, sizes) and np.array_equal(world.quote_balance, balances)
    assert world.account_case[account] == NONE and world.clock[0]["n_cases"] == 0
    assert len(session.take_events()) == 0


def test_an_account_that_is_still_in_breach_is_sold_off(session):
    world, account = session.world, speculator(session)
    equity = int(world.quote_balance[account])
    for k in range(2):
        row = k * int(world.clock[0]["n_traders"]) + account
        instrument = world.instruments[k]
        equity += int(world.position_size[row]) * int(instrument["mark_price"]) * int(instrument["tick_value"])
    world.quote_balance[account] -= equity - 1  # one atom is left
    held = int(world.position_size[account])
    assert attempt(world, 0, account) > 0
    assert 0 <= int(world.position_size[account]) < held
    assert (session.take_events()["kind"] == EVENT_LIQUIDATION).sum() == 1
