"""Calculator and compiled engine on the same accounts: figures, breaches, orders and limits are the same, exactly."""

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hand_made import Traders
from naive_case import answer_to
from small_worlds import VENUE, small_scenario

from sim.calculator.account import to_price, uncovered
from sim.calculator.case import Case
from sim.calculator.numbers import exact
from sim.calculator.prices import liquidation_price
from sim.calculator.report import state
from sim.calculator.rule_book import book_of
from sim.engine.levels import liquidation_levels
from sim.engine.liquidation import liquidate
from sim.liquidation_policies.execution import limit_tick
from sim.liquidation_policies.targets import target_lots
from sim.margin_regimes.dynamics import put_in_force
from sim.rules.bankruptcy import band_tick, equity_share, value_at_mark
from sim.rules.margin import account_margin, initial_margin, is_breached
from sim.terms import entry

NAMES = ("BTC", "ETH")
COUNT = 60
# Initial rates of whole parts of the engine's rate scale, so that its rounding up of rates changes nothing.
TIERS = {
    "BTC": [[0, 0.004, 100], [20_000, 0.01, 50], [80_000, 0.025, 20], [300_000, 0.05, 10]],
    "ETH": [[0, 0.005, 80], [10_000, 0.0125, 40], [50_000, 0.05, 10]],
}
RATES = {name: [row[:2] for row in rows] for name, rows in TIERS.items()}
# What a regime and its schedules have beyond marginal tiers at the mark.
FORMS = {
    "plain": ({}, {}),
    "whole": ({}, {"mode": "whole"}),
    "premium": ({"initial_multiple": 3}, {"slope": 0.0002, "minimum": 40.0}),
    "whole_premium": ({}, {"mode": "whole", "slope": 0.00003, "initial": {"ratio": 1.5}}),
    "root": ({}, {"square_root": 0.003, "minimum": 40.0, "initial": {"tiers": [[0, 0.02]], "square_root": 0.004}}),
    "own_initial": ({}, {"minimum": 25.0, "initial": {"tiers": [[0, 0.02], [30_000, 0.08], [90_000, 0.2]]}}),
    "fee": ({"closing_fee": {"rate": 0.0006, "basis": "mark"}}, {}),
    "entry": ({"notional_basis": "entry", "closing_fee": {"rate": 0.0006, "basis": "mark"}}, {}),
    "whole_entry": ({"notional_basis": "entry"}, {"mode": "whole"}),
    "bankruptcy": ({"closing_fee": {"rate": 0.0006, "basis": "bankruptcy"}}, {}),
    "credit": ({"unrealised_profit_credit": 0.4}, {}),
    "legs": ({"hedge_mode": True}, {}),
    "larger_leg": ({"hedge_mode": True, "netting": "larger_side"}, {}),
    "net_of_legs": ({"hedge_mode": True, "netting": "net"}, {}),
    "legs_entry": (
        {"hedge_mode": True, "notional_basis": "entry", "closing_fee": {"rate": 0.0006, "basis": "mark"}},
        {},
    ),
    "whole_legs": ({"hedge_mode": True, "netting": "larger_side"}, {"mode": "whole"}),
    "legs_credit": ({"hedge_mode": True, "unrealised_profit_credit": 0.4}, {}),
}
# Rates in force other than those stated: whole parts of the scale again. Nothing moves them in these tests.
STILL = {"volatility": {"multiple": 1.0, "least_returns": 20_000}}
MOVED = {"maintenance": STILL, "initial": STILL}
FORMS |= {
    "moved": ({"dynamics": MOVED}, {}),
    "moved_whole": ({"dynamics": MOVED}, {"mode": "whole", "initial": {"tiers": [[0, 0.0125], [30_000, 0.08]]}}),
    "kept": ({"dynamics": {**MOVED, "applies_to": "new"}}, {}),
    "kept_whole": ({"dynamics": {**MOVED, "applies_to": "new"}}, {"mode": "whole", "minimum": 30.0}),
}
RATES_IN_FORCE = {
    "BTC": {"maintenance": 0.0096, "initial": 0.03},
    "ETH": {"maintenance": 0.01, "initial": 0.025},
}
WORLDS = [
    ("cross", "restore", "ioc_at_bankruptcy", "plain"),
    ("cross", "full", "market", "plain"),
    ("isolated", "restore", "market", "plain"),
    ("isolated", "full", "ioc_at_bankruptcy", "plain"),
    ("isolated", "next_tier", "ioc_below_mark", "plain"),
    ("isolated", "restore", "ioc_fillable", "plain"),
    ("cross", "next_tier", "ioc_fillable", "plain"),
    ("cross", "restore", "market", "whole"),
    ("isolated", "restore", "ioc_at_bankruptcy", "whole"),
    ("isolated", "next_tier", "ioc_fillable", "whole"),
    ("cross", "restore", "market", "premium"),
    ("isolated", "full", "market", "whole_premium"),
    ("cross", "restore", "market", "own_initial"),
    ("cross", "restore", "market", "root"),
    ("isolated", "full", "ioc_fillable", "root"),
    ("isolated", "restore", "ioc_fillable", "fee"),
    ("cross", "restore", "market", "entry"),
    ("isolated", "restore", "market", "whole_entry"),
    ("isolated", "next_tier", "market", "whole_entry"),
    ("isolated", "restore", "market", "bankruptcy"),
    ("cross", "full", "market", "bankruptcy"),
    ("isolated", "full", "market", "credit"),
    ("cross", "full", "market", "credit"),
    ("cross", "close_factor", "market", "plain"),
    ("isolated", "next_tier", "resting_at_bankruptcy", "whole"),
    ("cross", "restore", "market", "moved"),
    ("isolated", "next_tier", "ioc_fillable", "moved_whole"),
    ("isolated", "restore", "ioc_at_bankruptcy", "kept"),
    ("cross", "restore", "market", "kept_whole"),
    ("cross", "restore", "market", "legs"),
    ("cross", "restore", "market", "larger_leg"),
    ("cross", "full", "market", "net_of_legs"),
    ("cross", "full", "market", "legs_entry"),
    ("cross", "restore", "market", "whole_legs"),
    ("cross", "full", "market", "legs_credit"),
    ("cross", "restore", "ioc_at_bankruptcy", "fee"),
    ("isolated", "full", "ioc_at_bankruptcy", "bankruptcy"),
]
# Handed over: first orders are the engine's; later ones are not the impact-free twin's, which pays the fee alone.
HANDED = [
    ("cross", "restore", "transfer", "plain"),
    ("isolated", "restore", "dutch_auction", "whole"),
    ("isolated", "close_factor", "transfer", "premium"),
]
TERMS = {"bonus": 0.0005, "transfer_price": "discount", "auction": {"start": 1.0357, "floor": 0.9}}
# Laid over the first worlds: a buffer, and throttles of each kind.
THROTTLES = [
    {"buffer": 0.15},
    {"buffer": 0.07, "throttle": {"max_fraction": 0.137, "min_notional": 900.0}},
    {"throttle": {"max_notional": 25_000.0}},
    {"throttle": {"two_phase": {"above": 30_000.0, "first_fraction": 0.33}, "max_notional": 60_000.0}},
    {"buffer": 0.1},
    {"buffer": 0.1},
    {"throttle": {"ramp": {"start": 0.3, "duration_steps": 9}}},
    {"buffer": 0.05, "throttle": {"ramp": {"start": 0.03}, "max_notional": 9_000.0}},
]
THROTTLED = ["plain"] * 4 + ["premium", "whole", "plain", "plain"]


