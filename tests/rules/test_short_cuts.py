"""Quick ways to an answer give the answer of the slow way."""

import numpy as np
import pytest
from small_worlds import CRASH, small_session

from sim.rules.admission import covers, covers_amply
from sim.rules.margin import initial_rate, schedule
from sim.rules.rounding import ceil_div, rate_of
from sim.rules.sorting import ROW_BITS, sort_spread_keys
from sim.scenario import load
from sim.scenario.build import build_session
from sim.terms import entry

TIMES = {
    "spread": lambda dice, n: dice.integers(0, 1 << 31, n),
    "one time": lambda dice, n: np.full(n, 7),
    "the end of the step": lambda dice, n: np.full(n, (1 << 31) - 1),
    "backwards": lambda dice, n: np.arange(n, 0, -1),
    "two heaps": lambda dice, n: np.where(dice.random(n) < 0.5, 3, (1 << 31) - 2),
    "a narrow crowd": lambda dice, n: dice.integers(1 << 20, (1 << 20) + n, n),
    "beyond the range": lambda dice, n: dice.integers(0, 1 << 33, n),
}


@entry
def sort_by_share(keys):
    return sort_spread_keys(keys, int(31))


@entry
def answers(world, owner, k, side, price, lots, isolated):
    return (
        covers_amply(world, owner, k, side, price, lots, isolated),
        covers(world, owner, k, side, price, lots, isolated, False, int(0)),
    )


@entry
def requirements(world, k, value):
    instrument = world.instruments[k]
    worst, rate = 0, world.traders[0]["initial_rate"]
    for row in range(instrument["first_tier"], instrument["first_tier"] + instrument["n_tiers"]):
        worst = max(worst, world.tiers[row]["rate"] * value - world.tiers[row]["deduction"])
    first = instrument["first_initial_tier"]
    for row in range(first, first + instrument["n_initial_tiers"]):
        if value >= world.tiers[row]["floor"]:
            rate = max(rate, world.tiers[row]["rate"])
    quick = schedule(world.tiers, instrument["first_tier"], instrument["n_tiers"], value)
    return quick, worst, initial_rate(world, instrument, world.traders[0], value), rate


@entry
def rated(value, rate, scale):
    return rate_of(value, rate, scale), (value // scale) * rate + ceil_div((value % scale) * rate, scale)


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 100, 5_000])
def test_orders_are_sorted_by_time_and_row_however_their_times_lie(name, n):
    keys = (TIMES[name](np.random.default_rng(n), n).astype(np.int64) << ROW_BITS) | np.arange(n)
    assert np.array_equal(sort_by_share(keys), np.sort(keys))


@pytest.mark.parametrize("scope", ["cross", "isolated"])
def test_an_order_that_is_amply_covered_is_covered(scope):
    session = small_session({**CRASH, "populations.speculators.margin_scope": scope})
    session.advance(40)
    world, dice = session.world, np.random.default_rng(3)
    seen = {(quick, exact): 0 for quick in (True, False) for exact in (True, False)}
    who = world.populations[session.names.populations.index("speculators")]
    for _ in range(4_000):
        owner = int(dice.integers(who["first_trader"], who["first_trader"] + who["n_traders"]))
        k, side = int(dice.integers(2)), int(dice.choice([-1, 1]))
        price = int(world.instruments[k]["mark_price"] * dice.uniform(0.9, 1.1))
        lots = int(np.exp(dice.uniform(0.0, 14.0)))
        seen[answers(world, owner, k, side, price, lots, scope == "isolated")] += 1
    assert seen[True, False] == 0
    assert seen[True, True] > 500 and seen[False, False] > 500


def test_an_order_that_just_fits_is_left_to_the_exact_rule():
    session = small_session()
    world = session.world
    who = world.populations[session.names.populations.index("noise")]
    owner, price = int(who["first_trader"]), int(world.instruments[0]["mark_price"])
    least, most = 0, 1 << 30
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if answers(world, owner, 0, 1, price, middle, False)[1] else (least, middle)
    world.quote_balance[owner] += 1 << 40
    spare = 1 << 40
    while spare:  # the smallest balance that carries the order
        world.quote_balance[owner] -= spare
        if not answers(world, owner, 0, 1, price, most, False)[1]:
            world.quote_balance[owner] += spare
        spare >>= 1
    assert answers(world, owner, 0, 1, price, most, False) == (False, True)


@pytest.mark.parametrize("scale", ["1", "0.5", "4", "8"])
def test_a_schedule_is_the_largest_of_all_its_lines(scale):
    margin = {"maintenance_scale": scale, "initial": "max_with_maintenance"}
    dials = [f"venues.binance.margin.{name}={value}" for name, value in margin.items()]
    world = build_session(load("btc_2025_10_10", dials)).world
    dice = np.random.default_rng(5)
    floors = [int(tier["floor"]) for tier in world.tiers]
    values = [f + d for f in floors for d in (-1, 0, 1) if f + d >= 0]
    largest = max(floors)
    values += [int(v) for v in np.exp(dice.uniform(0.0, np.log(2.0 * largest), 500))]
    for k in range(len(world.instruments)):
        for value in values:
            quick, worst, rate, expected = requirements(world, k, value)
            assert (quick, rate) == (worst, expected), value


def test_a_rate_of_a_value_is_the_same_with_one_division():
    dice = np.random.default_rng(6)
    for scale in (10_000, 1_000_000, 10**9):
        for value in [0, 1, -1, scale - 1, scale, *(int(v) for v in np.exp(dice.uniform(0, 42, 300))), -(10**12) - 7]:
            rate = int(dice.integers(0, scale + 1))
            quick, split = rated(value, rate, scale)
            assert quick == split == -((-value * rate) // scale)
