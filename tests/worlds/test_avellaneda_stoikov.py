"""Makers with a reservation price: the quotes are those of the formula, and the published figures come out."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.runs.experiment import load_analyse
from sim.runs.measure import load_measure
from sim.scenario import load
from sim.scenario.build import build_session

HOME = Path(__file__).parents[2] / "experiments" / "avellaneda_stoikov"
TICK, GAMMA, DECAY, VARIANCE, STEP = 0.001, 0.1, 1.5, 4.0, 0.005
PATHS = 250


def world_of(*settings, seed=1):
    return build_session(load(HOME / "scenario.yaml", settings), seed)


def quotes_of(session):
    """(bid, ask) of the maker at the end of a step in which nobody traded."""
    row = session.world.instruments[0]
    return int(row["best_bid"]) * TICK, int(row["best_ask"]) * TICK


@pytest.mark.parametrize("held", [0, 3, -2])
def test_quotes_stand_around_the_reservation_price(held):
    session = world_of("populations.takers.orders_per_s=0.0")
    maker = int(session.world.populations[1]["first_trader"])
    session.world.position_size[maker] += held
    session.world.position_size[0] -= held  # the outside world is the other side
    session.world.instruments[0]["open_interest"] += max(held, 0) + max(-held, 0)
    session.advance(41)  # the last of these steps is number 40
    left = 1.0 - 40 * STEP
    price = session.world.instruments[0]["index_milli"] / 1000.0 * TICK
    centre = price - held * GAMMA * VARIANCE * left
    half = 0.5 * GAMMA * VARIANCE * left + math.log(1.0 + GAMMA / DECAY) / GAMMA
    bid, ask = quotes_of(session)
    assert centre - half - TICK < bid <= centre - half + 1e-9
    assert centre + half - 1e-9 <= ask < centre + half + TICK


def test_a_symmetric_maker_quotes_the_mean_spread_whatever_it_holds():
    session = world_of("populations.takers.orders_per_s=0.0", "populations.maker.symmetric=true")
    maker = int(session.world.populations[1]["first_trader"])
    session.world.position_size[maker] += 5
    session.world.position_size[0] -= 5
    session.world.instruments[0]["open_interest"] += 5
    session.advance(100)
    bid, ask = quotes_of(session)
    price = session.world.instruments[0]["index_milli"] / 1000.0 * TICK
    mean = 0.5 * GAMMA * VARIANCE + 2.0 * math.log(1.0 + GAMMA / DECAY) / GAMMA
    assert ask - bid == pytest.approx(mean, abs=2 * TICK) and (ask + bid) / 2 == pytest.approx(price, abs=TICK)


def test_at_the_inventory_limit_the_side_that_adds_is_not_quoted():
    session = world_of("populations.takers.orders_per_s=0.0", "populations.maker.inventory_limit=3.0")
    maker = int(session.world.populations[1]["first_trader"])
    session.world.position_size[maker] += 3
    session.world.position_size[0] -= 3
    session.world.instruments[0]["open_interest"] += 3
    session.advance(1)
    row = session.world.instruments[0]
    assert row["bid_orders"] == 0 and row["ask_orders"] == 1


def test_inventory_stays_within_its_limit_while_takers_trade():
    session = world_of("populations.maker.inventory_limit=2.0", "populations.maker.symmetric=true", seed=4)
    maker = int(session.world.populations[1]["first_trader"])
    held = []
    for _ in range(200):
        session.advance(1)
        held.append(int(session.world.position_size[maker]))
    assert min(held) == -2 and max(held) == 2


def test_a_rolling_horizon_with_a_volatility_filter_quotes_on_in_an_ordinary_market():
    stoikov = {
        "kind": "avellaneda_stoikov", "name": "stoikov", "venue": "school", "count": 3, "order_notional": 50_000.0,
        "risk_aversion": 0.01, "fill_decay": 0.5, "horizon_s": 30.0, "inventory_limit": 20.0, "capital": 1.0e9,
    }  # fmt: skip
    scenario = load("zero_intelligence", ["steps=600"])
    tree = scenario.model_dump()
    tree["populations"] = [*tree["populations"], stoikov]
    session = build_session(type(scenario).model_validate(tree), 2)
    session.advance(600)
    world = session.world
    makers = world.traders["population"] == 2
    own = int((world.orders["sequence"] >= 0)[makers[world.orders["owner"]]].sum())
    assert 3 <= own <= 6
    assert world.desks[2]["variance"] > 0.05
    assert 0 < np.abs(world.position_size[makers]).max() <= 20 * 5


@pytest.mark.parametrize(
    ("symmetric", "name"), [("false", "with inventory"), ("true", "symmetric")], ids=["inventory", "symmetric"]
)
def test_profit_and_inventory_are_those_of_the_paper(symmetric, name):
    scenario = load(HOME / "scenario.yaml", [f"populations.maker.symmetric={symmetric}"])
    measure = load_measure(str(HOME / "measure.py"))
    rows = pd.DataFrame([measure(scenario, {}, seed) for seed in range(1, PATHS + 1)])
    targets = load_analyse(HOME).__globals__["TARGETS"][name]
    error_of = load_analyse(HOME).__globals__["deviation_error"]
    (mean, _), (spread, _), (held, _) = targets
    profit_spread, profit_error = error_of(rows["profit"])
    held_spread, held_error = error_of(rows["inventory"].astype(float))
    assert abs(rows["profit"].mean() - mean) < 4.0 * profit_spread / math.sqrt(PATHS) + 0.3
    assert abs(profit_spread - spread) < 4.0 * profit_error
    assert abs(held_spread - held) < 4.0 * held_error


@pytest.mark.parametrize("distance", [0.3, 0.745, 1.5])
def test_takers_reach_a_quote_with_the_probability_of_their_exponential_law(distance):
    """One tick of a book that is never renewed, at this distance above an index that stands still."""
    book = {
        "kind": "static_book", "name": "book", "venue": "school", "depth_ticks": 1, "lots_per_tick": 100_000,
        "closest_ticks": round(distance / TICK), "capital": 1.0e12,
    }  # fmt: skip
    scenario = load(HOME / "scenario.yaml", ["instruments.STOCK.index.volatility_bp=0.0", "steps=4000"])
    tree = scenario.model_dump()
    tree["populations"] = [book, tree["populations"][1] | {"capital": 1.0e9}]
    session = build_session(type(scenario).model_validate(tree), 9)
    session.advance(4_000)
    chance = 140.0 * STEP * math.exp(-DECAY * distance)
    fills = float(session.take_steps()["traded_lots"].sum()) / 2.0  # asks and bids
    assert abs(fills / 4_000 - chance) < 4.5 * math.sqrt(chance * (1.0 - chance) / 8_000)
