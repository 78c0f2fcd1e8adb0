"""Requirements beyond marginal tiers at the mark: premium, minimum, closing fee, entry notional, profit in part."""

from fractions import Fraction
from math import ceil, isqrt

import pytest
from naive_margin import NaiveMargin
from order_desk import Desk
from small_worlds import TIERS, empty_session, small_scenario, small_session

from sim.liquidation_policies.targets import target_lots
from sim.rules.brute_force import sweep_all
from sim.rules.margin import account_margin, is_breached
from sim.rules.rounding import ceil_root
from sim.rules.safe_radius import sweep
from sim.scenario.schedules import margin_of
from sim.terms import entry
from sim.terms.vocabulary import BUY, LIMIT, SELL

RATES = {name: [row[:2] for row in rows] for name, rows in TIERS.items()}
SCOPES = ("cross", "isolated")


def schedules(**more):
    return {name: {"tiers": rows, **more} for name, rows in RATES.items()}


FORMS = {
    "whole": {"schedules": schedules(mode="whole")},
    "premium": {"schedules": schedules(slope=0.0002, minimum=40.0)},
    "root": {
        "schedules": {
            "BTC": {"tiers": RATES["BTC"][:1], "square_root": 0.0007, "initial": {"tiers": [[0, 0.02]]}},
            "ETH": {"tiers": RATES["ETH"][:1], "square_root": 0.002, "initial": {"max_leverage": 50}},
        }
    },
    "whole_premium": {"schedules": schedules(mode="whole", slope=0.0002)},
    "fee": {"closing_fee": {"rate": 0.0006, "basis": "mark"}},
    "bankruptcy": {"closing_fee": {"rate": 0.0006, "basis": "bankruptcy"}},
    "entry": {"notional_basis": "entry"},
    "whole_entry": {"notional_basis": "entry", "schedules": schedules(mode="whole")},
    "credit": {"unrealised_profit_credit": 0.3},
}


def margin_settings(form, scope="cross"):
    return {"venues.venue.margin": {"scope": scope, "schedules": TIERS, **FORMS[form]}}


@entry
def breached_accounts(world, all_of_them):
    return sweep_all(world) if all_of_them else sweep(world)


@entry
def is_in_breach(world, account):
    return is_breached(world, account)


@entry
def maintenance_of_account(world, account):
    return account_margin(world, account)[1]


@entry
def lots_of(world, k, trader, account):
    equity, maintenance = account_margin(world, account)
    held = abs(world.position_size[k * world.clock[0]["n_traders"] + trader])
    return target_lots(world, int(0), k, trader, held, equity, maintenance)


