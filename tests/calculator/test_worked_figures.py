"""Every published figure that the one equation explains, to the digits in which it was published."""

import pytest
from naive_case import answer_to, isolated, long, one_position, short

ENTRY = {"regime": {"notional_basis": "entry"}}


def prices(case):
    item = answer_to(case)["positions"][0]
    return item["liquidation_price"], item["bankruptcy_price"]


@pytest.mark.parametrize(
    ("leverage", "rate", "basis", "price"),
    [(20, 0.004, "mark", 95.38), (20, 0.004, "entry", 95.40), (5, 0.1, "mark", 88.89), (5, 0.1, "entry", 90.0)],
)
def test_the_basis_of_the_notional_moves_the_price_of_a_long_from_100(leverage, rate, basis, price):
    case = one_position(isolated(long(100.0), 100 / leverage), 100, rate, regime={"notional_basis": basis})
    assert prices(case) == (pytest.approx(price, abs=0.005), 100 - 100 / leverage)


def test_a_short_is_nearer_to_liquidation_on_the_mark_than_on_entry():
    mark, entry = (
        prices(one_position(isolated(short(100.0), 5), 100, 0.004, regime={"notional_basis": basis}))[0]
        for basis in ("mark", "entry")
    )
    assert (mark, entry) == (pytest.approx(105 / 1.004), pytest.approx(104.6))


def test_bybit_isolated_long_at_20000_with_50x_and_half_a_percent():
    case = one_position(isolated(long(20_000.0), 400), 20_000, 0.005, **ENTRY)
    assert prices(case) == (19_700, 19_600)


def test_bybit_inverse_cross_half_a_bitcoin_behind_10000_contracts_from_8000():
    # The help page prints 5739.50; its own formula gives 5739.0835 (and 5718.57 as it prints).
    regime = {"notional_basis": "entry", "closing_fee": {"rate": 0.00075, "basis": "bankruptcy"}}
    position = long(8_000.0, 10_000.0, contract="inverse")
    liquidation, bankruptcy = prices(one_position(position, 8_000, 0.005, collateral=0.5, regime=regime))
    assert bankruptcy == pytest.approx(1.00075 * 10_000 / (10_000 / 8_000 + 0.5), rel=1e-12)
    fee = 0.00075 * 10_000 / bankruptcy
    assert liquidation == pytest.approx(10_000 / (1.25 + 0.5 - 0.005 * 1.25 - fee), rel=1e-12)
    assert round(bankruptcy, 2) == 5718.57 and liquidation == pytest.approx(5739.50, rel=1e-4)


@pytest.mark.parametrize("entry", [9_000.0, 10_000.0])
def test_kraken_inverse_maintenance_moves_with_the_mark(entry):
    # Bankruptcy at 7407.41 whatever the entry: collateral over contracts is what is left to 1 / 7407.41.
    collateral = 10_000 * (1 / 7407.407407407407 - 1 / entry)
    position = long(entry, 10_000.0, contract="inverse")
    liquidation, bankruptcy = prices(one_position(position, entry, 0.01, collateral=collateral))
    assert bankruptcy == pytest.approx(7407.41, abs=0.005) and int(bankruptcy) == 7407
    assert int(liquidation) == 7481 and liquidation == pytest.approx(1.01 * bankruptcy, rel=1e-9)


def test_a_cross_price_counts_what_the_other_position_needs():
    # TorchTrade 344: 95.40 shown, 99.40 true: another position needs 4 of maintenance.
    alone = one_position(long(100.0), 100, 0.004, collateral=5, **ENTRY)
    assert prices(alone)[0] == pytest.approx(95.40)
    both = {
        "collateral": 5, "mark_prices": {"X": 100, "Y": 50},
        "schedules": {"X": {"tiers": [[0, 0.004]]}, "Y": {"tiers": [[0, 0.08]]}},
        "positions": [long(100.0), long(50.0, 1.0, "Y")],
    }  # fmt: skip
    assert prices(both)[0] == pytest.approx(99 / 0.996, rel=1e-12) and round(prices(both)[0], 2) == 99.40


