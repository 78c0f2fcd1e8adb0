"""What the venue would send: nothing to a safe account, enough to comply, never more than there is."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_case import answer_to, isolated, long, one_position, short

LOTS = {"instruments": {"X": {"tick_size": 0.01, "lot_size": 0.25}}}
FLOORS = [[0, 0.01], [1_000, 0.02], [2_000, 0.05]]


def orders(case):
    return answer_to(case)["liquidation"]["orders"]


def after(case, order):
    """The case once an order is filled at the mark, fee paid."""
    position, mark = case["positions"][0], case["mark_prices"]["X"]
    exact = {key: Fraction(str(value)) for key, value in position.items() if isinstance(value, float | int)}
    size, sign = Fraction(order["size"]), 1 if position["side"] == "long" else -1
    paid = sign * size * (Fraction(str(mark)) - exact["entry_price"])
    fee = Fraction(str(case.get("liquidation", {}).get("fee_rate", 0))) * size * Fraction(str(mark))
    left = {**position, "size": float(exact["size"] - size),
            "isolated_collateral": float(exact["isolated_collateral"] + paid - fee)}  # fmt: skip
    return {**case, "positions": [left]}


def test_a_safe_account_is_sent_nothing():
    assert orders(one_position(isolated(long(100.0, 10.0), 30), 98, 0.01)) == []


def test_a_purchase_that_no_price_above_zero_could_fill_is_not_sent():
    case = {
        "collateral": -150, "mark_prices": {"A": 100, "B": 10}, "schedules": {"A": {"tiers": [[0, 0.01]]}},
        "positions": [{"instrument": "A", "side": "short", "size": 1, "entry_price": 100}],
    }  # fmt: skip
    assert answer_to(case)["liquidatable"] and orders(case) == []
    assert [order["limit_price"] for order in orders(case | {"liquidation": {"execution": "market"}})] == [None]
    # A loss of 99 can still be bought back at one, and a sale needs no limit when its equity is above its notional.
    assert orders(case | {"collateral": -99})[0]["limit_price"] == pytest.approx(1.0)


def test_a_limit_at_bankruptcy_keeps_no_closing_fee_back():
    fee = {"regime": {"closing_fee": {"rate": 0.001, "basis": "mark"}}}
    case = one_position(isolated(long(100.0, 10.0), 12), 99.5, 0.01, **fee)
    (order,) = orders(case)
    assert order["limit_price"] == pytest.approx(99.5 - 7 / 10)


@pytest.mark.parametrize("side", [long, short])
def test_restore_closes_the_gap_over_the_rate_less_the_fee(side):
    mark = 97.5 if side is long else 102.5
    case = one_position(isolated(side(100.0, 10.0), 40), mark, 0.02, liquidation={"fee_rate": 0.005})
    found = answer_to(case)
    (order,) = found["liquidation"]["orders"]
    assert order["side"] == ("sell" if side is long else "buy")
    assert order["size"] == pytest.approx(-found["margin_buffer"] / (mark * (0.02 - 0.005)))
    assert order["limit_price"] == pytest.approx(found["positions"][0]["bankruptcy_price"])
    assert answer_to(after(case, order))["margin_buffer"] == pytest.approx(0, abs=1e-9)


def test_sizes_are_rounded_up_to_lots_and_limits_to_the_tick_inside_bankruptcy():
    case = one_position(isolated(long(100.0, 10.0), 40.203), 97.5, 0.02, **LOTS)
    (order,) = orders(case)
    exact = one_position(isolated(long(100.0, 10.0), 40.203), 97.5, 0.02)
    assert order["size"] == 2.25 > orders(exact)[0]["size"] > 2.0
    assert order["limit_price"] == 95.98 > orders(exact)[0]["limit_price"] > 95.97
    assert answer_to(after(case, order))["liquidatable"] is False


@pytest.mark.parametrize(
    ("liquidation", "mark"), [({"target": "full"}, 97.5), ({"fee_rate": 0.02}, 97.5), ({}, 95.0), ({}, 90.0)],
    ids=["target", "fee eats the relief", "equity is zero", "equity is below zero"],
)  # fmt: skip
def test_all_is_closed_where_the_policy_says_so_or_a_part_would_not_help(liquidation, mark):
    collateral = 50 if mark == 95 else 40
    (order,) = orders(one_position(isolated(long(100.0, 10.0), collateral), mark, 0.02, liquidation=liquidation))
    assert order["size"] == 10


def test_next_tier_goes_down_to_the_floor_or_one_lot_below_it():
    def sent(size, **more):
        case = one_position(isolated(long(100.0, size), 1), 100, 0.01, **more)
        case["schedules"]["X"] = {"tiers": FLOORS, "mode": "whole"}
        return orders(case)[0]["size"]

    down = {"liquidation": {"target": "next_tier"}}
    assert sent(25.0, **down) == pytest.approx(5) and sent(25.0, **down) > 5 and sent(25.0, **down, **LOTS) == 5.25
    assert sent(25.0, liquidation={"target": "next_tier", "tiers_down": 2}) == pytest.approx(15)
    assert sent(25.0, liquidation={"target": "next_tier", "tiers_down": 9}) == pytest.approx(15)
    assert sent(20.0, **down, **LOTS) == 0.25
    assert sent(5.0, **down) == 5


def test_under_whole_position_tiers_stepping_below_a_floor_may_be_enough():
    case = one_position(isolated(long(100.0, 22.0), 70), 100, 0.01, **LOTS)
    case["schedules"]["X"] = {"tiers": FLOORS, "mode": "whole"}
    # 2,200 needs 110; below 2,000 it needs 2 %, that is under 40: one lot under the floor is 19.75.
    (order,) = orders(case)
    assert order["size"] == 2.25 and answer_to(after(case, order))["liquidatable"] is False


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(size=st.integers(1, 120).map(lambda n: n / 4), collateral=st.integers(0, 200), mark=st.integers(180, 220),
       side=st.sampled_from((long, short)), mode=st.sampled_from(("marginal", "whole")), lots=st.booleans(),
       fee=st.sampled_from((0.0, 0.004, 0.015)))  # fmt: skip
def test_a_partial_close_ends_safe_or_smaller_never_flipped(size, collateral, mark, side, mode, lots, fee):
    case = one_position(isolated(side(100.0, size), collateral), mark / 2, 0.01, liquidation={"fee_rate": fee},
                        **(LOTS if lots else {}))  # fmt: skip
    case["schedules"]["X"] = {"tiers": FLOORS, "mode": mode}
    found = answer_to(case)
    if not found["liquidatable"]:
        assert found["liquidation"]["orders"] == []
        return
    (order,) = found["liquidation"]["orders"]
    assert 0 < order["size"] <= size
    if order["size"] == size:
        return
    then = answer_to(after(case, order))
    in_first_tier = size * mark / 2 < 1_000
    if not lots or mode == "whole" or in_first_tier:  # else the engine's next round sells what is missing
        assert then["margin_buffer"] >= -1e-9


def test_without_lots_the_order_reaches_compliance_across_tiers_and_with_them_it_is_the_engines_first():
    case = one_position(isolated(long(100.0, 22.0), 30), 100, 0.01)
    case["schedules"]["X"] = {"tiers": FLOORS}
    # 2,200 needs 40 and has 30. The 200 above the floor relieve 10: exactly enough. With 25, 250 more at 2 %.
    assert orders(case)[0]["size"] == 2
    case["positions"] = [isolated(long(100.0, 22.0), 25)]
    assert orders(case)[0]["size"] == pytest.approx(4.5)
    assert orders(case | LOTS)[0]["size"] == 3.0
    assert answer_to(after(case | LOTS, orders(case | LOTS)[0]))["liquidation"]["orders"][0]["size"] == 1.5


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(one=st.integers(10, 200), other=st.integers(10, 200), collateral=st.integers(1, 300))
def test_a_netted_hedge_is_sold_until_it_complies(one, other, collateral):
    case = {
        "collateral": collateral / 10, "mark_prices": {"X": 100}, "schedules": {"X": {"tiers": FLOORS}},
        "positions": [long(100.0, one / 10), short(100.0, other / 10)], "regime": {"netting": "larger_side"},
    }  # fmt: skip
    found = answer_to(case)
    left = [one / 10, other / 10]
    if found["liquidatable"]:  # the pair is closed against itself, only what is left of the larger leg is sold
        left = [side - min(left) for side in left]
    assert len(found["liquidation"]["orders"]) <= 1
    for order in found["liquidation"]["orders"]:
        left[order["side"] == "buy"] -= order["size"]
    positions = [{**p, "size": size} for p, size in zip(case["positions"], left, strict=True) if size > 0]
    assert answer_to(case | {"positions": positions})["margin_buffer"] >= -1e-9


def test_the_largest_requirement_is_sold_first_until_the_account_complies():
    case = {
        "collateral": 30, "mark_prices": {"X": 100, "Y": 100}, "liquidation": {"target": "full"},
        "schedules": {"X": {"tiers": [[0, 0.01]]}, "Y": {"tiers": [[0, 0.05]]}},
        "positions": [long(100.0, 20.0), short(100.0, 5.0, "Y")],
    }  # fmt: skip
    assert [(o["instrument"], o["side"], o["size"]) for o in orders(case)] == [("Y", "buy", 5.0)]
    both = case | {"collateral": 10}
    assert [o["instrument"] for o in orders(both)] == ["Y", "X"]


def test_a_cap_and_a_band_bind_the_order():
    case = one_position(isolated(long(100.0, 10.0), 1), 100, 0.02)
    assert orders(case)[0]["size"] == pytest.approx(9.5)
    capped = orders(case | {"liquidation": {"cap_per_step": 333, "target": "full"}})
    assert capped[0]["size"] == pytest.approx(3.33)
    assert orders(case | {"liquidation": {"cap_per_step": 333, "target": "full"}} | LOTS)[0]["size"] == 3.25
    deep = one_position(isolated(long(100.0, 10.0), 150), 100, 0.2)
    assert orders(deep)[0]["limit_price"] == 85
    assert orders(deep | {"liquidation": {"price_band": 0.05}})[0]["limit_price"] == 95
    assert orders(deep | {"liquidation": {"execution": "market"}})[0]["limit_price"] is None
    assert orders(deep | {"liquidation": {"execution": "ioc_below_mark", "discount": 0.03}})[0]["limit_price"] == 97


def test_no_order_is_sent_for_less_than_a_lot_of_cap():
    case = one_position(isolated(long(100.0, 10.0), 1), 100, 0.02, **LOTS)
    assert orders(case | {"liquidation": {"cap_per_step": 24}}) == []


def test_hyperliquid_sends_a_fifth_of_a_large_position_first_and_all_of_a_small_one():
    phases = {"target": "full", "execution": "market", "throttle": {"two_phase": {"above": 1e5, "first_fraction": 0.2}}}
    for size, sent in ((1_500.0, 300.0), (1_000.0, 1_000.0)):
        case = one_position(isolated(long(100.0, size), size), 100, 0.0125, liquidation=phases)
        assert [order["size"] for order in orders(case)] == [sent]


@pytest.mark.parametrize(
    ("liquidation", "size"),
    [({"target": "close_factor", "close_factor": 0.3}, 3.0), ({"buffer": 0.5}, (30 - 15) / 3),
     ({"target": "full", "throttle": {"max_fraction": 0.1}}, 1.0),
     ({"target": "full", "throttle": {"max_fraction": 0.1, "min_notional": 250}}, 2.5),
     ({"target": "full", "throttle": {"max_notional": 410}}, 4.1)],
)  # fmt: skip
def test_a_share_a_buffer_and_a_throttle_by_hand(liquidation, size):
    # 1,000 at 2 % need 20; 15 are there; with half as much again 30 are wanted, and a coin relieves 3.
    case = one_position(isolated(long(100.0, 10.0), 15), 100, 0.02, liquidation=liquidation)
    assert orders(case)[0]["size"] == pytest.approx(size)


@pytest.mark.parametrize("side", [long, short])
def test_an_inverse_order_is_rounded_to_contracts_and_ticks_and_its_coins_are_not_rounded(side):
    mark = 9_900 if side is long else 10_100
    case = one_position(isolated(side(10_000.0, 10_000.0, contract="inverse"), 0.02), mark, 0.012)
    units = {"instruments": {"X": {"tick_size": 0.5, "lot_size": 100}}}
    (exact,), (rounded,) = orders(case), orders(case | units)
    assert exact["size"] <= rounded["size"] < exact["size"] + 100 and rounded["size"] % 100 == 0
    inside = rounded["limit_price"] - exact["limit_price"]
    assert 0 <= (inside if side is long else -inside) < 0.5
    assert 0 < exact["size"] < 10_000
    assert orders(case | {"liquidation": {"cap_per_step": 700}})[0]["size"] == 700  # contracts of one quote unit