@entry
def figures_of(world, account):
    return account_margin(world, account)


@entry
def put_rates(world, row):
    put_in_force(world, row)


@entry
def breach_of(world, account):
    return is_breached(world, account)


@entry
def initial_of(world, k, trader, at_entry):
    row = k * world.clock[0]["n_traders"] + trader
    value = abs(world.entry_value[row]) if at_entry else value_at_mark_of(world, k, trader)
    return initial_margin(world, world.instruments[k], world.traders[trader], value, abs(world.position_size[row]))


@entry
def value_at_mark_of(world, k, trader):
    return value_at_mark(world, k, world.position_size[k * world.clock[0]["n_traders"] + trader])


@entry
def order_of(world, k, trader, account):
    """(lots, the policy's own limit, band tick) of the order that would go out first."""
    equity, maintenance = account_margin(world, account)
    size = world.position_size[k * world.clock[0]["n_traders"] + trader]
    side = -1 if size > 0 else 1
    return (
        target_lots(world, int(0), k, trader, abs(size), equity, maintenance),
        limit_tick(world, int(0), k, trader, size, equity_share(world, trader, k)),
        band_tick(world, world.instruments[k], side, world.venues[0]["band_rate"]),
    )


@entry
def discount_tick_of(world, k, sign):
    return band_tick(world, world.instruments[k], -sign, world.venues[0]["discount_rate"])


@entry
def liquidate_once(world, t):
    liquidate(world, t)


