"""Inverse contracts in the engine: paid in coins, exact in atoms, and judged as the calculator judges them."""

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from small_worlds import CRASH, STRESS, inverse_settings, small_scenario, small_session

from sim.calculator.account import Account, Leg, Rules
from sim.calculator.numbers import exact
from sim.calculator.prices import liquidation_price
from sim.engine.levels import liquidation_levels
from sim.rules.admission import admits
from sim.rules.bankruptcy import bankruptcy_tick
from sim.rules.margin import account_margin, is_breached
from sim.rules.worth import unit
from sim.scenario.contracts import coin_atom
from sim.scenario.schedules import margin_of
from sim.terms import entry

LOT = 10  # quote units, paid in coins
COUNT = 40
FORMS = {
    "tiers": ({}, {}),
    "whole": ({}, {"mode": "whole"}),
    "entry": ({"notional_basis": "entry"}, {}),
    "fee": ({"closing_fee": {"rate": 0.0006, "basis": "mark"}}, {}),
    "bankruptcy": ({"closing_fee": {"rate": 0.0006, "basis": "bankruptcy"}}, {}),
}


@entry
def margin_at(world, account, mark):
    world.instruments[0]["mark_price"] = mark
    equity, maintenance = account_margin(world, account)
    return equity, maintenance, is_breached(world, account)


@entry
def worth_of(world, lots, price):
    return lots * unit(world.instruments[0], price)


@entry
def bankrupt_at(world, lots, share):
    return bankruptcy_tick(world.instruments[0], lots, share)


@entry
def admitted(world, owner, side, price, lots):
    return admits(world, owner, int(0), side, price, lots)


class Coins:
    """Random accounts with one inverse position each, in the tables and in fractions."""

    def __init__(self, form="tiers", scope="cross", seed=1):
        regime, schedule = FORMS[form]
        chosen = inverse_settings({"venues.venue.margin.scope": scope})
        tiers = chosen["venues.venue.margin.schedules"]["BTC"]
        if schedule:
            tiers = {"tiers": [row[:2] for row in tiers], **schedule}
        chosen["venues.venue.margin.schedules"] = {"BTC": tiers}
        chosen |= {f"venues.venue.margin.{name}": value for name, value in regime.items()}
        self.scenario = small_scenario(chosen)
        self.session = small_session(chosen)
        self.world, self.atom = self.session.world, coin_atom(self.scenario)
        self.n_traders = int(self.world.clock[0]["n_traders"])
        names = self.session.names.populations
        self.first = int(self.world.populations[names.index("speculators")]["first_trader"])
        for column in ("position_size", "entry_value", "quote_balance"):
            getattr(self.world, column)[:] = 0
        self.rules = Rules(
            notional_basis=regime.get("notional_basis", "mark"),
            fee_rate=exact(regime.get("closing_fee", {}).get("rate", 0.0)),
            fee_basis=regime.get("closing_fee", {}).get("basis", "none"),
        )
        self.margin = margin_of(self.scenario, self.scenario.instruments[0])
        dice = np.random.default_rng(seed)
        self.mark = int(dice.integers(900, 1_100))
        self.accounts = [self._account(dice, i, scope) for i in range(COUNT)]

    def coordinate(self, tick, rounded=True):
        """Coins of a quote unit; as the engine has them, of whole atoms a lot."""
        if rounded:
            return -int(worth_of(self.world, 1, tick)) * self.atom / LOT
        return Fraction(1, int(tick))

    def _account(self, dice, i, scope):
        lots, tick = int(dice.integers(1, 30_000)) * int(dice.choice([-1, 1])), self.mark + int(dice.integers(-60, 61))
        row, cost = self.first + i, int(worth_of(self.world, lots, tick))
        account = row + (self.n_traders if scope == "isolated" else 0)
        loss = max(cost - int(worth_of(self.world, lots, self.mark)), 0)
        money = int(abs(cost) * dice.uniform(0.0, 0.08)) + loss
        self.world.position_size[row], self.world.entry_value[row] = lots, cost
        self.world.quote_balance[account] = money - cost
        return account, lots, tick, money

    def exactly(self, i, rounded=True):
        _, lots, tick, money = self.accounts[i]
        leg = Leg(
            row=0, instrument="BTC", is_long=lots > 0, inverse=True, size=Fraction(abs(lots) * LOT),
            entry=self.coordinate(tick, rounded), mark=self.coordinate(self.mark, rounded), margin=self.margin,
        )  # fmt: skip
        return Account(money * self.atom, (leg,), self.rules)


@pytest.fixture(params=[(form, scope) for form in FORMS for scope in ("cross", "isolated")], ids="-".join)
def coins(request):
    return Coins(*request.param)


def test_engine_and_calculator_agree_to_the_atom(coins):
    breached = 0
    for i, (account, *_) in enumerate(coins.accounts):
        equity, maintenance, breach = margin_at(coins.world, account, coins.mark)
        known = coins.exactly(i)
        assert known.equity == int(equity) * coins.atom
        assert ceil(known.maintenance / coins.atom) == int(maintenance)
        assert known.liquidatable == bool(breach)
        breached += known.liquidatable
    assert 3 < breached < COUNT - 3


def test_the_breach_begins_within_a_tick_of_the_calculators_price(coins):
    moved = 0
    for i, (account, lots, *_) in enumerate(coins.accounts):
        price = liquidation_price(coins.exactly(i, rounded=False), "BTC")
        if price is None or not 50 < price < 100_000:
            continue
        low, high = (bool(margin_at(coins.world, account, tick)[2]) for tick in (ceil(price) - 2, ceil(price) + 1))
        assert (low, high) == ((True, False) if lots > 0 else (False, True))
        moved += 1
    assert moved > COUNT // 2


