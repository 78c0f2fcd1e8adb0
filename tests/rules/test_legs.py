"""Hedge mode: two legs of one instrument in one account: what they need, what trades and liquidations do."""

import numpy as np
import pytest
from breach import ATOM, LOT, MAKER, START, TICK_VALUE, Breach
from hypothesis import given, settings
from hypothesis import strategies as st
from small_worlds import CRASH, STRESS, small_scenario, small_session

from sim.engine.audit import recount
from sim.rules.exchange import execute
from sim.terms import entry
from sim.terms.vocabulary import (
    BUY,
    EVENT_LEGS_LOCKED,
    FLAG_CLOSE_LEG,
    FLAG_OPEN_LEG,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    NONE,
    SELL,
)

NETTINGS = ("net", "larger_side", "sum")


@entry
def send(world, k, kind, side, owner, price, size, flags):
    return execute(world, k, kind, side, owner, price, size, flags, NONE)


@entry
def count_again(world, t):
    recount(world, t)


class Hedge(Breach):
    """The stage in hedge mode: owner 0 holds 100 lots, bought at the start price, with so much equity."""

    def __init__(self, netting="sum", lots=100, equity=50 * LOT[0], policy=None, **margin):
        super().__init__(policy, margin={"hedge_mode": True, "netting": netting, **margin})
        self.hold(0, lots, equity)

    def trade(self, side, size, flags, owner=0, price=START, kind=IMMEDIATE_OR_CANCEL):
        """Send an order of an owner's against as many of the maker's."""
        self.book(-side, price, size)
        filled = int(send(self.world, 0, kind, side, self.first + owner, price, size, flags))
        self.session.take_events()
        return filled

    @property
    def row(self):
        return self.first

    @property
    def legs(self):
        """(long lots, short lots) of owner 0."""
        locked, size = int(self.world.legs[self.row]["locked"]), self.size(0)
        return locked + max(size, 0), locked + max(-size, 0)

    @property
    def costs(self):
        """What both legs of owner 0 have cost together, in atoms."""
        legs = self.world.legs[self.row]
        return int(self.world.entry_value[self.row] + legs["long_value"] + legs["short_value"])

    def assert_counted(self):
        self.world.clock[0]["net_deposits"] = self.world.quote_balance.sum()
        count_again(self.world, 0)
        assert int(self.world.clock[0]["error"]) == 0


