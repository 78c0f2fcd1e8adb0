"""Margin calls: who is warned, called, restricted; what is paid and when; and that nobody is sold off before."""

import numpy as np
import pytest
from breach import START, send
from called import Called
from isolated import digests_elsewhere
from small_worlds import CRASH, STRESS, small_scenario, small_session

from sim.evidence.calls import call_figures
from sim.evidence.frames import calls_frame
from sim.scenario.checks import check_venue
from sim.terms.vocabulary import BUY, EVENT_KINDS, SELL

LOTS, NEEDED = 100, 10_000  # atoms of maintenance of such a position at the start mark
CALLS = {"deadline_steps": 5, "delivery_steps": 2, "restore": 1.5, "hysteresis": 0.1}
SCOPES = ("cross", "isolated")


def stage(equity, calls=CALLS, **more):
    """One owner with a long of 100 lots and so much equity, a book below, and no money outside."""
    world = Called(calls, **more)
    for tick in range(1, 200):
        world.book(BUY, START - tick, 50)
    world.hold(0, LOTS, equity)
    return world


@pytest.mark.parametrize("scope", SCOPES)
def test_an_account_exactly_at_the_level_is_not_called_and_one_atom_below_is(scope):
    for level, needed in ((1.0, NEEDED), (1.25, 12_500), (1.333333, 13_334)):
        for missing, expected in ((0, []), (1, [("margin_call", 0, 20_000 - needed + 1)])):
            world = stage(needed - missing, {**CALLS, "call": level, "restore": 2.0}, scope=scope)
            assert world.step(0) == expected, (level, missing)


@pytest.mark.parametrize("equity", [NEEDED - 1, 1, -5_000])
def test_an_account_in_breach_all_the_time_is_not_liquidated_before_its_deadline(equity):
    world = stage(equity)
    first = int(world.world.clock[0]["next_event"])
    assert world.step(10) == [("margin_call", 0, 15_000 - equity)]
    for t in range(11, 15):
        assert world.step(t) == []
        assert world.size(0) == LOTS
    missed, liquidation = world.step(15)
    assert missed == ("call_missed", 0, 15_000 - equity)
    assert liquidation[:2] == ("liquidation", 0)
    assert world.size(0) < LOTS
    rows = {EVENT_KINDS[row["kind"]]: row for row in world.events}
    assert int(rows["liquidation"]["cause"]) == first + 1  # the missed call, which is laid to the call
    assert int(rows["call_missed"]["cause"]) == first


@pytest.mark.parametrize("scope", SCOPES)
def test_delivered_money_arrives_after_the_delay_and_is_conserved_to_the_atom(scope):
    world = stage(9_000, scope=scope)
    world.wealth(0, 50_000)
    outside = int(world.world.quote_balance[0])
    assert world.step(0) == [("margin_call", 0, 6_000)]
    assert int(world.world.traders[world.first]["outside_wealth"]) == 44_000
    assert world.equity(0) == 9_000
    assert world.step(1) == []
    assert world.step(2) == [("call_payment", 0, 6_000), ("call_met", 0, 6_000)]
    assert world.equity(0) == 15_000
    assert int(world.world.quote_balance[0]) == outside - 6_000
    assert world.step(9) == []
    assert world.size(0) == LOTS


def test_a_call_that_is_met_in_part_counts_what_arrived_and_the_rest_is_missed():
    world = stage(9_000)
    world.wealth(0, 400)
    assert world.step(0) == [("margin_call", 0, 6_000)]
    assert world.step(2) == [("call_payment", 0, 400)]
    assert world.equity(0) == 9_400
    missed, liquidation = world.step(5)
    assert missed == ("call_missed", 0, 5_600)
    assert liquidation[0] == "liquidation"
    equity, maintenance = world.margin(0)
    assert 0 < world.size(0) < LOTS
    assert equity >= 1.5 * maintenance  # sold off to what the call had asked for


def test_a_part_that_lifts_the_account_clear_of_the_level_meets_the_call():
    world = stage(9_000)
    world.wealth(0, 2_000)
    world.step(0)
    assert world.step(2) == [("call_payment", 0, 2_000), ("call_met", 0, 2_000)]