class Account:
    """One flat owner of an empty market whose position and balance are written straight into the tables."""

    def __init__(self, settings):
        self.session = empty_session(1, 0.0, settings)
        self.world, self.naive = self.session.world, NaiveMargin(small_scenario(settings), self.session)
        self.owner = self.naive.n_traders - 1
        self.row = self.naive.account_of(self.owner, 0)

    def hold(self, lots, entry_tick):
        self.world.position_size[self.owner] = lots
        self.world.entry_value[self.owner] = lots * entry_tick * int(self.world.instruments[0]["tick_value"])

    def naive_breach(self):
        return self.naive.is_breached(self.row, self.world.quote_balance.tolist(), self.world.position_size.tolist())

    def least_safe_balance(self):
        """Leave the account with the smallest balance that the naive rule calls safe."""
        low, high = -(10**12), 10**12
        while high - low > 1:
            self.world.quote_balance[self.row] = (low + high) // 2
            low, high = (self.world.quote_balance[self.row], high) if self.naive_breach() else (low, (low + high) // 2)
        self.world.quote_balance[self.row] = high
        return int(high)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("form", FORMS)
def test_account_exactly_at_maintenance_margin_is_not_liquidated_in_any_form(form, scope):
    account = Account(margin_settings(form, scope))
    for lots in (1, 700, 1_999, 2_000, 2_001, 9_000, -1, -700, -1_999, -2_000, -2_001, -9_000):
        for entry_tick in (900, 1_000, 1_080):
            account.hold(lots, entry_tick)
            least = account.least_safe_balance()
            assert not is_in_breach(account.world, account.row), (lots, entry_tick)
            account.world.quote_balance[account.row] = least - 1
            assert is_in_breach(account.world, account.row), (lots, entry_tick)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("form", FORMS)
def test_the_index_and_the_sweep_of_all_find_the_naive_breaches_while_marks_wander(form, scope):
    settings = {**margin_settings(form, scope), "populations.speculators.count": 150}
    session = small_session(settings, seed=4)
    naive, world = NaiveMargin(small_scenario(settings), session), session.world
    exempt = world.populations["exempt"][world.traders["population"]] != 0
    held = [
        row for row in range(len(world.position_size)) if world.position_size[row] and not exempt[row % naive.n_traders]
    ]
    accounts = sorted({naive.account_of(row % naive.n_traders, row // naive.n_traders) for row in held})
    start, found = world.instruments["mark_price"].copy(), 0
    for step in range(40):
        turn = step if step < 20 else 40 - step  # down, and up beyond the start
        world.instruments["mark_price"] = start - (start * turn) // 200 + (start * (step % 7)) // 300 * (1 + step // 20)
        lists = world.quote_balance.tolist(), world.position_size.tolist(), world.entry_value.tolist()
        wanted = [account for account in accounts if naive.is_breached(account, *lists)]
        for all_of_them in (False, True):
            n = breached_accounts(world, all_of_them)
            assert world.queue[0, :n].tolist() == wanted, (step, all_of_them)
        found += len(wanted)
    assert found > 20


@pytest.mark.parametrize("side", [1, -1])
def test_a_rise_over_the_edge_of_a_whole_tier_liquidates_and_the_index_sees_it(side):
    account = Account(margin_settings("whole"))
    account.hold(side * 1_999, 1_000)  # 19,990 quote units: one tick more reaches the tier that begins at 20,000
    world, seen = account.world, []
    world.quote_balance[account.row] = 200 * 100 - side * 1_999 * 1_000 * 2  # 100 quote units of equity
    for mark in (1_000, 1_001, 1_000):
        world.instruments[0]["mark_price"] = mark
        seen.append([int(breached_accounts(world, all_of_them)) for all_of_them in (False, True)])
    assert seen == [[0, 0], [1, 1], [0, 0]]


@pytest.mark.parametrize(("rows", "cheaper"), [(RATES["BTC"], True), ([[0, 0.01]], False)])
@pytest.mark.parametrize("mode", ["marginal", "whole"])
def test_splitting_a_position_lowers_the_requirement_under_tiers_and_not_under_a_flat_rate(rows, cheaper, mode):
    own = {"BTC": {"tiers": rows, "mode": mode}, "ETH": {"tiers": RATES["ETH"]}}
    account = Account({"venues.venue.margin": {"scope": "cross", "schedules": own}})
    account.hold(3_000, 1_000)
    whole = maintenance_of_account(account.world, account.row)
    account.hold(1_500, 1_000)
    half = maintenance_of_account(account.world, account.row)
    assert 2 * half < whole if cheaper else 2 * half == whole


def test_initial_margin_alone_never_liquidates():
    session = small_session({"populations.speculators.count": 200}, seed=4)
    world = session.world
    world.instruments["mark_price"] -= world.instruments["mark_price"] // 10
    n = breached_accounts(world, True)
    before = world.queue[0, :n].tolist()
    for row in world.instruments:
        first = int(row["first_initial_tier"])
        world.tiers["rate"][first : first + int(row["n_initial_tiers"])] = world.clock[0]["rate_scale"]
    world.traders["initial_rate"] = world.clock[0]["rate_scale"]
    for all_of_them in (False, True):
        n = breached_accounts(world, all_of_them)
        assert world.queue[0, :n].tolist() == before
    assert len(before) > 10


@pytest.mark.parametrize("form", ["whole", "whole_premium", "whole_entry"])
@pytest.mark.parametrize("side", [1, -1])
def test_restoring_under_whole_tiers_closes_the_fewest_lots_that_comply(form, side):
    settings = {**margin_settings(form), "venues.venue.liquidation": {"fee_rate": 0.006, "cap_per_step": None}}
    account, parts = Account(settings), 0
    world = account.world
    for held in (300, 1_990, 2_000, 2_030, 2_600, 8_100):
        account.hold(side * held, 1_000 + 3 * side)
        least = account.least_safe_balance()
        for short_of in (1, 50, 4_000, 20_000):
            account.hold(side * held, 1_000 + 3 * side)
            world.quote_balance[account.row] = least - short_of
            lots = int(lots_of(world, 0, account.owner, account.row))
            wanted = fewest(account, side, held)
            assert lots == wanted, (held, short_of)
            parts += lots < held
    assert parts > 5


def fewest(account, side, held):
    """By trying all: close n lots at the mark, pay the fee of 0.6 %, ask the naive rule."""
    world = account.world
    balance, entry_value = int(world.quote_balance[account.row]), int(world.entry_value[account.owner])
    equity = balance + side * held * 2_000
    for n in range(1, held if equity > 0 else 1):
        released = abs(entry_value) * n // held
        account.world.position_size[account.owner] = side * (held - n)
        account.world.entry_value[account.owner] = entry_value - side * released
        world.quote_balance[account.row] = balance + side * n * 2_000 - ceil(Fraction(6, 1_000) * n * 2_000)
        safe = not account.naive_breach()
        world.position_size[account.owner], world.entry_value[account.owner] = side * held, entry_value
        world.quote_balance[account.row] = balance
        if safe:
            return n
    return held


INITIALS = {
    "ratio": schedules(initial={"ratio": 2.5}),
    "marginal": schedules(initial={"tiers": [[0, 0.02], [15_000, 0.2]], "mode": "marginal"}),
    "stated": schedules(initial={"tiers": [[0, 0.02], [15_000, 0.2]]}),
    "leverage": {name: {"tiers": rows[:1], "initial": {"max_leverage": 50}} for name, rows in RATES.items()},
    "premium": schedules(slope=0.001, minimum=150.0, initial={"ratio": 1.5}),
    "root": {
        name: {"tiers": rows[:1], "square_root": 0.003, "initial": {"max_leverage": 50, "square_root": 0.01}}
        for name, rows in RATES.items()
    },
    "default": schedules(),
}


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("form", INITIALS)
def test_an_order_is_admitted_exactly_at_its_initial_margin_in_every_form(form, side):
    settings = {"venues.venue.margin": {"scope": "cross", "schedules": INITIALS[form]}}
    desk, scenario = Desk(settings), small_scenario(settings)
    desk.world.traders["initial_rate"] = 0
    margin = margin_of(scenario, scenario.instruments[0])
    for owner, lots in enumerate((3, 1_400, 2_111), start=1):
        price = 1_000 - (10 + owner) * side
        value = Fraction(lots * price, 100)  # quote units; a lot is a hundredth of a coin
        needed = ceil(margin.initial_by_notional(Fraction(lots, 100)).at(value) * 200)
        found = []
        for missing in (1, 0):
            desk.world.quote_balance[desk.first + owner] = needed - missing
            desk.send(LIMIT, side, owner, price, lots)
            found.append(desk.at(price))
        assert found == [0, lots], (form, lots)


@entry
def root_of(value):
    return ceil_root(value)


def test_a_root_is_rounded_up_to_the_next_whole_number_and_exact_for_squares():
    for side in (0, 1, 2, 3, 10, 46_341, 94_906_267, 2_000_000_000, 2_147_483_647):
        for value in (side * side, side * side - 1, side * side + 1):
            if value >= 0:
                assert root_of(value) == isqrt(value) + (isqrt(value) ** 2 < value)