@pytest.mark.parametrize(
    ("open_interest", "rate"), [(0.0, 0.1), (20e6, 0.1), (27.5e6, 0.325), (35e6, 0.55), (50e6, 1.0), (90e6, 1.0)]
)
def test_dydx_scales_the_initial_rate_of_a_small_market_with_open_interest_and_leaves_maintenance(open_interest, rate):
    initial = {"tiers": [[0, 0.1]], "open_interest": {"low": 20e6, "high": 50e6}}
    case = one_position(long(100.0), 100, 0.05, collateral=200, open_interest={"X": open_interest})
    case["schedules"]["X"]["initial"] = initial
    found = answer_to(case)
    assert (found["initial_margin"], found["maintenance_margin"]) == (pytest.approx(100 * rate), 5.0)


@pytest.mark.parametrize(("tier", "initial", "share"), [("large", 0.02, 0.6), ("mid", 0.05, 0.6), ("small", 0.1, 0.5),
                                                        ("long-tail", 0.2, 0.5)])  # fmt: skip
def test_dydx_maintenance_is_a_share_of_initial(tier, initial, share):
    case = one_position(long(100.0), 100, initial * share, collateral=50)
    case["schedules"]["X"]["initial"] = {"ratio": 1 / share}
    assert answer_to(case)["initial_margin"] == pytest.approx(100 * initial)


@pytest.mark.parametrize(
    ("size", "rate"), [(0.0016, 0.05), (0.0025, 0.05), (4.0, 0.05 * 0.9995 + 0.001), (1e4, 0.05 * 0.9995 + 0.05)]
)
def test_drift_adds_a_premium_by_the_square_root_of_size_once_it_exceeds_the_base_rate(size, rate):
    case = one_position(long(2.0, size), 2, 0.05, collateral=1e5)
    case["schedules"]["X"]["square_root"] = 0.0005
    found = answer_to(case)
    assert found["maintenance_margin"] == pytest.approx(2 * size * rate, rel=1e-12)


def test_deribit_standard_margin_is_a_straight_line_in_size():
    # January 2022: initial 2 % and maintenance 1 %, each plus 0.005 % a bitcoin.
    case = one_position(long(40_000.0, 100.0), 40_000, 0.01, collateral=1e6)
    case["schedules"]["X"] |= {"slope": 0.00005, "initial": {"tiers": [[0, 0.02]]}}
    found = answer_to(case)
    assert found["maintenance_margin"] == pytest.approx(4e6 * (0.01 + 0.005))
    assert found["initial_margin"] == pytest.approx(4e6 * (0.02 + 0.005))


def test_the_line_in_size_of_an_inverse_contract_counts_its_coins_at_the_mark():
    position = long(40_000.0, 4_000_000.0, contract="inverse")
    case = one_position(position, 40_000, 0.01, collateral=10)
    case["schedules"]["X"]["slope"] = 0.00005
    found = answer_to(case)
    assert found["maintenance_margin"] == pytest.approx(100 * (0.01 + 100 * 0.00005))
    price = found["positions"][0]["liquidation_price"]
    coins = 4_000_000 / price
    assert 10 + 100 - coins == pytest.approx(coins * (0.01 + coins * 0.00005), rel=1e-9)


def test_synthetix_initial_follows_size_over_scale_and_maintenance_is_its_share_with_a_minimum():
    # Initial rate 0.02 + size / 1,000,000 * 1; maintenance half of it; 30 at the least.
    def margins(size):
        case = one_position(long(10.0, size), 10, 0.01, collateral=1e6)
        case["schedules"]["X"] |= {"slope": 0.5e-6, "minimum": 30, "initial": {"tiers": [[0, 0.02]], "slope": 1e-6}}
        found = answer_to(case)
        return found["initial_margin"], found["maintenance_margin"]

    assert margins(10_000.0) == (pytest.approx(1e5 * 0.03), pytest.approx(1e5 * 0.015))
    assert margins(10.0) == (30, 30)