def test_a_price_that_recovers_meets_the_call_and_the_money_stays_outside():
    world = stage(9_000)
    world.wealth(0, 50_000)
    world.step(0)
    world.set_mark(START + 20)
    assert world.step(1) == [("call_met", 0, 0)]
    assert int(world.world.traders[world.first]["outside_wealth"]) == 50_000
    assert world.step(2) == []
    assert world.equity(0) == 9_000 + 20 * 2 * LOTS


def test_a_fall_after_a_met_call_is_a_new_call_with_its_own_deadline():
    world = stage(9_000)
    world.wealth(0, 6_000)
    world.step(0)
    world.step(2)
    world.set_mark(START - 40)
    (call,) = world.step(3)
    assert call[0] == "margin_call"
    assert all(world.step(t) == [] for t in range(4, 8))
    assert [event[0] for event in world.step(8)] == ["call_missed", "liquidation"]


def test_an_account_at_a_level_does_not_flicker():
    """Warned below 2 times, which it leaves at 2.2 times only."""
    world = stage(21_000, {**CALLS, "warn": 2.0})
    seen = []
    for t, move in enumerate((0, -6, 0, -6, 0, 5, -6, 8, -6)):
        world.set_mark(START + move)
        seen += [(t, kind) for kind, _, _ in world.step(t)]
    assert seen == [(1, "margin_warning"), (8, "margin_warning")]


def test_who_does_not_pay_and_who_has_nothing_outside_are_sold_off_alike():
    lots = []
    for share, wealth in ((0.0, 1 << 40), (1.0, 0)):
        world = stage(9_000)
        world.world.populations["pays_calls"] = share
        world.wealth(0, wealth)
        for t in range(6):
            world.step(t)
        lots.append(world.size(0))
    assert lots[0] == lots[1] < LOTS


def test_isolated_the_wallet_pays_at_once_and_outside_wealth_the_rest():
    world = stage(9_000, scope="isolated")
    world.wealth(0, 50_000)
    world.world.quote_balance[world.first] = 2_500
    assert world.step(0) == [("margin_call", 0, 6_000), ("call_payment", 0, 2_500)]
    assert int(world.world.quote_balance[world.first]) == 0
    assert world.step(2) == [("call_payment", 0, 3_500), ("call_met", 0, 6_000)]


def test_below_the_level_of_no_grace_the_venue_sells_at_once():
    calls = {**CALLS, "liquidate": 0.5}
    world = stage(5_000, calls)
    assert [event[0] for event in world.step(0)] == ["margin_call"]
    world = stage(4_999, calls)
    assert [event[0] for event in world.step(0)] == ["margin_call", "liquidation"]
    assert world.size(0) < LOTS


def test_without_a_level_of_no_grace_money_that_is_owed_is_only_found_after_the_deadline():
    world = stage(9_000, {**CALLS, "deadline_steps": 3})
    for t, move in enumerate((0, -100, -200)):
        world.set_mark(START + move)
        assert all(kind != "liquidation" for kind, _, _ in world.step(t))
    assert world.equity(0) < 0
    assert [event[0] for event in world.step(3)] == ["call_missed", "liquidation"]


def test_a_restricted_account_may_only_reduce_until_it_is_clear_of_the_level():
    calls = {**CALLS, "call": 2.6, "restrict": 2.5, "restore": 3.0, "deadline_steps": 50}
    world = stage(25_000, calls)  # 20,000 are the initial margin
    assert [event[0] for event in world.step(0)] == ["margin_call"]
    order(world, BUY, 1)
    assert resting(world) == 1
    world.pay(0, -1)
    assert world.step(1) == [("restriction", 0, 0)]
    assert resting(world) == 0  # what could only add is withdrawn
    world.pay(0, 2_500)  # 27,499: above the level, but not clear of it
    assert world.step(2) == []
    order(world, BUY, 1)
    assert resting(world) == 0
    order(world, SELL, LOTS + 1)
    assert resting(world) == 0
    order(world, SELL, LOTS)
    assert resting(world) == LOTS
    world.pay(0, 1)
    world.step(3)
    order(world, BUY, 1)
    assert resting(world) == LOTS + 1


def order(world, side, lots):
    """A limit order far from the market, of the owner in call."""
    send(world.world, int(0), side, world.first, START - 90 * side, lots)


def resting(world):
    row = world.world.positions[world.first]
    return int(row["open_buy_lots"] + row["open_sell_lots"])


