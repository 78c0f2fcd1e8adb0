"""What margin rules promise: splitting, netting, cross and isolated, credit, ratios, withdrawals."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_case import answer_to, isolated, long, one_position, short

from sim.scenario import configs_folder
from sim.scenario.cases import read_venue

TIERED = {"tiers": [[0, 0.005], [500, 0.01], [2_000, 0.05]]}
FLAT = {"tiers": [[0, 0.01]]}
SIZES = st.integers(1, 500).map(lambda n: n / 10)


def book(positions, schedule=TIERED, collateral=1_000, **more):
    marks = {position["instrument"]: 100 for position in positions}
    return {"collateral": collateral, "mark_prices": marks, "schedules": dict.fromkeys(marks, schedule),
            "positions": positions, **more}  # fmt: skip


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(one=SIZES, other=SIZES)
def test_splitting_a_position_lowers_the_requirement_under_tiers_only(one, other):
    for schedule in (TIERED, FLAT):
        whole = answer_to(book([long(100.0, round(one + other, 6))], schedule))
        split = answer_to(book([long(100.0, one), long(100.0, other)], schedule))
        for kind in ("initial_margin", "maintenance_margin"):
            crosses_a_floor = schedule is TIERED and (one + other) * 100 > 500
            if crosses_a_floor:
                assert split[kind] < whole[kind]
            else:
                assert split[kind] == pytest.approx(whole[kind], rel=1e-12)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(legs=st.lists(st.tuples(st.sampled_from((long, short)), SIZES), min_size=1, max_size=6))
def test_netting_never_raises_a_requirement_and_leaves_one_sided_books_alone(legs):
    positions = [side(100.0, size) for side, size in legs]
    summed = answer_to(book(positions))
    netted = answer_to(book(positions, regime={"netting": "larger_side"}))
    one_sided = len({side for side, _ in legs}) == 1
    for kind in ("initial_margin", "maintenance_margin"):
        assert netted[kind] == summed[kind] if one_sided else netted[kind] < summed[kind]
        assert netted[kind] >= summed[kind] / 2


@pytest.mark.parametrize("side", [long, short])
def test_one_position_with_the_same_money_is_the_same_cross_and_isolated(side):
    cross = answer_to(book([side(104.0, 12.0)], collateral=90))
    alone = answer_to(book([isolated(side(104.0, 12.0), 90)], collateral=0))
    assert cross.pop("withdrawable") >= alone.pop("withdrawable") == 0
    assert cross == alone


def test_an_isolated_loser_leaves_the_rest_of_the_account_as_it_was():
    shared = [long(100.0, 5.0), short(90.0, 2.0, "Y")]
    loser = isolated(long(140.0, 3.0, "Z"), 100)
    without, beside = answer_to(book(shared)), answer_to(book([*shared, loser]))
    assert beside["liquidatable"] and not without["liquidatable"]
    assert beside["positions"][:2] == without["positions"]
    assert beside["withdrawable"] == without["withdrawable"]
    assert [order["instrument"] for order in beside["liquidation"]["orders"]] == ["Z"]
    # Totals are sums over the accounts.
    assert beside["equity"] == without["equity"] + 100 - 120


def test_credit_for_unrealised_profit_counts_profits_in_part_and_losses_in_full():
    positions = [long(90.0, 10.0), long(130.0, 1.0, "Y")]
    equity = [answer_to(book(positions, regime={"unrealised_profit_credit": c}))["equity"] for c in (1.0, 0.5, 0.0)]
    assert equity == [1_000 + 100 - 30, 1_000 + 50 - 30, 1_000 - 30]


def test_initial_margin_alone_never_liquidates():
    def answers(initial):
        case = book([long(100.0, 30.0)], collateral=100)
        case["schedules"]["X"] = {**TIERED, "initial": initial}
        return answer_to(case)

    low, high = answers({"ratio": 1}), answers({"max_leverage": 1})
    assert high["initial_margin"] == 3_000 and low["initial_margin"] == low["maintenance_margin"]
    assert low["liquidatable"] == high["liquidatable"] is False
    assert [item["liquidation_price"] for item in low["positions"]] == [
        item["liquidation_price"] for item in high["positions"]
    ]
    assert high["withdrawable"] == 0 < low["withdrawable"]


@pytest.mark.parametrize(
    ("initial", "margin"),
    [({"ratio": 3}, 75.0), ({"max_leverage": 20}, 150.0), ({"tiers": [[0, 0.02], [1_000, 0.04]]}, 120.0),
     ({"tiers": [[0, 0.02], [1_000, 0.04]], "mode": "marginal"}, 100.0), (None, 50.0)],
)  # fmt: skip
def test_initial_margin_by_ratio_leverage_or_tiers_of_its_own(initial, margin):
    case = book([long(100.0, 30.0)])
    case["schedules"] = {"X": {"tiers": [[0, 0.005], [1_000, 0.01]], "initial": initial}}
    assert answer_to(case)["maintenance_margin"] == pytest.approx(25.0)
    assert answer_to(case)["initial_margin"] == pytest.approx(margin)


def test_a_ratio_stops_at_the_notional():
    found = answer_to(one_position(long(100.0), 100, 0.6, collateral=100))
    assert (found["maintenance_margin"], found["initial_margin"]) == (60, 100)


def test_a_maintenance_scale_multiplies_rates_up_to_one():
    case = book([long(100.0, 30.0)], {"tiers": [[0, 0.01], [1_000, 0.4]]}, regime={"maintenance_scale": 4})
    found = answer_to(case)
    assert found["maintenance_margin"] == pytest.approx(40 + 2_000)
    assert found["maintenance_amounts"]["X"] == [0, pytest.approx(960)]


def test_ratios_are_null_where_they_say_nothing():
    bankrupt = answer_to(one_position(isolated(long(100.0), 5), 90, 0.004))
    assert bankrupt["equity"] == -5 and bankrupt["maintenance_over_equity"] is None
    assert bankrupt["positions"][0]["effective_leverage"] is None
    assert bankrupt["equity_over_maintenance"] == pytest.approx(-5 / 0.36)


def test_sums_in_different_currencies_are_null_and_positions_are_not():
    positions = [isolated(long(100.0, 2.0), 50), isolated(long(100.0, 200.0, contract="inverse"), 0.5)]
    found = answer_to(book(positions, collateral=0))
    assert found["equity"] is None and found["margin_buffer"] is None and found["liquidatable"] is False
    assert all(item["liquidation_price"] is not None for item in found["positions"])


def test_a_wallet_beside_isolated_coin_positions_is_quote_money_and_does_not_add_up_with_them():
    inverse = isolated(long(8_000.0, 10_000.0, contract="inverse"), 0.5)
    alone, beside = (answer_to(one_position(inverse, 8_000, 0.005, collateral=wallet)) for wallet in (0, 1_000))
    assert alone["equity_over_maintenance"] == pytest.approx(0.5 / 0.00625)
    assert beside["equity"] is None and beside["equity_over_maintenance"] is None and beside["withdrawable"] == 1_000


def test_the_order_of_cases_positions_and_keys_changes_no_figure():
    case = book([long(100.0, 30.0), short(90.0, 5.0, "Y"), long(120.0, 1.0, "Z")])
    turned = copy.deepcopy(case)
    turned["positions"].reverse()
    turned["schedules"] = dict(reversed(turned["schedules"].items()))
    found, other = answer_to(case), answer_to(turned)
    assert found["positions"] == other["positions"][::-1]
    assert found["equity"] == other["equity"] and found["maintenance_amounts"] == other["maintenance_amounts"]


def test_a_case_that_copies_a_venues_tiers_answers_as_the_venue_does():
    venue = read_venue(configs_folder() / "venues" / "binance_usdm_2026_09.yaml")
    rows = venue.margin.schedules["BTCUSDT"]
    own = {
        "tiers": [[floor, rate] for floor, rate, _ in rows],
        "initial": {"tiers": [[floor, 1 / leverage] for floor, _, leverage in rows]},
    }
    shared = {"collateral": 1e6, "mark_prices": {"BTCUSDT": 50_000}, "positions": [long(50_000.0, 90.0, "BTCUSDT")]}
    copied = answer_to(shared | {"schedules": {"BTCUSDT": own}})
    there = answer_to(shared | {"venue": "binance_usdm_2026_09"}, venue)
    assert copied["maintenance_margin"] == there["maintenance_margin"] == 4.5e6 * 0.01 - 12_000
    assert copied["initial_margin"] == pytest.approx(there["initial_margin"]) == pytest.approx(4.5e6 / 50)
    assert copied["positions"][0]["liquidation_price"] == there["positions"][0]["liquidation_price"]
