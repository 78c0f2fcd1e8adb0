"""Cross to isolated margin and back with positions open: what moves, who is refused, and that nothing else changes."""

import numpy as np
import pytest
from breach import START, TICK_VALUE, Breach, send
from isolated import digests_elsewhere
from small_worlds import CRASH, POPULATIONS, STRESS, everybody_is_due, small_scenario, small_session

from sim.rules.scope import switch_scope
from sim.terms import entry
from sim.terms.vocabulary import BUY, EVENT_KINDS, SELL

SCHEDULES = {name: {"tiers": [[0, 0.05]], "initial": {"max_leverage": 10}} for name in ("BTC", "ETH")}
CROSS, ISOLATED = 0, 1
LOTS, NEEDED = 100, (20_000, 10_000)  # initial margin of so many lots in either instrument, atoms


@entry
def switch(world, trader, isolated):
    return switch_scope(world, trader, isolated)


class Stage(Breach):
    """A cross account that is long of one instrument and short of the other."""

    def __init__(self, equity):
        later = {"switches": [{"step": 70, "population": "noise", "to": "isolated"}]}
        super().__init__(margin={"schedules": SCHEDULES}, settings=later)
        self.hold(0, LOTS)
        self.hold(0, -LOTS, k=1)
        self.pay(equity)

    def pay(self, atoms):
        self.world.quote_balance[self.first] += atoms

    def switch(self, isolated):
        """(kind, amount) of what happens, which moves no money between traders."""
        before = self.world.quote_balance.reshape(3, -1).sum(axis=0)
        switch(self.world, self.first, isolated)
        assert int(self.world.clock[0]["error"]) == 0
        assert (self.world.quote_balance.reshape(3, -1).sum(axis=0) == before).all()
        kinds = ((EVENT_KINDS[row["kind"]], int(row["amount"])) for row in self.session.take_events())
        return [event for event in kinds if event[0].startswith("scope")]

    def equities(self):
        """Of the wallet, or cross account, and of the two isolated positions."""
        world, n = self.world, self.n_traders
        own = [int(world.quote_balance[n * (1 + k) + self.first]) for k in range(2)]
        worth = [self.size(0, k) * int(world.instruments[k]["mark_price"]) * TICK_VALUE[k] for k in range(2)]
        if world.traders[self.first]["isolated"]:
            return [int(world.quote_balance[self.first]), own[0] + worth[0], own[1] + worth[1]]
        assert own == [0, 0]
        return [int(world.quote_balance[self.first]) + sum(worth), 0, 0]


def test_each_position_gets_its_initial_margin_and_the_wallet_keeps_the_rest():
    stage = Stage(50_000)
    assert stage.switch(ISOLATED) == [("scope_switch", 0)]
    assert stage.equities() == [20_000, *NEEDED]
    assert stage.switch(ISOLATED) == []  # it is so already