@pytest.mark.parametrize(
    ("dials", "path", "says"),
    [
        ({"deadline_steps": 5, "delivery_steps": 6}, "delivery_steps", "6 is later than the deadline, 5"),
        ({"delivery_steps": 1}, "delivery_steps", "1 is later than the deadline, 0"),
        ({"deadline_steps": 5, "warn": 0.9}, "call", "1 is above warn, 0.9"),
        ({"deadline_steps": 5, "restrict": 1.1}, "restrict", "1.1 is above call, 1"),
        ({"deadline_steps": 5, "liquidate": 1.1}, "liquidate", "1.1 is above call, 1"),
        ({"liquidate": 0.5}, "liquidate", "0.5 without a deadline"),
        ({"deadline_steps": 5, "call": 1.5, "restore": 1.5}, "restore", "allowed: at least call and its hysteresis"),
    ],
)
def test_calls_that_cannot_be_met_or_contradict_themselves_are_refused(dials, path, says):
    venue = small_scenario().venues["venue"]
    margin = type(venue.margin).model_validate({**venue.margin.model_dump(), "calls": dials})
    found = list(check_venue(venue.model_copy(update={"margin": margin})))
    assert [(place, says in text) for place, text in found] == [(("margin", "calls", path), True)], found


EXCHANGE = {"warn": None, "restrict": None, "deadline_steps": 0}


@pytest.mark.parametrize("check", ["safe_radius", "brute_force"])
@pytest.mark.parametrize("scope", SCOPES)
def test_a_deadline_of_zero_is_an_exchange_and_leaves_the_log_as_without_calls(scope, check):
    logs = []
    for calls in (None, EXCHANGE):
        settings = {**CRASH, **STRESS, "venues.venue.margin.calls": calls, "venues.venue.margin.scope": scope,
                    "margin_check": check, "record.order_events": True}  # fmt: skip
        session = small_session(settings, seed=3)
        session.advance(60)
        logs.append((session.digest(), session.take_events().tobytes()))
    assert logs[0] == logs[1]
    assert len(logs[0][1]) > 0


HALF_PAY = {"populations.speculators.reactions.pays_calls": 0.5}
FULL = {"warn": 2.0, "call": 1.2, "restrict": 1.1, "liquidate": 0.05, "restore": 1.6, "deadline_steps": 3,
        "delivery_steps": 2}  # fmt: skip


@pytest.mark.parametrize("form", ["plain", "whole", "fee"])
@pytest.mark.parametrize("scope", SCOPES)
def test_the_index_finds_the_same_accounts_at_every_level_as_the_sweep_of_all(scope, form):
    forms = {
        "plain": {},
        "whole": {
            f"venues.venue.margin.schedules.{name}": {"mode": "whole", "tiers": rows} for name, rows in WHOLE.items()
        },
        "fee": {"venues.venue.margin.closing_fee": {"rate": 0.0006, "basis": "bankruptcy"}},
    }
    logs = []
    for check in ("safe_radius", "brute_force"):
        settings = {**CRASH, **STRESS, **HALF_PAY, "venues.venue.margin.calls": FULL, "margin_check": check,
                    "venues.venue.margin.scope": scope, "populations.speculators.count": 150,
                    **forms[form]}  # fmt: skip
        session = small_session(settings, seed=3)
        session.advance(80)
        events = session.take_events()
        kinds = np.bincount(events["kind"], minlength=len(EVENT_KINDS))
        assert all(
            kinds[EVENT_KINDS.index(name)]
            for name in ("margin_warning", "margin_call", "call_payment", "call_met", "call_missed", "restriction")
        )
        logs.append((session.digest(), events.tobytes(), kinds.tolist()))
    assert logs[0][2] == logs[1][2]
    assert logs[0] == logs[1]


WHOLE = {"BTC": [[0, 0.004], [20_000, 0.01], [80_000, 0.025]], "ETH": [[0, 0.005], [10_000, 0.0125], [50_000, 0.05]]}


def test_steps_of_calls_one_by_one_are_those_of_a_batch():
    digests = []
    for pieces in ([70], [1] * 70):
        session = small_session({**CRASH, **STRESS, **HALF_PAY, "venues.venue.margin.calls": FULL}, seed=5)
        for n in pieces:
            session.advance(n)
        digests.append((session.digest(), session.take_events().tobytes()))
    assert digests[0] == digests[1]


