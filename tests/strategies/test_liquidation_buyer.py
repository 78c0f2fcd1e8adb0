"""Buyers of what must be sold: they come one after the other as a fall deepens, within their budget, and leave."""

import numpy as np
import pytest
from posting_stage import Stage
from small_worlds import BUYERS, POPULATIONS, STRESS, small_scenario, small_session

from sim.scenario.build import build_session
from sim.terms.vocabulary import BUY, FLAG_REDUCE_ONLY, SELL

COUNT, FIRST, LAST = 20, 100.0, 500.0


def waiting(**dials):
    """Buyers with 1,000 quote units each at leverage 2; ten a venue's instrument."""
    record = {
        **BUYERS,
        "count": COUNT,
        "first_trigger_bp": FIRST,
        "last_trigger_bp": LAST,
        "orders_per_s": 5.0,
        **dials,
    }
    stage = Stage("makers", settings={"populations": [record]})
    stage.world.quote_balance[stage.first : stage.first + COUNT] = 1_000 * int(stage.world.clock[0]["atoms_per_quote"])
    stage.world.mids[:, :] = stage.world.market_view["mid"][:, None]
    return stage


def entered(stage, move, steps=6, start=5):
    """Orders in the first instrument while the market stands at a move within the window."""
    found = []
    for t in range(start, start + steps):
        stage.set_price(move, t=t)
        stage.world.mids[:, :start] = [[1_000.0], [1_000.0]]
        found.append(stage.orders(t))
    return np.concatenate(found)


@pytest.mark.parametrize("sign", [1, -1])
def test_they_enter_one_after_the_other_as_the_move_deepens(sign):
    stage, seen = waiting(), []
    for place, (move, expected) in enumerate(((0.009, 0), (0.02, 3), (0.03, 5), (0.05, 10), (0.08, 10))):
        orders = entered(stage, sign * move, start=5 + 6 * place)
        assert (orders["side"] == -sign).all() and not orders["flags"].any()
        seen += orders["owner"].tolist()
        assert len(seen) == expected
    assert seen == [stage.first + 2 * turn for turn in range(10)], "each once, in turn, this instrument's rows"


def test_none_enters_for_more_than_its_money_and_leverage():
    orders = entered(waiting(leverage=2.0), -0.06)
    assert len(orders) == 10
    money = orders["size"] * 0.01 * 1_000.0 * 0.94
    assert (money <= 2_000.0).all() and (money > 0.89 * 2_000.0).all()


@pytest.mark.parametrize("leverage", [0.5, 2.0])
def test_together_they_can_hold_the_budget_and_no_more(leverage):
    record = {**BUYERS, "leverage": leverage, "budget_of_open_interest": 0.1, "count": 50}
    session = build_session(small_scenario({"populations": [*POPULATIONS, record]}), 1)
    world = session.world
    p = len(POPULATIONS) + 1
    rows = world.traders["population"] == p
    wallet = world.quote_balance[: len(rows)][rows].sum() / float(world.clock[0]["atoms_per_quote"])
    atoms = world.instruments["open_interest"] * world.instruments["last_price"] * world.instruments["tick_value"]
    opened = float(atoms.sum()) / float(world.clock[0]["atoms_per_quote"])
    chosen = float(world.clock[0]["rate_scale"]) / world.traders["initial_rate"][rows]
    assert chosen == pytest.approx(leverage)
    assert 0.9 * leverage * wallet == pytest.approx(0.1 * opened, rel=1e-3)


@pytest.mark.parametrize("sign", [1, -1])
def test_they_leave_with_their_gain_and_not_before(sign):
    stage = waiting(take_profit_bp=150.0, attention_s=4.0)
    stage.fill(entered(stage, -sign * 0.06))
    held = {row for row in range(stage.first, stage.first + COUNT) if stage.position(row)}
    assert len(held) == 10
    low = 1.0 - sign * 0.06
    for gain, leaves in ((0.013, False), (0.017, True)):
        move = low * (1.0 + sign * gain) - 1.0
        stage.world.mids[:, :] = [[1_000.0 * (1.0 + move)]] * 2
        orders = entered(stage, move, 4, 40) if not leaves else leaving(stage, move)
        own = orders[orders["flags"] == FLAG_REDUCE_ONLY]
        assert set(own["owner"].tolist()) == (held if leaves else set())
    assert (own["side"] == (SELL if sign > 0 else BUY)).all()
    assert (own["size"] == [abs(stage.position(int(owner))) for owner in own["owner"]]).all()


def leaving(stage, move):
    found = []
    for t in range(48, 52):
        stage.set_price(move, t=t)
        found.append(stage.orders(t))
    return np.concatenate(found)


def test_in_a_crash_they_buy_and_never_owe_more_than_they_brought():
    settings = {**STRESS, "instruments.BTC.news": [{"start_step": 5, "duration_steps": 8, "size": -0.12}]}
    session = small_session(settings, 2)
    rows = np.flatnonzero(session.world.traders["population"] == len(POPULATIONS) + 1)
    bought = 0
    for _ in range(60):
        session.advance(1)
        bought = max(bought, int(session.world.position_size[rows].max()))
    assert bought > 0