def test_the_liquidation_map_draws_the_calculators_prices(coins):
    coins.world.instruments[0]["mark_price"] = coins.mark
    for i in range(COUNT):
        price = liquidation_price(coins.exactly(i, rounded=False), "BTC")
        drawn, _ = liquidation_levels(coins.world, 0, np.array([coins.first + i]), 1.0, float(coins.atom))
        near = [float(price)] if price is not None and price < 1e6 else []
        assert [at for at in drawn.tolist() if at < 1e6 and at > 1e-3] == pytest.approx(near, rel=1e-4)


def test_the_bankruptcy_tick_is_the_last_that_leaves_nothing_owed():
    coins = Coins()
    world, ends = coins.world, 0
    last = int(world.instruments[0]["ladder"] + world.instruments[0]["n_levels"]) - 1
    for account, lots, *_ in coins.accounts:
        equity = int(margin_at(world, account, coins.mark)[0])
        tick = int(bankrupt_at(world, lots, equity))

        def left(price, lots=lots, equity=equity):
            return equity + int(worth_of(world, lots, price)) - int(worth_of(world, lots, coins.mark))

        if tick == last:
            ends += 1
            continue
        side = 1 if lots > 0 else -1
        assert left(tick) >= 0 > left(tick - side)
    assert ends < COUNT // 4


def test_a_long_loses_more_coins_going_down_than_it_wins_going_up():
    """10,000 quote units at 1,000 are 10 coins: 12.5 at 800, so 2.5 are lost; 8.3333 at 1,200, so 1.6667 are won."""
    coins = Coins()
    worth = {price: int(worth_of(coins.world, 1_000, price)) * coins.atom for price in (800, 1_000, 1_200)}
    assert worth[800] - worth[1_000] == Fraction(-5, 2)
    assert float(worth[1_200] - worth[1_000]) == pytest.approx(5 / 3, abs=1e-5)


def test_bybits_inverse_example_without_its_fee():
    """10,000 contracts of a dollar from 8,000, 0.5 coins: 1.25 + 0.5 coins are what may be owed, at 5,714.29."""
    coins = Coins()
    coins.world.instruments[0]["mark_price"], coins.world.instruments[0]["n_levels"] = 8_000, 1 << 14
    share = int(Fraction(1, 2) / coins.atom)
    assert int(bankrupt_at(coins.world, 10_000 // LOT, share)) == 5_715


def test_rounding_a_lot_up_never_makes_a_requirement_too_small():
    coins = Coins()
    for tick in range(700, 1_400):
        own = -int(worth_of(coins.world, 1, tick)) * coins.atom
        assert 0 <= own - Fraction(LOT, tick) < coins.atom


def test_an_order_is_admitted_up_to_the_coins_that_it_needs():
    """At 20 times 100 coins carry 2,000: of 0.01 coins a lot at 1,000, 0.011 at 900; the worse price is reserved."""
    coins = Coins()
    owner = coins.first
    coins.world.position_size[owner] = coins.world.entry_value[owner] = 0
    coins.world.quote_balance[owner] = int(1 / coins.atom)
    coins.world.traders[owner]["initial_rate"] = int(coins.world.clock[0]["rate_scale"]) // 20
    coins.world.instruments[0]["mark_price"] = 1_000
    assert admitted(coins.world, owner, 1, 1_000, 2_000) and not admitted(coins.world, owner, 1, 1_000, 2_001)
    assert not admitted(coins.world, owner, 1, 900, 1_801) and admitted(coins.world, owner, -1, 1_200, 2_300)


def test_money_is_conserved_in_every_step_of_a_cascade_and_the_short_cut_finds_what_looking_at_everybody_finds():
    """The audit, every step, raises otherwise."""
    storm = inverse_settings({
        **STRESS, **CRASH, "populations.speculators.leverage_median": 40.0, "populations.speculators.count": 120,
    })  # fmt: skip
    found = []
    for check in ("safe_radius", "brute_force"):
        session = small_session({**storm, "margin_check": check})
        before = int(session.world.quote_balance.sum())
        session.advance(80)
        assert int(session.world.quote_balance.sum()) == before
        events = session.take_events()
        found.append((session.digest(), events.tobytes()))
    assert found[0] == found[1]
    assert (events["kind"] == 0).sum() > 5


THIRDS = {"BTC": {"tick_size": 0.3, "lot_size": 1.0, "contract": "inverse"}}


@pytest.mark.parametrize(
    ("word", "change"),
    [("arithmetic", {"prices": "arithmetic"}), ("hedge_mode", {"venues.venue.margin.hedge_mode": True}),
     ("a whole number", {"venues.venue.contracts": THIRDS}),
     ("slope and square_root", {"venues.venue.margin.schedules": {"BTC": {"tiers": [[0, 0.01]], "slope": 0.001}}})],
)  # fmt: skip
def test_what_needs_linear_contracts_and_coins_that_are_no_whole_atoms_are_refused(word, change):
    with pytest.raises(AssertionError, match=word):
        small_scenario({**inverse_settings(), **change})


def test_a_world_has_one_money():
    mixed = {"BTC": {"tick_size": 1.0, "lot_size": 10.0, "contract": "inverse"},
             "ETH": {"tick_size": 0.1, "lot_size": 0.05}}  # fmt: skip
    with pytest.raises(AssertionError, match="ETH is linear beside an inverse contract"):
        small_scenario({"venues.venue.contracts": mixed})
    mixed["ETH"]["contract"] = "inverse"
    with pytest.raises(AssertionError, match="each paid in their own coin"):
        small_scenario({"venues.venue.contracts": mixed})
