"""The index over accounts: what it passes is safe, whatever the marks do on the way."""

import random

import pytest
from written_accounts import Accounts

from sim.rules.brute_force import sweep_all
from sim.rules.margin import account_margin, is_breached
from sim.rules.safe_radius import displacement, look, sweep
from sim.strategies.attention import note_calm
from sim.terms import entry

START = 1_000  # ticks, the anchor of both instruments
SIDES = {"longs": (1, 1), "shorts": (-1, -1), "long and short": (1, -1)}
TRIALS = 4_000


@entry
def breached_accounts(world, all_of_them):
    return sweep_all(world) if all_of_them else sweep(world)


@entry
def radii_of(world, account):
    return look(world, account)


@entry
def moved(world):
    return displacement(world)


@entry
def margin_of(world, account):
    return account_margin(world, account)


@entry
def note(world, p, row):
    note_calm(world, p, int(0), row)


def accounts_of(form):
    accounts = Accounts("cross")
    world = accounts.world
    if form == "steep":  # half of the notional in the last tier, as at the top of real tables
        first = world.instruments[0]
        last = int(first["first_tier"] + first["n_tiers"] - 1)
        world.tiers["rate"][last] = int(world.clock[0]["rate_scale"]) // 2
        world.tiers["floor"][last] = 1 << 50
    return accounts


def drawn(dice, accounts, sides, least):
    """Positions of random size, marks far from each other, and equity of `least` times maintenance and a part more."""
    world, account = accounts.world, accounts.account(0)
    for k, largest in enumerate((30_000, 60_000)):
        accounts.hold(k, sides[k] * dice.randint(100, largest))
    world.instruments["mark_price"] = [round(START * (1 + dice.uniform(-0.12, 0.12))) for _ in range(2)]
    world.quote_balance[account] = 0
    equity, needed = margin_of(world, account)
    world.quote_balance[account] = least * needed - equity + int(least * needed * dice.uniform(0, 0.7) ** 2)


def together(dice, world):
    """The marks come together again, as far from their anchors as each other."""
    away = dice.uniform(-0.1, 0.1)
    world.instruments["mark_price"] = [round(START * (1 + away + dice.uniform(-0.002, 0.002))) for _ in range(2)]


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("form", ["plain", "steep"])
def test_an_account_within_its_radii_is_safe_however_far_apart_its_positions_were_when_it_was_looked_at(form, sides):
    accounts, dice = accounts_of(form), random.Random(5)
    world, account = accounts.world, accounts.account(0)
    passed = breaches = 0
    for _ in range(TRIALS):
        drawn(dice, accounts, SIDES[sides], 1)
        down, up, found = radii_of(world, account)
        assert not found
        for _ in range(3):
            together(dice, world)
            fall, rise = moved(world)
            breached = bool(is_breached(world, account))
            breaches += breached
            if down > fall and up > rise:
                passed += 1
                assert not breached
    assert passed > 100 and breaches > 100


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("ratio", [2, 30])
def test_an_account_within_the_radii_of_a_look_is_not_warned_however_far_apart_its_positions_were(ratio, sides):
    accounts, dice = accounts_of("plain"), random.Random(6)
    world, account = accounts.world, accounts.account(0)
    p = int(world.traders["population"][accounts.first])
    world.populations[p]["warning_ratio"] = float(ratio)
    row = accounts.first - int(world.populations[p]["first_trader"])
    passed = warned = 0
    for _ in range(TRIALS):
        drawn(dice, accounts, SIDES[sides], ratio)
        note(world, p, row)
        down, up = world.look_radius[:, account]
        for _ in range(3):
            together(dice, world)
            fall, rise = moved(world)
            equity, needed = margin_of(world, account)
            warned += equity < ratio * needed
            if down > fall and up > rise:
                passed += 1
                assert equity >= ratio * needed
    assert passed > 30 and warned > 100


def test_two_longs_whose_prices_come_together_are_found_in_breach():
    """One leg rises back into its own tier's rate while the other falls: the room that it gives back is less."""
    accounts = Accounts("cross")
    accounts.hold(0, 20_000)
    accounts.hold(1, 40_000)
    world, account = accounts.world, accounts.account(0)
    world.instruments["mark_price"] = (1_000, 900)
    accounts.set_buffer(account, 20_000)
    found = []
    for marks in ((1_000, 900), (950, 950)):
        world.instruments["mark_price"] = marks
        found.append(world.queue[0, : breached_accounts(world, False)].tolist())
    assert found == [[], [account]] and accounts.breached(account)


@pytest.mark.parametrize("side", [1, -1])
def test_an_account_with_one_position_is_not_looked_at_before_its_own_price_wherever_the_market_has_been(side):
    """At a rate of 0.4 % and 10 % of equity it is a move of more than 9 % against it that is due."""
    accounts = Accounts("cross")
    accounts.hold(0, side * 500)
    account = accounts.account(0)
    accounts.world.quote_balance[account] = 500 * 1_000 * 2 // 10 - side * 500 * 1_000 * 2
    breached_accounts(accounts.world, False)
    checks, breaches = [], []
    for move in (0, 300, -50, 80, -80, 500, -90, -94, -97):
        accounts.world.instruments["mark_price"][0] = 1_000 + side * move
        before = int(accounts.world.clock[0]["checks"])
        breaches.append(int(breached_accounts(accounts.world, False)))
        checks.append(int(accounts.world.clock[0]["checks"]) - before)
    assert checks[:6] == [0] * 6 and breaches == [0] * 8 + [1]
