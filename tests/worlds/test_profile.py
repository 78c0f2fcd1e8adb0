"""Makers with a recorded profile: its depth and its rates, a touch of one tick, and re-pricing by what was taken."""

import numpy as np
import pytest

from sim.evidence.book_facts import book_facts
from sim.evidence.book_streams import simulated_updates
from sim.scenario.build import build_session
from sim.scenario.checks import check_scenario
from sim.scenario.dials import profile_quotes
from sim.scenario.records import Scenario
from tests.reference.small_worlds import VENUE

BINS = [
    {"to_bp": 10.0, "bid_money": 4.0e4, "ask_money": 6.0e4, "increases_per_s": 8.0},
    {"to_bp": 50.0, "bid_money": 2.0e5, "ask_money": 2.2e5, "increases_per_s": 24.0},
    {"to_bp": 100.0, "bid_money": 5.0e5, "ask_money": 4.0e5, "increases_per_s": 12.0},
]
MAKERS = {
    "kind": "market_maker", "name": "makers", "venue": "venue", "count": 3, "capital": 1.0e8, "depth": 1.0e5,
    "profile": BINS, "fresh_bp": 10.0, "quote_life_s": 2.0, "inventory_limit": 100.0,
}  # fmt: skip
FLOW = {
    "kind": "noise_trader", "name": "noise", "venue": "venue", "count": 50, "capital": 1.0e8,
    "orders_per_s": 2.0, "mean_order": 2_000.0, "max_order": 1.0e5,
}  # fmt: skip


def world(makers: dict | None = None, flow: dict | None = None, **more) -> Scenario:
    tree = {
        "name": "profile", "steps": 400, "record": {"order_events": True, "audit_every_steps": 1},
        "venues": {"venue": VENUE | {"contracts": {"BTC": {"tick_size": 0.5, "lot_size": 0.001}},
                                     "margin": {"schedules": {"BTC": [[0, 0.004, 100]]}}}},
        "instruments": [{"name": "BTC", "venue": "venue", "start_price": 10_000.0, "price_levels": 16_384,
                         "index": {"volatility_bp": 1.0}}],
        "populations": [MAKERS | (makers or {})] + ([FLOW | flow] if flow is not None else []),
    } | more  # fmt: skip
    return Scenario.model_validate(tree)


def played(scenario: Scenario, steps: int = 200):
    """(facts of the book, STEPS rows) of a run."""
    session = build_session(scenario)
    instrument = session.world.instruments[0]
    quantity, first, bid = (
        session.world.levels["quantity"].copy(),
        int(instrument["ladder"]),
        int(instrument["best_bid"]),
    )
    session.advance(steps)
    events, rows = session.take_events(), session.take_steps()
    updates = simulated_updates(events, quantity, first, bid, 0.5, 0.001)
    return book_facts(updates, 1.0, float(steps)), rows


def test_the_number_of_quotes_is_rate_times_life_and_their_money_is_the_profile():
    record = world().populations[0]
    quotes = profile_quotes(record, 1.0, 1.0)
    assert len(quotes) == 8 + 2 * 24 + 2 * 12
    assert [quote.fresh for quote in quotes] == [True] * 8 + [False] * 72
    for away, name in ((1, "ask_money"), (-1, "bid_money")):
        for row in BINS:
            money = sum(q.money for q in quotes if q.away == away and q.distance * 1e4 < row["to_bp"] - 1e-9)
            assert money == pytest.approx(row[name])
    assert len(profile_quotes(record, 1.0, 2.0)) == 40  # thinned: half as many, each twice as large


def test_depth_and_rates_of_the_book_are_those_of_the_profile():
    facts, rows = played(world({"jitter": 0.0}, index_correlation=0.0))
    # Depth at 10 bp may miss quotes that sit on the edge; beyond it a share of quotes is on its way.
    assert facts.bid_depth[100.0] == pytest.approx(5.0e5, rel=0.06)
    assert facts.ask_depth[100.0] == pytest.approx(4.0e5, rel=0.06)
    assert facts.bid_depth[50.0] == pytest.approx(2.0e5, rel=0.15)
    assert facts.one_tick_seconds > 0.95
    near, middle, far = sum(facts.increases[:5]), sum(facts.increases[5:7]), facts.increases[7]
    assert near == pytest.approx(8.0, rel=0.15)
    assert middle == pytest.approx(24.0, rel=0.1)
    assert near + middle + far == pytest.approx(44.0, rel=0.06)
    assert np.mean(rows["best_ask"] - rows["best_bid"] == 1) > 0.95


