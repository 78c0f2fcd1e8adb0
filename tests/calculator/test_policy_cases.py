"""What a case says about liquidation stands under the rules that a scenario's policy stands under."""

import pytest

from sim.scenario.cases import read_cases
from sim.scenario.errors import ScenarioError

CASE = """\
collateral: 1000
mark_prices: {BTC: 50000}
positions:
  - {instrument: BTC, side: long, size: 0.5, entry_price: 52000}
schedules: {BTC: {tiers: [[0, 0.004]]}}
"""
BAD_AUCTION = "execution: dutch_auction, auction: {start: 0.9, floor: 0.95}"
TO_FUND = "execution: transfer, transfer_to: fund, transfer_price: discount, discount: 0.1"
REFUSALS = [
    ("execution: market, bonus: 0.1", "bonus: 0.1 is paid to nobody under execution: market"),
    ("execution: dutch_auction", "auction: is missing"),
    (BAD_AUCTION, "auction.floor: 0.95 is not below start"),
    ("throttle: {min_notional: 5}", "throttle.min_notional: 5 without max_fraction"),
    (TO_FUND, "transfer_price: discount, but the fund takes at the bankruptcy price"),
]


@pytest.mark.parametrize(("policy", "line"), REFUSALS, ids=[line[:40] for _, line in REFUSALS])
def test_a_policy_that_the_engine_refuses_is_refused_in_a_case(tmp_path, policy, line):
    path = tmp_path / "case.yaml"
    path.write_text(f"{CASE}liquidation: {{{policy}}}\n")
    with pytest.raises(ScenarioError) as caught:
        read_cases(path)
    (found,) = str(caught.value).splitlines()
    assert f"liquidation.{line}" in found


def test_a_policy_is_judged_together_with_the_dials_of_its_venue(tmp_path):
    path = tmp_path / "case.yaml"
    positions = "collateral: 1000\nmark_prices: {BTCUSDT: 50000}\npositions:\n"
    positions += "  - {instrument: BTCUSDT, side: long, size: 0.5, entry_price: 52000}\n"
    path.write_text(f"venue: bybit_usdt_2024\nregime: {{scope: cross}}\n{positions}liquidation: {{bonus: 0.1}}\n")
    with pytest.raises(ScenarioError, match="paid to nobody under execution: ioc_at_bankruptcy"):
        read_cases(path)
    path.write_text(path.read_text().replace("bonus: 0.1", "execution: transfer, bonus: 0.1"))
    assert len(read_cases(path).statements) == 1