def test_opening_the_other_leg_locks_and_leaves_equity_as_it_is():
    stage = Hedge()
    before = stage.equity(0)
    assert stage.trade(SELL, 40, FLAG_OPEN_LEG) == 40
    fee = before - stage.equity(0)
    assert stage.legs == (100, 40) and stage.size(0) == 60
    assert fee == -(-40 * LOT[0] * 5 // 10_000)  # the taker's fee is all that it costs
    assert int(stage.world.instruments[0]["open_interest"]) == 100  # the maker is short of 60, the owner of 40
    stage.assert_counted()


def test_an_order_without_a_leg_closes_the_net_position_as_in_one_way_mode():
    stage = Hedge()
    stage.trade(SELL, 40, 0)
    assert stage.legs == (60, 0)


def test_a_second_leg_larger_than_the_first_turns_the_net_position():
    stage = Hedge()
    stage.trade(SELL, 130, FLAG_OPEN_LEG)
    assert stage.legs == (100, 130) and stage.size(0) == -30
    stage.assert_counted()


@pytest.mark.parametrize("first", [BUY, SELL])
def test_closing_either_leg_leaves_the_other_with_what_was_paid_for_it(first):
    stage = Hedge()
    stage.trade(SELL, 40, FLAG_OPEN_LEG, price=START + 7)
    closed = 30
    price = START + 3
    stage.trade(first, closed, FLAG_CLOSE_LEG, price=price)
    long, short = (100 - closed, 40) if first == SELL else (100, 40 - closed)
    assert stage.legs == (long, short)
    paid = long * START - short * (START + 7)
    assert stage.costs == paid * TICK_VALUE[0]
    stage.assert_counted()


def test_a_leg_closed_beyond_what_it_has_alone_comes_out_of_the_pairs():
    stage = Hedge(lots=100)
    stage.trade(SELL, 100, FLAG_OPEN_LEG, price=START + 10)
    assert stage.legs == (100, 100) and stage.size(0) == 0
    stage.trade(SELL, 25, FLAG_CLOSE_LEG, price=START + 2)
    assert stage.legs == (75, 100) and stage.size(0) == -25
    assert int(stage.world.entry_value[stage.row]) == -25 * (START + 10) * TICK_VALUE[0]
    stage.assert_counted()


def test_an_order_that_closes_a_leg_is_cut_to_it_and_refused_where_there_is_none_and_never_rests():
    stage = Hedge()
    stage.trade(SELL, 40, FLAG_OPEN_LEG)
    stage.book(SELL, START, 90)
    assert send(stage.world, 0, LIMIT, BUY, stage.first, START, 60, FLAG_CLOSE_LEG) == 40
    assert stage.legs == (100, 0)
    assert send(stage.world, 0, LIMIT, BUY, stage.first, START, 10, FLAG_CLOSE_LEG) == 0
    assert send(stage.world, 0, LIMIT, SELL, stage.first, START + 50, 10, FLAG_CLOSE_LEG) == 0
    assert stage.world.positions[stage.row]["first_order"] == NONE


def test_a_resting_order_that_opens_a_leg_locks_when_it_is_filled():
    stage = Hedge()
    assert send(stage.world, 0, LIMIT, SELL, stage.first, START + 5, 30, FLAG_OPEN_LEG) == 0
    assert send(stage.world, 0, LIMIT, BUY, stage.first + MAKER, START + 5, 30, 0) == 30
    assert stage.legs == (100, 30)
    stage.assert_counted()


def test_traders_in_one_way_mode_have_no_second_leg():
    stage = Breach()
    stage.hold(0, 100, 50 * LOT[0])
    stage.book(BUY, START, 40)
    send(stage.world, 0, IMMEDIATE_OR_CANCEL, SELL, stage.first, START, 40, FLAG_OPEN_LEG)
    assert stage.size(0) == 60 and stage.world.legs.size == 0


def hedged(netting, long, short, mark):
    stage = Hedge(netting, lots=long, equity=10**9)
    stage.trade(SELL, short, FLAG_OPEN_LEG)
    stage.set_mark(mark)
    return stage.margin(0)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(long=st.integers(1, 4_000), short=st.integers(1, 4_000), mark=st.integers(700, 1_400))
def test_netting_never_raises_a_hedged_books_requirement(long, short, mark):
    found = [hedged(netting, long, short, mark) for netting in NETTINGS]
    equities, needed = zip(*found, strict=True)
    assert len(set(equities)) == 1
    assert needed[0] <= needed[1] <= needed[2] <= 2 * needed[1]


@pytest.mark.parametrize(("netting", "maintenance"), [("sum", 32.0), ("larger_side", 20.0), ("net", 8.0)])
def test_kraken_charges_the_larger_leg_binance_both(netting, maintenance):
    """500 and 300 lots of 0.01 BTC at 1,000: legs of 5,000 and 3,000, each at 0.4 % (0 to 20,000)."""
    stage = Hedge(netting, lots=500, equity=10**6)
    stage.trade(SELL, 300, FLAG_OPEN_LEG)
    assert stage.margin(0)[1] * ATOM == maintenance


@pytest.mark.parametrize(("netting", "admitted"), [("sum", 0), ("larger_side", 100), ("net", 100)])
def test_a_second_leg_needs_initial_margin_only_where_both_are_charged(netting, admitted):
    """100 lots are 1,000 of notional; at 20 times 50 is needed, 51 is there."""
    stage = Hedge(netting, equity=round(51 / ATOM))
    assert stage.trade(SELL, 100, FLAG_OPEN_LEG) == admitted


@pytest.mark.parametrize("netting", NETTINGS)
def test_a_liquidation_closes_pairs_first_and_sells_only_what_is_left(netting):
    stage = Hedge(netting, policy={"target": "full", "execution": "market"})
    stage.trade(SELL, 60, FLAG_OPEN_LEG)
    stage.hold(0, 0, 100)  # a little equity: not enough for what remains
    assert stage.margin(0)[0] == 100 < stage.margin(0)[1]
    stage.book(BUY, START, 100)
    kinds = [event for event in stage.liquidate() if event[1] == 0 and event[0] != "order_removed"]
    assert [kind for kind, *_ in kinds][:1] == ["liquidation"]
    assert [size for kind, _, _, size in kinds if kind == "liquidation_sale"] == [-40]
    assert stage.legs == (0, 0)
    stage.assert_counted()


def test_pairs_that_were_all_that_was_required_end_the_liquidation_for_the_venues_fee():
    stage = Hedge("sum", policy={"unlock_fee_rate": 0.001})
    stage.trade(SELL, 100, FLAG_OPEN_LEG)
    needed = stage.margin(0)[1]
    stage.hold(0, 0, needed - 1)
    assert stage.sold() == []
    assert stage.legs == (0, 0)
    assert int(stage.world.quote_balance[stage.first]) == needed - 1 - 100 * LOT[0] // 1_000
    assert stage.margin(0)[1] == 0
    stage.assert_counted()


def test_unlocking_leaves_equity_as_it_is():
    stage = Hedge("sum")
    stage.trade(SELL, 100, FLAG_OPEN_LEG, price=START + 9)
    stage.hold(0, 0, stage.margin(0)[1] - 1)
    before = stage.equity(0)
    stage.liquidate()
    assert stage.equity(0) == before and stage.legs == (0, 0)


@pytest.mark.parametrize("settings_", [CRASH, {**STRESS, **CRASH}], ids=["crash", "stress"])
def test_hedge_mode_in_which_nobody_opens_a_second_leg_gives_the_same_events_as_cross(settings_):
    quiet = {**settings_}
    if "populations.speculators.reactions" in quiet:
        reactions = dict(quiet["populations.speculators.reactions"])
        reactions["answers"] = {"top_up": 0.2, "reduce": 0.4, "hedge": 0.0, "close": 0.1, "late": 0.2, "ignore": 0.1}
        quiet["populations.speculators.reactions"] = reactions
    logs = []
    for mode in ({}, {"venues.venue.margin.hedge_mode": True}):
        session = small_session({**quiet, **mode, "record.order_events": True})
        session.advance(60)
        logs.append(session.take_events())
    assert len(logs[0]) > 1_000
    assert np.array_equal(*logs)


@pytest.mark.parametrize("netting", ["sum", "larger_side"])
def test_speculators_lock_when_they_are_warned_and_everything_still_adds_up(netting):
    reactions = {**STRESS["populations.speculators.reactions"], "panic": 0.0, "leverage_band": None}
    reactions["answers"] = {"top_up": 0.0, "reduce": 0.0, "hedge": 1.0, "close": 0.0, "late": 0.0, "ignore": 0.0}
    session = small_session({
        **STRESS, **CRASH, "populations.speculators.reactions": reactions,
        "venues.venue.margin.hedge_mode": True, "venues.venue.margin.netting": netting, "record.order_events": True,
    })  # fmt: skip
    most = 0
    for _ in range(60):
        session.advance(1)
        most = max(most, int(session.world.legs["locked"].sum()))
    kinds = set(session.take_events()["kind"].tolist())
    assert most > 0 and EVENT_LEGS_LOCKED in kinds


@pytest.mark.parametrize("netting", ["sum", "larger_side"])
def test_with_second_legs_the_short_cut_finds_the_same_breaches_as_looking_at_everybody(netting):
    reactions = {**STRESS["populations.speculators.reactions"], "leverage_band": None}
    reactions["answers"] = {"top_up": 0.1, "reduce": 0.1, "hedge": 0.6, "close": 0.0, "late": 0.1, "ignore": 0.1}
    found = []
    for check in ("safe_radius", "brute_force"):
        session = small_session({
            **STRESS, **CRASH, "populations.speculators.reactions": reactions, "margin_check": check,
            "venues.venue.margin.hedge_mode": True, "venues.venue.margin.netting": netting,
        })  # fmt: skip
        session.advance(70)
        found.append((session.digest(), session.take_events().tobytes()))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("margin", "path"),
    [({"hedge_mode": True, "scope": "isolated"}, "scope"),
     ({"hedge_mode": True, "closing_fee": {"rate": 0.001, "basis": "bankruptcy"}}, "closing_fee"),
     ({"netting": "larger_side"}, "netting"),
     ({"hedge_mode": True, "dynamics": {"applies_to": "new"}}, "applies_to"),
     ({"hedge_mode": True, "netting": "net", "notional_basis": "entry"}, "notional_basis")],
)  # fmt: skip
def test_what_hedge_mode_does_not_go_with_is_refused_by_path(margin, path):
    with pytest.raises(AssertionError, match=path):
        small_scenario({f"venues.venue.margin.{name}": value for name, value in margin.items()})


def test_pairs_that_are_charged_for_their_net_alone_are_closed_without_a_fee():
    stage = Hedge("net", policy={"target": "full", "execution": "market", "unlock_fee_rate": 0.005})
    stage.trade(SELL, 60, FLAG_OPEN_LEG)
    stage.hold(0, 0, 100)
    stage.book(BUY, START, 100)
    kinds = [event[0] for event in stage.liquidate()]
    assert "liquidation_sale" in kinds and "liquidation_fee" not in kinds and stage.legs == (0, 0)