def test_a_jump_of_the_index_does_not_leave_a_hole_or_hold_the_price_up():
    news = [
        {"start_step": 20, "duration_steps": 1, "size": -0.0008},
        {"start_step": 60, "duration_steps": 1, "size": 0.0008},
    ]
    tree = world(flow=None).model_dump(mode="json")
    tree["instruments"][0]["news"], tree["instruments"][0]["index"] = news, {"volatility_bp": 0.0}
    _, rows = played(Scenario.model_validate(tree), 100)
    mid = (rows["best_bid"] + rows["best_ask"]) / 2
    assert mid[22] == pytest.approx(20_000 * (1 - 0.0008), abs=2)
    assert mid[62] == pytest.approx(20_000, abs=3)
    assert (rows["best_ask"] - rows["best_bid"]).max() <= 2


def test_takers_move_the_centre_by_the_power_of_what_they_took():
    moves = {}
    for lots in (1.0, 4.0):
        scenario = world({"reprice_bp": 20.0, "index_pull_per_s": 0.0, "fresh_bp": 50.0})
        tree = scenario.model_dump(mode="json")
        tree["instruments"][0]["index"] = {"volatility_bp": 0.0}
        moves[lots] = _moved(Scenario.model_validate(tree), lots)
    # 10,000 taken of a nominal 100,000: 20 bp * 0.1 ** 0.5; four times as much moves it twice as far.
    assert moves[1.0] == pytest.approx(20.0 * 0.1**0.5, abs=0.5)
    assert moves[4.0] == pytest.approx(2.0 * moves[1.0], rel=0.1)


def _moved(scenario: Scenario, coins: float) -> float:
    """Move of the mid, bp, after somebody bought so many coins in one step."""
    from sim.engine.posting import post_order
    from sim.scenario.build import UserTrader
    from sim.terms.vocabulary import BUY, MARKET

    session = build_session(scenario, 1, (UserTrader("buyer", "venue", 1.0e7, 10.0),))
    session.advance(3)
    world_ = session.world
    mid = world_.market_view[0]["mid"]
    owner = int(world_.clock[0]["n_traders"]) - 1
    post_order(world_, owner, -1, MARKET, BUY, 0, 0, round(coins / 0.001), -1, 0, -1)
    session.advance(3)
    return float((world_.market_view[0]["mid"] / mid - 1.0) * 1e4)


@pytest.mark.parametrize(
    ("bins", "words"),
    [
        ([], "is empty"),
        ([BINS[1], BINS[0]], "10 after 50; it must rise"),
        ([BINS[0], BINS[1] | {"ask_money": 5.0e4}], "50000 after 60000; it must rise"),
    ],
)
def test_a_profile_that_does_not_rise_is_refused(bins, words):
    problems = [sentence for _, sentence in check_scenario(world({"profile": bins}))]
    assert any(words in sentence for sentence in problems), problems


def test_mirrored_worlds_with_a_profile_are_mirror_images():
    symmetric = [row | {"ask_money": row["bid_money"]} for row in BINS]
    paths = []
    for mirror in (False, True):
        scenario = world(
            {"profile": symmetric, "reprice_bp": 10.0, "layoff_half_life_s": 1.0e7},
            {},
            prices="arithmetic",
            mirror=mirror,
        )
        session = build_session(scenario)
        session.advance(60)
        rows = session.take_steps()
        paths.append((rows["best_bid"] - 20_000, rows["best_ask"] - 20_000))
    assert (paths[0][0] == -paths[1][1]).all() and (paths[0][1] == -paths[1][0]).all()
    assert (paths[0][0] != 0).any()
