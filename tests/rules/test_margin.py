"""Maintenance and initial margin to the atom: equality is safe, tiers are marginal, reducing is always allowed."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_margin import NaiveMargin, maintenance_of
from small_worlds import TIERS, everybody_is_due, small_scenario, small_session
from written_accounts import OWNERS, Accounts

from sim.rules.brute_force import sweep_all
from sim.rules.margin import account_margin, maintenance_atoms
from sim.rules.safe_radius import sweep
from sim.terms import entry

SCOPES = ("cross", "isolated")
FLOORS = [int(Fraction(floor) / Fraction("0.005")) for floor, _, _ in TIERS["ETH"]]  # atoms of 0.005


@entry
def breached_accounts(world, all_of_them):
    return sweep_all(world) if all_of_them else sweep(world)


@pytest.fixture(params=SCOPES)
def accounts(request):
    return Accounts(request.param)


@pytest.mark.parametrize("size", [500, -500])
def test_account_exactly_at_maintenance_margin_is_not_liquidated(accounts, size):
    accounts.hold(0, size)
    account = accounts.account(0)
    _, needed = accounts.naive.margin(account, *accounts.lists())
    assert needed == 500 * 1_000 * 2 * Fraction("0.004"), "whole atoms, so the buffer is exactly zero"
    found = []
    for atoms in (1, 0, -1):
        accounts.set_buffer(account, atoms)
        found.append(accounts.breached(account))
    assert found == [False, False, True]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("offset", [-1, 0, 1])
@pytest.mark.parametrize("floor", FLOORS[1:])
def test_maintenance_is_exact_at_the_edges_of_tiers(accounts, floor, offset, side):
    accounts.world.instruments[1]["mark_price"] = 1  # so that a lot is one atom of notional
    accounts.hold(1, side * (floor + offset))
    account = accounts.account(1)
    found = []
    for atoms in (1, 0, -1):
        accounts.set_buffer(account, atoms)
        found.append(accounts.breached(account))
        assert accounts.breached(account) == accounts.naive.is_breached(account, *accounts.lists())
    assert found == [False, False, True]


def test_a_cross_account_adds_the_maintenance_of_both_sides_and_nets_their_equity():
    accounts = Accounts("cross")
    accounts.hold(0, 3_000)
    accounts.hold(1, -40_000)
    account = accounts.account(0)
    equity, needed = accounts.naive.margin(account, *accounts.lists())
    assert equity == 3_000 * 1_000 * 2 - 40_000 * 1_000
    one, other = (maintenance_of(accounts.naive.schedules[k], Fraction(v)) for k, v in ((0, 30_000), (1, 200_000)))
    assert needed == (one + other) / Fraction("0.005")
    for atoms, expected in ((1, False), (0, False), (-1, True)):
        accounts.set_buffer(account, atoms)
        assert accounts.breached(account) is expected


def test_an_isolated_position_is_judged_by_its_own_collateral_alone():
    accounts = Accounts("isolated")
    accounts.hold(0, 500)
    accounts.hold(1, 500)
    accounts.set_buffer(accounts.account(0), -1)
    accounts.set_buffer(accounts.account(1), 1_000_000)
    accounts.world.quote_balance[accounts.first] = 10**12
    assert accounts.breached(accounts.account(0)) and not accounts.breached(accounts.account(1))
    assert not accounts.breached(accounts.first)


HUGE = st.integers(-(1 << 40), 1 << 40)
NEAR = st.one_of(st.sampled_from([-1, 0, 1]), st.integers(-(1 << 50), 1 << 50))


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(sizes=st.tuples(HUGE, HUGE), marks=st.tuples(*[st.integers(1, 1 << 18)] * 2), atoms=NEAR)
def test_accounts_beyond_64_bits_agree_with_python_integers(sizes, marks, atoms):
    accounts = Accounts("cross")
    for k in (0, 1):
        accounts.hold(k, sizes[k])
        accounts.world.instruments[k]["mark_price"] = marks[k]
    account = accounts.account(0)
    accounts.set_buffer(account, atoms)
    assert accounts.breached(account) == accounts.naive.is_breached(account, *accounts.lists())
    equity, needed = accounts.naive.margin(account, *accounts.lists())
    found, rounded = account_margin(accounts.world, account)
    assert int(found) == equity and needed <= int(rounded) < needed + 2


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(value=st.one_of(st.integers(0, 1 << 60), st.sampled_from(FLOORS), st.integers(0, 1 << 30)))
def test_maintenance_of_any_notional_is_rounded_up_to_the_atom(value):
    accounts = Accounts("cross")
    wanted = maintenance_of(accounts.naive.schedules[1], value * accounts.naive.atom) / accounts.naive.atom
    assert int(maintenance_atoms(accounts.world, accounts.world.instruments[1], value)) == ceil(wanted)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("offset", [-1, 0, 1, 1_000])
def test_the_edges_of_tiers_are_exact_beyond_64_bits_too(accounts, offset, side):
    floor, rates = 1 << 52, (50, 500)  # parts of the rate scale
    world, row = accounts.world, accounts.world.instruments[1]
    row["n_tiers"], row["mark_price"] = 2, 1
    tiers = world.tiers[int(row["first_tier"]) :]
    tiers["floor"][:2], tiers["rate"][:2] = (0, floor), rates
    tiers["deduction"][:2] = (0, floor * (rates[1] - rates[0]))
    accounts.hold(1, side * (floor + offset))
    needed = (floor + offset) * rates[0] + max(offset, 0) * (rates[1] - rates[0])
    needed = Fraction(needed, int(world.clock[0]["rate_scale"]))
    account, found = accounts.account(1), []
    for atoms in (0, -1):
        world.quote_balance[account] = ceil(needed) - side * (floor + offset) + atoms
        found.append(accounts.breached(account))
    assert found == [False, True]


ROW = st.tuples(st.integers(-(1 << 44), 1 << 44), st.integers(-(1 << 44), 1 << 44), st.integers(-2, 2))


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(rows=st.lists(ROW, min_size=OWNERS, max_size=OWNERS), scope=st.sampled_from(SCOPES), shift=st.integers(0, 40))
def test_both_sweeps_find_exactly_the_breached_accounts(rows, scope, shift):
    accounts = Accounts(scope)
    touched = []
    for owner, (one, other, _) in enumerate(rows):
        for k, size in enumerate((one, other)):
            accounts.hold(k, size >> shift, owner)
            touched.append((accounts.account(k, owner), rows[owner][2]))
    for account, atoms in touched:
        accounts.set_buffer(account, atoms)
    wanted = sorted({account for account, _ in touched if accounts.naive.is_breached(account, *accounts.lists())})
    for all_of_them in (True, False):
        everybody_is_due(accounts.world)
        n = breached_accounts(accounts.world, all_of_them)
        assert accounts.world.queue[0, :n].tolist() == wanted


def test_the_index_over_safe_accounts_misses_no_breach_while_marks_wander():
    session = small_session({"populations.speculators.count": 300}, seed=4)
    naive, world = NaiveMargin(small_scenario(), session), session.world
    start, found = world.instruments["mark_price"].copy(), 0
    for step in range(60):
        world.instruments["mark_price"] = start - (start * step) // 300 + (start * (step % 7)) // 500
        n = breached_accounts(world, False)
        exempt = world.populations["exempt"][world.traders["population"]] != 0
        lists = world.quote_balance.tolist(), world.position_size.tolist()
        traders = [t for t in range(naive.n_traders) if not exempt[t]]
        assert world.queue[0, :n].tolist() == [t for t in traders if naive.is_breached(t, *lists)]
        found += int(n)
    assert found > 50 and int(world.clock[0]["checks"]) < 60 * len(world.quote_balance)


def test_total_wealth_is_the_same_in_cross_and_isolated_mode():
    wealth = []
    for scope in SCOPES:
        world = small_session({"venues.venue.margin.scope": scope}, seed=3).world
        n_traders = int(world.clock[0]["n_traders"])
        wealth.append(world.quote_balance.reshape(-1, n_traders).sum(axis=0).tolist())
    assert wealth[0] == wealth[1]
