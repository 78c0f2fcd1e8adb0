"""How much is sold: back to compliance, down the tiers, a share, or all of it."""

import pytest
from breach import ATOM, LOT, START, Breach
from hypothesis import given, settings
from hypothesis import strategies as st
from small_worlds import TIERS

from sim.terms.vocabulary import BUY, SELL

FLOORS = [floor for floor, _, _ in TIERS["BTC"]]  # quote
FLAT = {"schedules": {**TIERS, "BTC": [[0, 0.01, 50]]}}
DEEP = 1_000_000  # lots


def lots_at(quote: float) -> int:
    """Lots of the first instrument worth this much at the start."""
    return round(quote / ATOM / LOT[0])


def stage(side: int = 1, margin=None, **policy) -> Breach:
    """A deep book at the mark."""
    world = Breach(policy, margin=margin)
    world.book(BUY if side > 0 else SELL, START, DEEP)
    return world


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("fee_rate", [0.0, 0.002])
@pytest.mark.parametrize("buffer", [0.0, 0.1, 0.5, 2.0])
def test_restore_ends_with_maintenance_and_the_buffer_and_a_lot_less_would_not_do(side, fee_rate, buffer):
    world = stage(side, FLAT, buffer=buffer, fee_rate=fee_rate)
    world.hold(0, side * 1_000, equity=15_000)  # maintenance 20,000: equity covers three quarters of it
    (sold,) = map(abs, world.sold())
    kept = 1_000 - sold
    equity, maintenance = world.margin(0)
    assert equity == 15_000 - round(sold * LOT[0] * fee_rate) and maintenance == kept * 20
    assert equity >= maintenance * (1 + buffer)
    a_lot_less = (kept + 1) * 20 * (1 + buffer)
    assert equity + LOT[0] * fee_rate < a_lot_less
    assert world.liquidate(1) == [], "a safe account is left alone"


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("tier, tiers_down, into", [(3, 1, 2), (3, 2, 1), (3, 3, 0), (3, 9, 0), (2, 1, 1), (1, 1, 0)])
def test_next_tier_ends_just_below_the_floor_of_the_tier_that_it_leaves(side, tier, tiers_down, into):
    world = stage(side, target="next_tier", tiers_down=tiers_down)
    world.hold(0, side * lots_at(FLOORS[tier] + 10_000), equity=1)
    world.sold()
    kept, floor = abs(world.size(0)), lots_at(FLOORS[into + 1])
    assert kept == floor - 1, "a position exactly at a floor belongs to the tier above it"


def test_next_tier_closes_all_of_a_position_in_the_first_tier():
    world = stage(target="next_tier")
    world.hold(0, 500, equity=1)
    assert world.sold() == [500]


def test_next_tier_goes_on_tier_by_tier_while_the_account_is_in_breach():
    world = stage(target="next_tier")
    world.hold(0, lots_at(310_000), equity=1)
    assert [world.size(0) for t in range(5) if world.liquidate(t) or True] == [
        lots_at(300_000) - 1, lots_at(80_000) - 1, lots_at(20_000) - 1, 0, 0,
    ]  # fmt: skip


def test_close_factor_sells_its_share_of_what_is_held_and_ends_with_the_last_lot():
    world = stage(target="close_factor", close_factor=0.5)
    world.hold(0, 9, equity=1)
    assert [world.sold(t) for t in range(5)] == [[5], [2], [1], [1], []]


@pytest.mark.parametrize("target", ["restore", "full", "next_tier", "close_factor"])
def test_all_is_sold_once_no_equity_is_left(target):
    world = stage(target=target)
    world.hold(0, lots_at(310_000), equity=0)
    assert world.sold() == [lots_at(310_000)]


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    target=st.sampled_from(["restore", "full", "next_tier", "close_factor"]), side=st.sampled_from([1, -1]),
    lots=st.integers(1, 60_000), equity=st.integers(-100_000, 3_000_000), depth=st.integers(1, 40_000),
    price=st.integers(990, 1_000), dial=st.sampled_from([0.0, 0.3, 1.0]), fee_rate=st.sampled_from([0.0, 0.012]),
)  # fmt: skip
def test_a_partial_close_ends_safe_or_smaller_and_never_flipped(
    target, side, lots, equity, depth, price, dial, fee_rate
):
    dials = {"buffer": dial, "close_factor": max(dial, 0.1), "tiers_down": 1 + round(dial), "fee_rate": fee_rate}
    world = Breach({"target": target, "execution": "market", "rounds_max": 4, **dials})
    world.book(BUY if side > 0 else SELL, START + side * (price - START), depth)
    world.hold(0, side * lots, equity=equity)
    found, needed = world.margin(0)
    world.liquidate()
    after, still_needed = world.margin(0)
    assert 0 <= side * world.size(0) <= lots
    if found >= needed:
        assert world.size(0) == side * lots, "a safe account is left alone"
    else:
        assert abs(world.size(0)) < lots or after >= still_needed