class Books:
    """Random accounts, once in the engine's tables and once as cases."""

    def __init__(self, scope, target, execution, form, seed, **more):
        regime, schedule = FORMS[form]
        kept = 1 if "square_root" in schedule else None  # such a premium stands on one rate
        schedules = (
            TIERS if not schedule else {name: {"tiers": rows[:kept], **schedule} for name, rows in RATES.items()}
        )
        liquidation = {
            **VENUE["liquidation"],
            "target": target,
            "execution": execution,
            "fee_rate": 0.003,
            "tiers_down": 2,
            "discount": 0.0135,
            "fillable_spread": 3.0,
            "fillable_adjustment": 0.75,
            "close_factor": 0.333,
            **more,
        }
        chosen = {"venues.venue.margin": {"scope": scope, "schedules": schedules, **regime},
                  "venues.venue.liquidation": liquidation}  # fmt: skip
        self.form, self.rules = form, small_scenario(chosen).venues["venue"].margin
        self.scope, self.traders = scope, Traders(count=COUNT, settings=chosen)
        self.world, self.venue = self.traders.world, small_scenario(chosen).venues["venue"]
        self.atom = Fraction(1, self.traders.quote)
        self.units = [(exact(c.tick_size), exact(c.lot_size)) for c in (self.venue.contracts[n] for n in NAMES)]
        self.world.traders["initial_rate"] = 0
        self.moved = RATES_IN_FORCE if "dynamics" in regime else {}
        for k, name in enumerate(self.moved):
            for side, rate in enumerate(self.moved[name].values()):
                self.world.dynamics[2 * k + side]["rate"] = round(rate * 10**9)
            put_rates(self.world, 2 * k)
        rates = self.world.instruments["maintenance_rate"]
        self.world.positions["margin_rate"] = np.repeat(rates, self.traders.n_traders)
        dice = np.random.default_rng(seed)
        self.marks = [int(dice.integers(800, 1_200)) for _ in NAMES]
        for k, mark in enumerate(self.marks):
            self.world.instruments[k]["mark_price"] = mark
        self.cases = [self._account(dice, i) for i in range(COUNT)]

    def _account(self, dice, i):
        """One or two positions with entries near the mark and money around the requirement."""
        held = [k for k in (0, 1) if dice.random() < 0.8] or [0]
        positions, wallet = [], 0
        for k in held:
            lots = int(dice.integers(1, 40_000)) * int(dice.choice([-1, 1]))
            entry_tick = self.marks[k] + int(dice.integers(-60, 61))
            tick, lot = self.units[k]
            unit = int(self.world.instruments[k]["tick_value"])
            needed = abs(lots) * self.marks[k] * unit
            money = int(needed * dice.uniform(0.0, 0.06)) + max(lots * (entry_tick - self.marks[k]) * unit, 0)
            row = k * self.traders.n_traders + self.traders.first + i
            self.world.position_size[row] = lots
            self.world.entry_value[row] = lots * entry_tick * unit
            self.world.quote_balance[self.traders.account(i, k)] += money - lots * entry_tick * unit
            position = {"instrument": NAMES[k], "side": "long" if lots > 0 else "short", "size": float(abs(lots) * lot),
                        "entry_price": float(entry_tick * tick)}  # fmt: skip
            if self.scope == "isolated":
                position["isolated_collateral"] = float(money * self.atom)
            wallet += money
            positions.append(position)
            if self.rules.hedge_mode and dice.random() < 0.6:
                positions.append(self._pair(dice, i, k, lots, entry_tick))
        collateral = 0.0 if self.scope == "isolated" else float(wallet * self.atom)
        marks = {
            name: float(mark * self.units[k][0]) for k, (name, mark) in enumerate(zip(NAMES, self.marks, strict=True))
        }
        return {"venue": "venue", "collateral": collateral, "mark_prices": marks, "positions": positions,
                "rates_in_force": self.moved}  # fmt: skip

    def _pair(self, dice, i, k, lots, entry_tick):
        """The second leg, smaller than the first or as large: its lots are locked with as many of the first."""
        row = k * self.traders.n_traders + self.traders.first + i
        locked = int(dice.integers(1, abs(lots) + 1))
        tick, lot = self.units[k]
        unit, own_tick = int(self.world.instruments[k]["tick_value"]), self.marks[k] + int(dice.integers(-60, 61))
        side, legs = 1 if lots > 0 else -1, self.world.legs[row]
        legs["locked"] = locked
        costs = {side: side * locked * entry_tick * unit, -side: -side * locked * own_tick * unit}
        legs["long_value"], legs["short_value"] = costs[1], costs[-1]
        self.world.quote_balance[self.traders.account(i, k)] -= costs[-side]
        self.world.position_size[row] = lots - side * locked
        self.world.entry_value[row] = (lots - side * locked) * entry_tick * unit
        return {"instrument": NAMES[k], "side": "short" if lots > 0 else "long", "size": float(locked * lot),
                "entry_price": float(own_tick * tick)}  # fmt: skip

    def statement(self, i):
        record = Case.model_validate(self.cases[i])
        return state(record, book_of(record, self.venue))

    def accounts(self):
        """(number, exact account, row of the engine's account, its trader) of every account."""
        for i in range(COUNT):
            for account in self.statement(i).accounts:
                k = NAMES.index(account.legs[0].instrument) if self.scope == "isolated" else 0
                yield i, account, self.traders.account(i, k), self.traders.first + i