@pytest.mark.parametrize("move", [0, -7, 9])
def test_there_and_back_restores_every_balance_to_the_atom(move):
    stage = Stage(60_000)
    for k in range(2):
        stage.set_mark(START + move, k)
    before = stage.world.quote_balance.copy()
    stage.switch(ISOLATED)
    assert stage.equities()[1:] == [NEEDED[k] * (START + move) // START for k in range(2)]
    assert stage.switch(CROSS) == [("scope_switch", 0)]
    assert (stage.world.quote_balance == before).all()


@pytest.mark.parametrize("to", [ISOLATED, CROSS])
def test_who_would_be_below_initial_margin_is_refused_and_who_is_exactly_at_it_is_not(to):
    for missing, expected in ((0, "scope_switch"), (1, "scope_refused")):
        stage = Stage(sum(NEEDED))
        if to == CROSS:
            stage.switch(ISOLATED)
        stage.pay(-missing)
        before = stage.world.quote_balance.copy()
        assert stage.switch(to) == [(expected, missing)]
        assert bool(stage.world.traders[stage.first]["isolated"]) == (missing == 0) ^ (to == CROSS)
        assert missing == 0 or (stage.world.quote_balance == before).all()


def test_what_open_orders_reserve_counts():
    stage = Stage(sum(NEEDED))
    assert send(stage.world, 0, BUY, stage.first, START - 50, 10) == 0  # refused: there is nothing to spare
    stage.pay(10 * (START - 50) * TICK_VALUE[0] // 10)
    send(stage.world, 0, BUY, stage.first, START - 50, 10)
    assert int(stage.world.positions[stage.first]["open_buy_lots"]) == 10
    stage.pay(-1)
    assert stage.switch(ISOLATED) == [("scope_refused", 1)]
    stage.pay(1)
    assert stage.switch(ISOLATED) == [("scope_switch", 0)]


def test_an_account_that_is_being_sold_off_cannot_switch():
    stage = Stage(60_000)
    stage.world.account_case[stage.first] = 0
    assert stage.switch(ISOLATED) == [("scope_refused", 0)]


def test_after_the_switch_a_loss_stops_at_the_position():
    stage = Stage(40_000)
    stage.switch(ISOLATED)
    wallet, _, other = stage.equities()
    stage.set_mark(START // 2)
    stage.world.venues["execution"] = 1
    stage.book(BUY, START // 2, 2 * LOTS)
    stage.liquidate()
    assert stage.size(0) == 0
    assert stage.equities()[0] == wallet
    assert stage.equities()[2] == other


def settings_of(scope, *switches, **more):
    chosen = [{"step": step, "population": name, "to": to, "share": share} for step, name, to, share in switches]
    return {**CRASH, **STRESS, "venues.venue.margin.scope": scope, "switches": chosen, **more}


def played(settings, steps=70, seed=6, pieces=1):
    session = small_session(settings, seed=seed)
    for _ in range(pieces):
        session.advance(steps // pieces)
    return session.digest(), session.take_events()


@pytest.mark.parametrize("check", ["safe_radius", "brute_force"])
def test_switching_there_and_back_at_once_changes_no_event_of_a_whole_market(check):
    columns = ("step", "round", "kind", "instrument", "actor", "counterparty", "price", "size", "amount")
    logs, switched = [], 0
    for share in (0.6, None):
        steps = (3, 9, 14) if share else ()
        both = [(step, "speculators", to, share) for step in steps for to in ("isolated", "cross")]
        both = both or [(0, "noise", "cross", 1.0)]  # a switch of nobody: the tables have as many rows
        digest, events = played(settings_of("cross", *both, margin_check=check))
        own = events["kind"] >= EVENT_KINDS.index("scope_switch")
        switched += int(own.sum())
        logs.append((digest, [events[~own][name].tolist() for name in columns]))
    assert switched > 60
    assert logs[0] == logs[1]
    assert EVENT_KINDS.index("liquidation") in logs[0][1][2]


MIXED = [(3, "speculators", "isolated", 0.5), (9, "trend", "isolated", 1.0), (12, "speculators", "cross", 0.7)]


@pytest.mark.parametrize("calls", [None, {"deadline_steps": 3, "call": 1.2, "restore": 1.5}])
def test_the_index_finds_the_same_accounts_in_a_mixed_market_as_the_sweep_of_all(calls):
    logs = []
    for check in ("safe_radius", "brute_force"):
        chosen = {"margin_check": check, "populations.speculators.count": 150, "venues.venue.margin.calls": calls}
        digest, events = played(settings_of("cross", *MIXED, **chosen))
        kinds = np.bincount(events["kind"], minlength=len(EVENT_KINDS))
        assert all(kinds[EVENT_KINDS.index(name)] for name in ("scope_switch", "scope_refused", "liquidation"))
        logs.append((digest, events.tobytes()))
    assert logs[0] == logs[1]


def test_switches_give_the_same_bytes_step_by_step_and_without_jit():
    settings = settings_of("isolated", (2, "speculators", "cross", 0.5), (9, "speculators", "isolated", 0.5))
    whole, events = played(settings, steps=30)
    assert played(settings, steps=30, pieces=30)[0] == whole
    assert digests_elsewhere([(settings, 6, 30)], NUMBA_DISABLE_JIT="1") == [whole]
    assert (events["kind"] == EVENT_KINDS.index("scope_switch")).sum() > 10


class Richer(Breach):
    """A long of 100 lots in a wallet with far more than it needs, where more is asked than initial margin."""

    def __init__(self, **margin):
        later = {"switches": [{"step": 70, "population": "noise", "to": "isolated"}]}
        super().__init__(margin={"schedules": SCHEDULES, **margin}, settings=later)
        self.hold(0, LOTS)
        self.world.quote_balance[self.first] += 400_000
        for tick in range(START - 1, START - 200, -1):
            self.book(BUY, tick, 50)


def test_a_switch_leaves_a_position_what_its_withheld_profit_and_its_kept_rate_ask_for():
    moving = {"update_every_steps": 1, "volatility": {"return_steps": 1, "horizon_steps": 1, "least_returns": 1,
              "multiple": 2.0}}  # fmt: skip
    withheld = Richer(unrealised_profit_credit=0.0)
    withheld.set_mark(1_300)
    kept = Richer(dynamics={"maintenance": moving, "applies_to": "new"})
    kept.world.positions[kept.first]["margin_rate"] = 200_000_000  # entered at 20 %, and 10 % is the initial margin now
    for stage in (withheld, kept):
        everybody_is_due(stage.world)
        switch(stage.world, stage.first, ISOLATED)
        assert int(stage.world.traders[stage.first]["isolated"]) == 1
        assert "liquidation" not in [event[0] for event in stage.liquidate(1)] and stage.size(0) == LOTS


def test_an_order_is_not_admitted_into_a_breach_over_profit_that_is_withheld():
    """Without credit a long's profit is required as well: 80,000 of equity is 7,000 above 73,000, and no more."""
    stage = Richer(unrealised_profit_credit=0.0)
    stage.world.quote_balance[stage.first] += 20_000 - 400_000
    stage.set_mark(1_300)
    assert stage.margin(0) == (80_000, 73_000)
    stage.book(SELL, START, 2_000, k=1)
    for lots in (490, 200, 60):
        send(stage.world, 1, BUY, stage.first, START, lots)
        equity, needed = stage.margin(0)
        assert equity >= needed
    assert stage.size(0, 1) > 0


def test_liquidators_cannot_be_switched():
    settings = {"switches": [{"step": 1, "population": "keepers", "to": "isolated"}]}
    keepers = {"kind": "liquidator", "name": "keepers", "venue": "venue", "count": 1, "capital": 1.0e5}
    with pytest.raises(AssertionError, match="liquidators: their margin is always cross"):
        small_scenario({**settings, "populations": [*POPULATIONS, keepers]})
