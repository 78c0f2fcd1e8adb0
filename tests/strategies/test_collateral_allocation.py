"""Collateral allocation: one pool, split, worst first, even."""

import numpy as np
import pytest

from sim.scenario import ScenarioError, load
from sim.scenario.allotment import allotted_shares
from sim.scenario.build import build_session
from sim.terms.vocabulary import EVENT_TOP_UP

ISOLATED = ("venues.binance.margin.scope=isolated", "populations.speculators.count=2000")


def opened(rule, *overrides):
    session = build_session(
        load("baseline", [*ISOLATED, f"populations.speculators.collateral_allocation={rule}", *overrides]), 1
    )
    world = session.world
    row = next(p for p, name in enumerate(session.names.populations) if name == "speculators")
    first, count = int(world.populations[row]["first_trader"]), int(world.populations[row]["n_traders"])
    n = int(world.clock[0]["n_traders"])
    rows = slice(first, first + count)
    sizes = world.position_size.reshape(-1, n)[:, rows]
    balance = world.quote_balance.reshape(-1, n)
    posted = (balance[1:, rows] + world.entry_value.reshape(-1, n)[:, rows]) if len(balance) > 1 else None
    return session, rows, sizes, balance[0, rows], posted


def test_split_allots_in_proportion_to_what_positions_want():
    shares = allotted_shares("split", np.array([[30.0], [10.0]]), np.array([[1.0], [1.0]]), 0.5)
    assert shares[:, 0].tolist() == [0.75, 0.25]


def test_even_allots_equal_parts_but_never_less_than_a_position_needs():
    wanted, needed = np.array([[30.0, 38.0], [10.0, 2.0]]), np.array([[5.0, 30.0], [2.0, 1.0]])
    assert allotted_shares("even", wanted, needed, 0.5).tolist() == [[0.5, 0.75], [0.5, 0.25]]


def test_worst_first_keeps_a_reserve_of_what_is_not_needed():
    shares = allotted_shares("worst_first", np.array([[30.0], [10.0]]), np.array([[10.0], [6.0]]), 0.5)
    assert shares[:, 0].tolist() == [0.5, 0.2]


def test_even_posts_the_same_behind_both_positions_of_most_traders():
    _, _, sizes, _, posted = opened("even")
    both = (sizes != 0).all(axis=0)
    assert both.sum() > 300
    assert (np.abs(posted[0, both] / posted[1, both] - 1.0) < 1e-6).mean() > 0.5


@pytest.mark.parametrize("rule", ["split", "even", "worst_first"])
def test_nobody_starts_in_breach_under_any_rule(rule):
    session, rows, _, wallet, _ = opened(rule, "populations.speculators.reactions={}")
    session.advance(2)
    assert int(session.world.clock[0]["n_cases"]) == 0 and (wallet >= 0).all()


def test_a_pool_is_one_cross_account_where_the_venue_isolates():
    session, rows, _, _, _ = opened("pool")
    p = int(session.world.traders["population"][rows][0])
    assert not session.world.traders["isolated"][session.world.traders["population"] == p].any()


def test_the_reserve_goes_to_the_position_nearest_to_its_liquidation_and_not_to_the_other():
    news = "instruments.BTCUSDT.news=[{start_step: 10, duration_steps: 100, size: -0.06}]"
    reactions = (
        "populations.speculators.reactions={answers: {top_up: 0, reduce: 0, hedge: 0, close: 0, late: 0, ignore: 1}}"
    )
    session, rows, sizes, wallet, _ = opened("worst_first", reactions, news, "steps=400")
    session.advance(400)
    events = session.take_events()
    moved = events[events["kind"] == EVENT_TOP_UP]
    own = moved[moved["from_row"] == moved["actor"]]
    assert len(own) > 20 and (moved["from_row"] != 0).all(), "only the wallet pays: nobody has an answer of his own"
    both = (sizes != 0).all(axis=0)
    first = rows.start
    of_both = own[both[own["actor"] - first]]
    assert (of_both["instrument"] == 0).mean() > 0.7, "the fall is in the first instrument"


def test_a_pool_that_is_isolated_is_refused_with_the_populations_name():
    with pytest.raises(ScenarioError, match="speculators"):
        load(
            "baseline",
            ["populations.speculators.collateral_allocation=pool", "populations.speculators.margin_scope=isolated"],
        )


def test_worst_first_without_looks_is_refused():
    with pytest.raises(ScenarioError, match="needs reactions"):
        load(
            "baseline",
            [
                "populations.speculators.collateral_allocation=worst_first",
                "populations.speculators.reactions=null",
                "populations.speculators.stops=null",
            ],
        )