def netted_atoms(books, account):
    """Maintenance in atoms, each leg rounded up: of an instrument's legs all, the larger, or the rest."""
    total = 0
    for name in {leg.instrument for leg in account.legs}:
        legs = account.legs_of(name)
        if books.rules.netting == "net":
            legs = uncovered(legs)
        margins = [ceil(account.leg_requirement(leg, initial=False) / books.atom) for leg in legs]
        total += max(margins) if books.rules.netting == "larger_side" else sum(margins)
    return total


def is_hedge(account, name):
    """Whether an account has both legs of an instrument."""
    return len({leg.is_long for leg in account.legs if leg.instrument == name}) == 2


def tolerance(books):
    """Lots by which orders may differ: the calculator draws a line through a tier of rounded amounts."""
    return 1 if "whole" in books.form or books.rules.hedge_mode else 0


@pytest.fixture(params=WORLDS + HANDED, ids="-".join)
def books(request):
    handed = request.param in HANDED
    return Books(*request.param, seed=(WORLDS + HANDED).index(request.param), **(TERMS if handed else {}))


def test_equity_maintenance_initial_and_breach_are_the_engines(books):
    breached = 0
    for _, account, row, trader in books.accounts():
        equity, maintenance = figures_of(books.world, row)
        assert account.liquidatable == bool(breach_of(books.world, row))
        breached += account.liquidatable
        withheld = sum(max(leg.profit, 0) for leg in account.legs) * (1 - exact(books.rules.unrealised_profit_credit))
        assert account.equity + withheld == int(equity) * books.atom
        if books.rules.hedge_mode:
            roundings = len(account.legs) + len({leg.instrument for leg in account.legs if withheld > 0})
            assert 0 <= int(maintenance) - (account.maintenance + withheld) / books.atom < roundings
            assert withheld > 0 or int(maintenance) == netted_atoms(books, account)
            continue
        legs = [account.leg_requirement(leg, initial=False) for leg in account.legs]
        if withheld == 0:
            assert sum(ceil(margin / books.atom) for margin in legs) == int(maintenance)
        assert 0 <= int(maintenance) - (sum(legs) + withheld) / books.atom < len(legs)
        for leg in account.legs:
            at_entry = books.rules.notional_basis == "entry"
            initial = initial_of(books.world, NAMES.index(leg.instrument), trader, at_entry)
            if books.form not in ("entry", "bankruptcy"):  # an order's fee counts on the notional at hand
                assert ceil(account.leg_requirement(leg, initial=True) / books.atom) == int(initial)
    assert COUNT // (20 if books.rules.hedge_mode else 12) < breached


def test_order_sizes_and_limits_are_the_engines(books):
    sent, parts = 0, 0
    for i, account, row, trader in books.accounts():
        if not account.liquidatable or any(is_hedge(account, leg.instrument) for leg in account.legs):
            continue  # pairs go first: what is sent after them is compared below
        answer = answer_to(books.cases[i], books.venue)
        names = [leg.instrument for leg in account.legs]
        order = next(o for o in answer["liquidation"]["orders"] if o["instrument"] in names)
        k = NAMES.index(order["instrument"])
        tick, lot = books.units[k]
        size = int(books.world.position_size[k * books.traders.n_traders + trader])
        lots, own, band = order_of(books.world, k, trader, row)
        value = int(value_at_mark_of(books.world, k, trader)) // abs(size)
        budget = int(books.world.venues[0]["cap_atoms"]) // value
        assert abs(exact(order["size"]) / lot - min(int(lots), budget)) <= tolerance(books)
        limit = int(band)
        if books.venue.liquidation.execution == "dutch_auction":
            away = ceil(books.marks[k] * Fraction(357, 10_000))
            limit = books.marks[k] + (away if size > 0 else -away)
        elif books.venue.liquidation.execution == "transfer":
            asked = int(discount_tick_of(books.world, k, 1 if size > 0 else -1))
            limit = max(asked, int(own)) if size > 0 else min(asked, int(own))
        elif books.venue.liquidation.execution != "market":
            limit = max(limit, int(own)) if size > 0 else min(limit, int(own))
        assert round(exact(order["limit_price"]) / tick) == limit
        assert order["limit_price"] == pytest.approx(float(limit * tick), rel=1e-12)
        sent, parts = sent + 1, parts + (int(lots) < abs(size))
    if books.rules.hedge_mode:
        assert sent > 0
    else:
        assert sent > COUNT // 12 and (parts > 2 or books.venue.liquidation.target == "full")