def test_okx_applies_its_tier_to_the_whole_position_with_the_closing_fee_inside():
    case = one_position(long(100.0, 10.0), 100, 0.004, collateral=50)
    case["schedules"]["X"] = {"tiers": [[0, 0.004], [1_000, 0.01]], "mode": "whole"}
    case["regime"] = {"closing_fee": {"rate": 0.0005, "basis": "mark"}}
    found = answer_to(case)
    assert found["maintenance_margin"] == pytest.approx(1_000 * (0.01 + 0.0005))
    assert found["maintenance_amounts"] == {"X": [0, 0]}


@pytest.mark.parametrize(("contracts", "rate"), [(7_999_999.0, 0.005), (8_000_000.0, 0.01), (14_000_000.0, 0.015)])
def test_bitmex_adds_its_base_rate_to_the_whole_position_every_150_coins_past_200(contracts, rate):
    schedule = {"tiers": [[0, 0.005], [200, 0.01], [350, 0.015]], "mode": "whole"}
    schedule["initial"] = {"tiers": [[0, 0.01], [200, 0.015], [350, 0.02]]}
    case = one_position(long(40_000.0, contracts, contract="inverse"), 40_000, 0.005, collateral=20)
    case["schedules"]["X"] = schedule
    found = answer_to(case)
    assert found["maintenance_margin"] == pytest.approx(contracts / 40_000 * rate)
    assert found["initial_margin"] == pytest.approx(contracts / 40_000 * (rate + 0.005))


@pytest.mark.parametrize(("size", "needed"), [(100.0, 1.0), (200.0, 1.0), (1_000.0, 5.0)])
def test_gmx_wants_half_a_percent_of_size_on_entry_and_a_dollar_at_the_least(size, needed):
    case = one_position(isolated(long(1.0, size), 10), 1, 0.005, **ENTRY)
    case["schedules"]["X"]["minimum"] = 1
    found = answer_to(case)
    assert found["maintenance_margin"] == needed
    assert found["positions"][0]["liquidation_price"] == pytest.approx(1 - (10 - needed) / size)


def test_kraken_nets_a_hedge_to_its_larger_side():
    case = {
        "collateral": 100, "mark_prices": {"X": 100}, "schedules": {"X": {"tiers": [[0, 0.01]]}},
        "positions": [long(100.0, 5.0), short(100.0, 3.0)], "regime": {"netting": "larger_side"},
    }  # fmt: skip
    assert answer_to(case)["maintenance_margin"] == pytest.approx(5.0)
    assert answer_to(case | {"regime": {}})["maintenance_margin"] == pytest.approx(8.0)


def test_binance_shares_one_cross_price_between_the_legs_of_a_hedge():
    case = {
        "collateral": 20, "mark_prices": {"X": 100}, "schedules": {"X": {"tiers": [[0, 0.01]]}},
        "positions": [long(100.0, 5.0), short(100.0, 3.0)],
    }  # fmt: skip
    found = [item["liquidation_price"] for item in answer_to(case)["positions"]]
    # LP = (WB + cum - sL qL EPL - sS qS EPS) / (qL MMR + qS MMR - sL qL - sS qS)
    assert found == [pytest.approx((20 - 500 + 300) / (0.05 + 0.03 - 5 + 3))] * 2


def test_dydx_fillable_price_widens_as_equity_falls_below_maintenance():
    case = one_position(long(100.0), 96, 0.03, collateral=5.44)
    case["liquidation"] = {"execution": "ioc_fillable", "target": "full", "fillable_spread": 1.5}
    found = answer_to(case)
    assert found["equity"] == pytest.approx(1.44) and found["maintenance_margin"] == pytest.approx(2.88)
    # Half of maintenance is left: adjustment 0.5, times spread 1.5, times the rate of 3 %.
    assert found["liquidation"]["orders"][0]["limit_price"] == pytest.approx(96 * (1 - 0.5 * 1.5 * 0.03))
