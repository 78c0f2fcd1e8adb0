"""One run with a fund without an end tells what a fund of every size would have done."""

import numpy as np
import pytest

from sim.scenario import load
from sim.scenario.build import build_session

ENDLESS = "venues.binance.waterfall.insurance_fund.inexhaustible=true"
STRESS = "stressed_close_out_rate: 0.13"  # as in the scenario, since the need is counted under it
SOLD = ("liquidated_long", "liquidated_short", "adl_value")
MARKET = ("step", "instrument", "last_price", "mark_price", "open_interest", *SOLD)


def play(scope, *overrides):
    scenario = load("btc_2025_10_10", ["steps=2400", f"venues.binance.margin.scope={scope}", *overrides])
    session = build_session(scenario, 3)
    session.advance(2400)
    steps = session.take_steps()
    need = int(session.world.funds["need_max"][0]) * session.names.atom
    return np.stack([steps[name] for name in MARKET]), need, session


def fund_of(size):
    return f"venues.binance.waterfall=[{{kind: insurance_fund, size: {size!r}, {STRESS}}}, {{kind: auto_deleveraging}}]"


@pytest.mark.parametrize("scope", ["isolated", "cross"])
def test_a_finite_fund_changes_nothing_while_its_size_covers_the_need(scope):
    market, need, endless = play(scope, ENDLESS)
    assert need > 1e6, "the world must strain the fund, or the test shows nothing"
    enough, _, session = play(scope, fund_of(need + 1.0))
    assert np.array_equal(market, enough)
    assert session.world.funds["exhausted_step"][0] == endless.world.funds["exhausted_step"][0] == -1


@pytest.mark.parametrize("scope", ["isolated", "cross"])
def test_a_fund_a_little_smaller_than_the_need_is_exhausted(scope):
    _, need, _ = play(scope, ENDLESS)
    _, _, session = play(scope, fund_of(0.98 * need))
    assert session.world.funds["exhausted_step"][0] >= 0


@pytest.mark.parametrize("scope", ["isolated", "cross"])
def test_the_funds_equity_is_its_start_plus_what_it_won_less_what_it_lost(scope):
    for overrides in ((ENDLESS,), (fund_of(5e6),)):
        _, _, session = play(scope, *overrides)
        fund = session.world.funds[0]
        balance = int(session.world.quote_balance[int(session.world.venues[0]["fund"])])
        rows = [k * int(session.world.clock[0]["n_traders"]) + int(session.world.venues[0]["fund"]) for k in range(2)]
        cash = balance + sum(int(session.world.entry_value[row]) for row in rows)
        won = int(fund["fees"]) + int(fund["surplus"])
        lost = int(fund["inventory_losses"]) + int(fund["shortfalls_paid"])
        assert cash == int(fund["start"]) + won - lost
        assert cash >= 0