def test_the_engines_breach_begins_within_one_tick_of_the_printed_price(books):
    moved = 0
    for _, account, row, _ in books.accounts():
        for leg in account.legs:
            price = to_price(liquidation_price(account, leg.instrument), False)
            if price is None:
                continue
            k = NAMES.index(leg.instrument)
            tick, here = books.units[k][0], books.marks[k]
            at = price / tick
            if at > 1 << 20:
                continue
            found = []
            hedge = is_hedge(account, leg.instrument)
            marks = (ceil(at) - 1, ceil(at)) if at.denominator > 1 else (int(at) - 1, int(at), int(at) + 1)
            for mark in range(ceil(at) - 6, ceil(at) + 6) if hedge else marks:  # a pair's buffer hardly moves in a tick
                books.world.instruments[k]["mark_price"] = mark
                found.append(bool(breach_of(books.world, row)))
            books.world.instruments[k]["mark_price"] = here
            # A long is in breach below the price, a short above it; at the price itself it is still safe.
            if hedge:
                assert set(found) == {True, False}, (leg, float(at))
                moved += 1
                continue
            wanted = [True] + [False] * (len(found) - 1) if leg.is_long else [False] * (len(found) - 1) + [True]
            assert found == wanted, (leg, float(at))
            moved += 1
    assert moved > COUNT


def test_the_liquidation_map_draws_the_same_prices(books):
    compared = 0
    if books.form == "bankruptcy" and books.scope == "cross":
        return  # the map leaves the fees of other positions as they are
    for k, name in enumerate(NAMES):
        for i, account, _, trader in books.accounts():
            leg = next((leg for leg in account.legs if leg.instrument == name), None)
            if is_hedge(account, name):
                continue  # both ways may be the losing one: the map follows the net position
            price = None if leg is None else liquidation_price(account, name)
            tick = float(books.units[k][0])
            row = np.array([trader])
            if leg is not None:
                drawn, _ = liquidation_levels(books.world, k, row, tick, float(books.atom))
                wanted = [] if price is None else [pytest.approx(float(price), rel=1e-9)]
                assert drawn.tolist() == wanted, (i, name)
                compared += 1
    assert compared > COUNT // (3 if books.rules.hedge_mode else 1)


@pytest.mark.parametrize(
    ("scope", "target", "execution", "form", "more"),
    [(*world, {}) for world in WORLDS]
    + [("cross", "restore", "market", form, more) for form, more in zip(THROTTLED, THROTTLES, strict=True)],
)
def test_all_orders_of_an_account_are_those_that_the_engine_executes_in_one_round(scope, target, execution, form, more):
    """Closed at the mark against the outside world: what is left is the position less the orders."""
    books = Books(scope, target, execution, form, seed=9, **more)
    books.world.venues["impact_on"], books.world.venues["rounds_max"], books.world.venues["cap_atoms"] = 0, 1, -1
    before = books.world.position_size.copy()
    no_cap = {"liquidation": {"cap_per_step": None}}  # the engine's is shared by all accounts
    orders = [answer_to(case | no_cap, books.venue)["liquidation"]["orders"] for case in books.cases]
    liquidate_once(books.world, 0)
    assert int(books.world.clock[0]["error"]) == 0
    for i, sent in enumerate(orders):
        for k, name in enumerate(NAMES):
            lots = sum(exact(order["size"]) for order in sent if order["instrument"] == name) / books.units[k][1]
            row = k * books.traders.n_traders + books.traders.first + i
            closed = abs(int(before[row])) - abs(int(books.world.position_size[row]))
            assert abs(closed - lots) <= tolerance(books), (i, name)
    assert sum(len(sent) for sent in orders) >= COUNT // 10
    if more:  # and the dial has changed what is sent
        without = {"liquidation": {"cap_per_step": None, "buffer": 0.0, "throttle": None}}
        assert orders != [answer_to(case | without, books.venue)["liquidation"]["orders"] for case in books.cases]
