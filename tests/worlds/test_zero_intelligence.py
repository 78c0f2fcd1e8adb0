"""The zero-intelligence flow does what its rates say, in the real book; the published tables come out of it."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from replay import Replay

from sim.runs.experiment import load_analyse
from sim.runs.measure import load_measure
from sim.scenario import ScenarioError, load
from sim.scenario.build import build_session
from sim.strategies.zero_intelligence import arrive_and_leave
from sim.terms.vocabulary import CANCEL, EVENT_FILL, EVENT_ORDER_REMOVED, EVENT_ORDER_RESTED

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
SIGMAS = 4.5
STEPS = 3_000
ARRIVAL = {1: 1.85, 2: 1.51, 3: 1.09, 4: 0.88, 5: 0.77}
CANCELLATION = {1: 0.71, 2: 0.81, 3: 0.68, 4: 0.56, 5: 0.47}


def flow_scenario(*settings):
    return load("zero_intelligence", [f"populations.flow.{item}" for item in settings] + ["steps=40000"])


def named(experiment, name):
    """A function or constant of an experiment's analyse.py."""
    return inspect.unwrap(load_analyse(EXPERIMENTS / experiment)).__globals__[name]


@pytest.fixture(scope="module")
def played():
    """(arrivals by distance, removals by distance, order-steps by distance, fills, arrivals a step)."""
    session = build_session(load("zero_intelligence", ["record.order_events=true", f"steps={STEPS}"]), 3)
    replay = Replay(session.world)
    session.advance(STEPS)
    events = session.take_events()
    arrived, removed, exposed = np.zeros(200), np.zeros(200), np.zeros(200)

    def distance(side, price):
        other = [row[2] for row in replay.orders.values() if row[3] * side < 0]
        return None if not other else min((min(other) - price) if side > 0 else (price - max(other)), 199)

    def before(event, _replay):
        if event["kind"] in (EVENT_ORDER_RESTED, EVENT_ORDER_REMOVED):
            place = distance(np.sign(event["size"]), event["price"])
            if place is not None:
                (arrived if event["kind"] == EVENT_ORDER_RESTED else removed)[place] += 1

    for step in range(STEPS):
        replay.play(events[events["step"] == step], before)
        for _, _, price, lots in replay.orders.values():
            place = distance(np.sign(lots), price)
            if place is not None:
                exposed[place] += 1
    rested = np.bincount(events["step"][events["kind"] == EVENT_ORDER_RESTED], minlength=STEPS)
    fills = int((events["kind"] == EVENT_FILL).sum())
    return arrived, removed, exposed, fills, rested


def test_limit_orders_arrive_at_the_rate_of_their_distance(played):
    arrived = played[0]
    for distance, rate in ARRIVAL.items():
        expected = 2.0 * rate * STEPS
        assert abs(arrived[distance] - expected) < SIGMAS * np.sqrt(expected), distance
    assert arrived[0] == 0 and arrived[6:].sum() == 0


def test_arrivals_are_poisson(played):
    rested = played[4]
    mean = rested.mean()
    assert abs(rested.var() / mean - 1.0) < SIGMAS * np.sqrt(2.0 / STEPS)
    assert abs(np.corrcoef(rested[1:], rested[:-1])[0, 1]) < SIGMAS / np.sqrt(STEPS)


def test_orders_are_cancelled_at_the_rate_of_their_distance_of_the_moment(played):
    removed, exposed = played[1], played[2]
    for distance, rate in CANCELLATION.items():
        assert removed[distance] / exposed[distance] == pytest.approx(rate, rel=0.06), distance
    assert removed[6:].sum() / exposed[6:].sum() == pytest.approx(0.47, rel=0.08)


def test_market_orders_fill_at_their_rate(played):
    expected = 2.0 * 0.94 * STEPS
    assert abs(played[3] - expected) < SIGMAS * np.sqrt(expected)


def test_a_flow_may_trade_beside_other_populations():
    book = {"kind": "static_book", "name": "book", "venue": "school", "depth_ticks": 50, "count": 3}
    scenario = load("zero_intelligence", ["steps=50"])
    tree = scenario.model_dump()
    tree["populations"] = [*tree["populations"], book]
    session = build_session(type(scenario).model_validate(tree), 2)
    session.advance(50)
    first = int(session.world.populations[2]["first_trader"])
    assert np.abs(session.world.position_size[first : first + 3]).sum() > 0  # it took from the other book
    assert session.world.clock[0]["fills"] > 40