def test_calls_give_the_same_bytes_without_jit_and_no_number_overflows():
    common = {**CRASH, **STRESS, **HALF_PAY, "venues.venue.margin.calls": FULL}
    worlds = [({**common, "venues.venue.margin.scope": scope}, 7, 25) for scope in SCOPES]
    here = []
    for settings, seed, steps in worlds:
        session = small_session(settings, seed)
        session.advance(steps)
        here.append(session.digest())
    assert here == digests_elsewhere(worlds, NUMBA_DISABLE_JIT="1")


def test_the_frame_and_the_summary_of_calls_are_what_a_walk_over_the_events_gives():
    session = small_session({**CRASH, **STRESS, **HALF_PAY, "venues.venue.margin.calls": FULL}, seed=5)
    session.advance(80)
    events, calls = session.take_events(), {}
    for number, row in enumerate(events):
        kind, cause = EVENT_KINDS[row["kind"]], int(row["cause"])
        if kind == "margin_call":
            calls[number] = {"paid": 0, "outcome": None, "liquidated": False}
        elif kind == "call_payment":
            calls[cause]["paid"] += int(row["amount"])
        elif kind in ("call_met", "call_missed"):
            calls[cause]["outcome"] = kind[5:]
        elif kind == "liquidation" and cause >= 0 and EVENT_KINDS[events[cause]["kind"]] == "call_missed":
            calls[int(events[cause]["cause"])]["liquidated"] = True
    frame = calls_frame(events, session.names)
    assert frame["id"].tolist() == list(calls)
    found = zip(frame["paid"] / session.names.atom, frame["outcome"], frame["liquidated"], strict=True)
    wanted = [(call["paid"], call["outcome"], call["liquidated"]) for call in calls.values()]
    assert [(round(paid), None if outcome != outcome else outcome, sold) for paid, outcome, sold in found] == wanted
    figures = call_figures(events, session.names)
    assert figures["margin_calls"] == len(calls) > 10
    assert figures["margin_calls_missed"] == sum(call["outcome"] == "missed" for call in calls.values()) > 0
    assert figures["margin_calls_met"] == sum(call["outcome"] == "met" for call in calls.values()) > 0
    assert figures["margin_calls_paid"] == pytest.approx(frame["paid"].sum())
    assert figures["margin_called"] == pytest.approx(frame["called"].sum())
    assert figures["liquidations_after_missed_calls"] == sum(call["liquidated"] for call in calls.values()) > 0


def test_nobody_is_liquidated_while_its_call_runs_in_a_whole_market():
    """Unless the level of no grace says so, which this venue does not have."""
    calls = {**FULL, "liquidate": None}
    for scope in SCOPES:
        settings = {**CRASH, **STRESS, "venues.venue.margin.calls": calls, "venues.venue.margin.scope": scope}
        session = small_session(settings, seed=8)
        session.advance(80)
        events, deadlines, liquidated = session.take_events(), {}, 0
        for number, row in enumerate(events):
            kind = EVENT_KINDS[row["kind"]]
            if kind == "margin_call":
                deadlines[number] = int(row["step"]) + calls["deadline_steps"]
            elif kind == "liquidation":
                missed = events[int(row["cause"])]
                assert EVENT_KINDS[missed["kind"]] == "call_missed"
                assert int(row["step"]) >= deadlines[int(missed["cause"])]
                liquidated += 1
        assert liquidated > 3


@pytest.mark.parametrize("warn", [None, 1.3])
@pytest.mark.parametrize("check", ["safe_radius", "brute_force"])
def test_a_missed_call_is_sold_off_though_the_account_is_above_the_level_again_until_it_is_clear(warn, check):
    """Paid in part: 10,500 of 10,000 at the deadline, and clear at 11,000. A warning level has no part in it."""
    world = stage(9_000, {**CALLS, "warn": warn}, settings={"margin_check": check})
    assert "margin_call" in [event[0] for event in world.step(0)]
    world.pay(0, 1_500)
    found = [event for t in range(1, 12) for event in world.step(t)]
    assert [event[0] for event in found if event[0] in ("call_missed", "liquidation")] == ["call_missed", "liquidation"]
    assert world.size(0) < LOTS and int(world.world.account_case[world.account(0)]) < 0
