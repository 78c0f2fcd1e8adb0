"""Liquidation prices against bisection on a clerk's figures, for random books under every dial."""

import copy
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_case import NaiveCross, answer_to, isolated, long, one_position, short

NAMES = ("X", "Y", "Z")
RATES = st.integers(0, 2_000).map(lambda n: n / 10_000)
PRICES = st.integers(50, 200).map(float)
SIZES = st.integers(1, 400).map(lambda n: n / 10)


@st.composite
def schedules(draw, modes=("marginal",)):
    rates = sorted(draw(st.lists(RATES, min_size=1, max_size=4)))
    floors = sorted(draw(st.sets(st.integers(1, 60_000), min_size=len(rates) - 1, max_size=len(rates) - 1)))
    return {
        "tiers": [list(tier) for tier in zip([0, *floors], rates, strict=True)],
        "mode": draw(st.sampled_from(modes)),
    }


@st.composite
def cross_cases(draw, modes=("marginal",)):
    """Cross books of up to five positions in up to three instruments, sides mixed, hedges among them."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5))
    side = st.sampled_from((long, short))
    return {
        "collateral": draw(st.integers(-500, 20_000)),
        "mark_prices": {name: draw(PRICES) for name in set(names)},
        "schedules": {name: draw(schedules(modes)) for name in set(names)},
        "positions": [draw(side)(draw(PRICES), draw(SIZES), name) for name in names],
        "regime": {
            "notional_basis": draw(st.sampled_from(("mark", "entry"))),
            "netting": draw(st.sampled_from(("sum", "larger_side"))),
            "unrealised_profit_credit": draw(st.sampled_from((1.0, 1.0, 0.5, 0.0))),
            "closing_fee": {"rate": 0.001, "basis": draw(st.sampled_from(("none", "mark", "bankruptcy")))},
        },
    }


def at_mark(case, name, price):
    moved = copy.deepcopy(case)
    moved["mark_prices"][name] = price
    return answer_to(moved)


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(case=cross_cases())
def test_account_figures_are_those_of_a_clerk(case):
    from fractions import Fraction

    found, clerk = answer_to(case), NaiveCross(case)
    marks = {name: Fraction(str(price)) for name, price in case["mark_prices"].items()}
    equity, maintenance = clerk.equity(marks), clerk.maintenance(marks)
    assert found["equity"] == float(equity) and found["maintenance_margin"] == float(maintenance)
    assert found["margin_buffer"] == float(equity - maintenance)
    assert found["liquidatable"] == (equity < maintenance)
    assert found["initial_margin"] >= found["maintenance_margin"]


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(case=cross_cases())
def test_liquidation_prices_are_those_of_bisection(case):
    found, clerk = answer_to(case), NaiveCross(case)
    for position, item in zip(case["positions"], found["positions"], strict=True):
        name, price, mark = (
            position["instrument"],
            item["liquidation_price"],
            case["mark_prices"][position["instrument"]],
        )
        sides = {p["side"] for p in case["positions"] if p["instrument"] == name}
        losing_up = position["side"] == "short"
        ways = (True, False) if len(sides) == 2 else (losing_up != found["liquidatable"],)
        roots = [root for root in (clerk.bisected(name, way) for way in ways) if root]
        if price is not None and roots:
            nearest = min(roots, key=lambda root: abs(root - mark))
            assert price == pytest.approx(nearest, rel=1e-9)
        elif price is not None:  # a breach that only a further loss or a far gain ends
            assert found["liquidatable"] and clerk_flips(clerk, name, price)
        else:
            assert not roots


def clerk_flips(clerk, name, price):
    from fractions import Fraction

    around = [
        clerk.buffer(name, Fraction(price) * factor) < 0
        for factor in (Fraction(999_999, 10**6), Fraction(1_000_001, 10**6))
    ]
    return around[0] != around[1]


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(case=cross_cases(modes=("whole",)))
def test_under_whole_position_tiers_the_test_flips_at_the_price_and_nowhere_before(case):
    found = answer_to(case)
    for position, item in zip(case["positions"], found["positions"], strict=True):
        price, name = item["liquidation_price"], position["instrument"]
        mark = case["mark_prices"][name]
        sides = {p["side"] for p in case["positions"] if p["instrument"] == name}
        if price is None or len(sides) == 2 or price > 1e9:
            continue
        beyond = price + (price - mark) * 1e-9 if price != mark else price
        for share in (0.0, 0.3, 0.7, 0.99, 0.999999):
            between = mark + (price - mark) * share
            assert at_mark(case, name, between)["liquidatable"] == found["liquidatable"], (share, item)
        if price != mark:
            assert at_mark(case, name, beyond)["liquidatable"] != found["liquidatable"]


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(side=st.sampled_from((long, short)), entry=PRICES, size=st.integers(100, 100_000).map(float), mark=PRICES,
       collateral=st.integers(1, 400).map(lambda n: n / 10), schedule=schedules(),
       basis=st.sampled_from(("mark", "entry")), slope=st.sampled_from((0.0, 0.00002)))  # fmt: skip
def test_inverse_prices_are_where_the_buffer_is_zero(side, entry, size, mark, collateral, schedule, basis, slope):
    position = isolated(side(entry, size, contract="inverse"), collateral)
    case = {"mark_prices": {"X": mark}, "schedules": {"X": {**schedule, "slope": slope}}, "positions": [position],
            "regime": {"notional_basis": basis}}  # fmt: skip
    found = answer_to(case)
    price = found["positions"][0]["liquidation_price"]
    if price is None:
        assert side is short or not found["liquidatable"]
        return
    there = at_mark(case, "X", price)
    assert there["margin_buffer"] == pytest.approx(0.0, abs=1e-9 * max(size / price, collateral))
    losing = price > mark if side is short else price < mark
    assert price == mark or losing != found["liquidatable"]


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(side=st.sampled_from((long, short)), size=SIZES, collateral=st.integers(200, 4_000), schedule=schedules())
def test_the_price_of_a_fresh_position_lies_between_entry_and_bankruptcy(side, size, collateral, schedule):
    position = isolated(side(100.0, size), collateral * size / 100)
    case = {"mark_prices": {"X": 100}, "schedules": {"X": schedule}, "positions": [position]}
    found = answer_to(case)
    item = found["positions"][0]
    assert item["bankruptcy_price"] == pytest.approx(100 - (1 if side is long else -1) * collateral / 100)
    if not found["liquidatable"]:
        low, high = sorted((100.0, item["bankruptcy_price"]))
        assert low <= item["liquidation_price"] <= high


def test_a_fully_backed_long_has_no_price_and_a_short_always_has_one():
    backed = one_position(isolated(long(100.0), 150), 100, 0.01)
    assert answer_to(backed)["positions"][0]["liquidation_price"] is None
    assert answer_to(backed)["positions"][0]["bankruptcy_price"] is None
    sold = one_position(isolated(short(100.0), 150), 100, 0.01)
    assert answer_to(sold)["positions"][0]["liquidation_price"] == pytest.approx(250 / 1.01)


def test_an_inverse_short_that_owes_less_than_its_coins_has_no_price():
    # Sold 10,000 contracts at 10,000 with 1.2 coins behind them: they cost at most one coin at any price.
    case = one_position(isolated(short(10_000.0, 10_000.0, contract="inverse"), 1.2), 10_000, 0.01)
    assert answer_to(case)["positions"][0]["liquidation_price"] is None


def test_a_perfect_hedge_is_liquidated_by_a_rise_alone():
    case = {
        "collateral": 10, "mark_prices": {"X": 100}, "schedules": {"X": {"tiers": [[0, 0.01]]}},
        "positions": [long(100.0), short(100.0)],
    }  # fmt: skip
    assert [item["liquidation_price"] for item in answer_to(case)["positions"]] == [500, 500]
    netted = case | {"regime": {"netting": "larger_side"}}
    assert answer_to(netted)["positions"][0]["liquidation_price"] == 1_000


def test_the_price_of_an_account_in_breach_is_where_it_would_comply_again():
    case = one_position(isolated(long(100.0), 5), 94, 0.004)
    found = answer_to(case)
    assert found["liquidatable"] and found["positions"][0]["liquidation_price"] == pytest.approx(95 / 0.996)


def test_equality_is_safe_and_its_price_is_the_mark():
    case = one_position(isolated(long(100.0), 5), 100, 0.05)
    found = answer_to(case)
    assert not found["liquidatable"] and found["margin_buffer"] == 0
    assert found["positions"][0]["liquidation_price"] == 100
    assert answer_to(one_position(isolated(long(100.0), 4.9999999), 100, 0.05))["liquidatable"]


def test_a_whole_position_tier_liquidates_a_short_at_its_edge():
    schedule = {"tiers": [[0, 0.01], [1_100, 0.5]], "mode": "whole"}
    case = {"mark_prices": {"X": 100}, "schedules": {"X": schedule}, "positions": [isolated(short(100.0, 10.0), 300)]}
    assert answer_to(case)["positions"][0]["liquidation_price"] == 110
    assert [at_mark(case, "X", price)["liquidatable"] for price in (109.999999, 110.0)] == [False, True]


def test_prices_keep_twelve_digits_at_extreme_scales():
    for scale in (1e-9, 1.0, 1e9):
        case = one_position(isolated(long(3.0 * scale, 7.0), scale), 3 * scale, 0.004)
        wanted = (21 * scale - scale) / (7 * 0.996)
        assert math.isclose(answer_to(case)["positions"][0]["liquidation_price"], wanted, rel_tol=1e-12)