def test_thinning_keeps_depth_and_turnover():
    depth, turnover = [], []
    for thinning in (1.0, 4.0):
        scenario = load("zero_intelligence", [
            f"flow_thinning={thinning}", "steps=3000", "populations.flow.limit_rates=[20.0,20.0]",
            "populations.flow.cancel_rates=[0.5]", "populations.flow.market_rate=4.0", "populations.flow.capital=1e11",
            "populations.flow.order_notional=80000.0",
        ])  # fmt: skip
        session = build_session(scenario, 1)
        session.advance(3_000)
        rows = session.take_steps()[200:]
        depth.append(rows["bid_depth"][rows["bid_depth"] >= 0].mean())
        turnover.append(rows["traded_lots"].mean())
    assert depth[1] == pytest.approx(depth[0], rel=0.05)
    assert turnover[1] == pytest.approx(turnover[0], rel=0.05)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("arrivals=uniform", "limit_rates.*arrivals: uniform has one"),
        ("cancel_rates=[0.00001]", "orders rest"),
        ("cancel_rates=[0.0]", "cancel_rates"),
        ("count=1", "count"),
    ],
)
def test_a_flow_that_cannot_be_is_refused(setting, said):
    with pytest.raises(ScenarioError, match=said):
        flow_scenario(setting)


@pytest.mark.parametrize(("bids", "asks"), [(1, 1), (1, 5), (3, 2), (5, 4)])
def test_the_first_move_follows_the_exact_table(bids, asks):
    measure = load_measure(str(EXPERIMENTS / "cont_stoikov_talreja" / "measure.py"))
    scenario = load("zero_intelligence", ["step_seconds=0.25", "populations.flow.capital=1e12"])
    moves = 6_000
    up = measure(scenario, {"bids": bids, "asks": asks}, 7, moves)["up"]
    theory = named("cont_stoikov_talreja", "up_probability")()[bids, asks]
    assert abs(up / moves - theory) < SIGMAS * np.sqrt(theory * (1.0 - theory) / moves)


def test_the_exact_table_is_the_published_one():
    theory = named("cont_stoikov_talreja", "up_probability")()
    published = [
        [0.500, 0.335, 0.259, 0.216, 0.188], [0.665, 0.500, 0.407, 0.348, 0.307], [0.741, 0.593, 0.500, 0.437, 0.391],
        [0.784, 0.652, 0.563, 0.500, 0.452], [0.812, 0.693, 0.609, 0.548, 0.500],
    ]  # fmt: skip
    assert np.abs(theory[1:6, 1:6] - published).max() <= 0.0011


@pytest.mark.parametrize(("rate", "reference"), [(0.05, 0.3188), (0.2, 0.5013)])
def test_the_spread_of_a_uniform_flow_is_the_reference(rate, reference):
    home = EXPERIMENTS / "zero_intelligence_spread"
    scenario = load(home / "scenario.yaml", [f"populations.flow.cancel_rates=[{rate}]", "steps=60000"])
    found = load_measure(str(home / "measure.py"))(scenario, {}, 5)
    assert found["u"] == pytest.approx(rate) and found["one_sided"] == 0
    assert found["spread"] == pytest.approx(reference, rel=0.03)


def test_a_spread_outside_its_band_is_called_out():
    rows = [
        {"u": u, "window_ticks": window, "spread": spread * (1.0 + 1e-4 * seed), "error": None}
        for u, spread in ((0.01, 0.2505), (0.05, 0.36), (0.2, 0.5013))
        for window in (600, 1200)
        for seed in range(4)
    ]
    found = load_analyse(EXPERIMENTS / "zero_intelligence_spread")(pd.DataFrame(rows))
    assert found.facts["outside"] == ["spread at u = 0.05"]


def test_what_the_flow_draws_does_not_depend_on_who_else_is_there():
    """Time, side, distance and trader of every order of a step; which slot is free is up to the book."""
    scenario = load("zero_intelligence", ["steps=5"])
    book = {"kind": "static_book", "name": "book", "venue": "school", "depth_ticks": 50, "count": 3}
    tree = scenario.model_dump()
    tree["populations"] = [book, *tree["populations"]]
    drawn = []
    for record in (scenario, type(scenario).model_validate(tree)):
        world = build_session(record, 4).world
        p = len(world.populations) - 1
        for step in range(50):
            arrive_and_leave(world, p, step)
        rows = world.inbox[: int(world.clock[0]["inbox_rows"])]
        rows = rows[rows["kind"] != CANCEL]
        owner = rows["owner"] - world.populations[p]["first_trader"]
        drawn.append([owner.tolist(), *(rows[name].tolist() for name in ("time_key", "kind", "side", "price", "size"))])
    assert drawn[0] == drawn[1] and len(drawn[0][0]) > 500
