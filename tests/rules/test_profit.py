"""Profit by part: what the engine books as it goes is what the events say, and it explains every atom of equity."""

import numpy as np
import pytest
from isolated import run_python
from naive_profit import PARTS, equity_of_holders
from order_desk import Desk
from small_worlds import CRASH, MIRRORED, small_session

from sim.engine.errors import InvariantError
from sim.terms.vocabulary import BUY, ERROR_PROFIT, LIMIT, SELL

STEPS = 40

TOP_UP = {"top_up": 1.0, "reduce": 0.0, "hedge": 0.0, "close": 0.0, "late": 0.0, "ignore": 0.0}
PLAY = """
import json, sys
sys.path.insert(0, "tests/reference")
from small_worlds import CRASH, small_session
session = small_session({**CRASH, "record.evaluation_every_steps": 5}, seed=4)
session.advance(20)
print(json.dumps([session.world.profits.tolist(), session.take_profit_steps().tolist()]))
"""


@pytest.mark.parametrize("settings_", [CRASH, MIRRORED, {**CRASH, "venues.venue.margin.scope": "isolated"}])
def test_parts_sum_to_the_change_in_equity_of_every_holder_and_to_zero_over_all(settings_):
    session = small_session(settings_, seed=3)
    start = equity_of_holders(session)
    for _ in range(STEPS):
        session.advance(1)
        table = session.world.profits.reshape(-1, 2)
        parts = np.array([table[part].sum(axis=1) for part in PARTS])
        assert (parts.sum(axis=1) == 0).all()
        assert (np.array(equity_of_holders(session)) - start == parts.sum(axis=0)).all()
    assert all((np.abs(row) > 0).sum() > 1 for row in parts[:-1]), "every part is used"


def test_a_resting_order_wins_what_the_taker_loses_against_the_mark():
    desk = Desk()
    first, second = desk.first, desk.first + 1
    maker, taker = (2 + int(desk.world.traders["population"][row]) for row in (first, second))
    mark, unit = (int(desk.world.instruments[0][name]) for name in ("mark_price", "tick_value"))
    desk.send(LIMIT, SELL, 0, mark + 7, 5)
    desk.send(LIMIT, BUY, 1, mark + 9, 5)
    table = desk.world.profits.reshape(-1, 2)
    assert int(table["spread"][maker, 0]) == 5 * 7 * unit == -int(table["spread"][taker, 0])
    assert int(table["net_lots"][taker, 0]) == 5 == -int(table["net_lots"][maker, 0])
    assert int(table["fees"][taker].sum()) < int(table["fees"][maker].sum()) < 0
    assert int(table["fees"].sum()) == 0


def test_an_atom_booked_under_the_wrong_holder_stops_the_run():
    for part, row in (("spread", 3), ("net_lots", 5), ("start", 6)):
        session = small_session({}, seed=1)
        session.world.profits[row][part] += 1
        with pytest.raises(InvariantError) as found:
            session.advance(1)
        assert found.value.code == ERROR_PROFIT


def test_an_atom_moved_from_one_part_to_its_counterpart_in_another_stops_the_run():
    session = small_session({}, seed=1)
    session.world.profits[6]["spread"] += 1
    session.world.profits[8]["spread"] -= 1
    with pytest.raises(InvariantError) as found:
        session.advance(1)
    assert found.value.code == ERROR_PROFIT


def test_samples_of_equity_are_those_of_the_step_that_they_name():
    session = small_session({**CRASH, "record.evaluation_every_steps": 7, "steps": 40}, seed=2)
    found = []
    for step in range(40):
        session.advance(1)
        if (step + 1) % 7 == 0 or step + 1 == 40:
            found.append((step, equity_of_holders(session)))
    rows = session.take_profit_steps()
    holders = len(found[0][1])
    assert rows["step"].tolist() == [step for step, _ in found for _ in range(holders)]
    assert rows["equity"].tolist() == [value for _, equity in found for value in equity]
    batched = small_session({**CRASH, "record.evaluation_every_steps": 7, "steps": 40}, seed=2)
    batched.advance(40)
    assert batched.take_profit_steps().tobytes() == rows.tobytes()


def test_a_closing_counts_as_won_when_it_beats_the_average_entry():
    desk = Desk()
    mark = int(desk.world.instruments[0]["mark_price"])
    trader = 2 + int(desk.world.traders["population"][desk.first + 1])
    for price, side in ((mark, BUY), (mark + 5, SELL), (mark, BUY), (mark - 5, SELL)):
        desk.send(LIMIT, -side, 0, price, 4)
        desk.send(LIMIT, side, 1, price, 4)
    row = desk.world.profits.reshape(-1, 2)[trader, 0]
    assert (int(row["closings"]), int(row["won_closings"])) == (2, 1)


def test_top_ups_from_outside_wealth_are_deposits_and_no_profit():
    reactions = {"attention_s": 2.0, "warning_ratio": 3.0, "target_ratio": 5.0, "outside_wealth": 5.0}
    session = small_session({**CRASH, "populations.speculators.reactions": {**reactions, "answers": TOP_UP}}, seed=2)
    start = equity_of_holders(session)
    session.advance(STEPS)
    table = session.world.profits.reshape(-1, 2)
    speculators = 2 + session.names.populations.index("speculators")
    deposits = table["deposits"].sum(axis=1)
    assert deposits[speculators] == -deposits[0] > 0
    assert not deposits[[row for row in range(len(table)) if row not in (0, speculators)]].any()
    parts = sum(int(table[part][speculators].sum()) for part in PARTS)
    assert equity_of_holders(session)[speculators] - start[speculators] == parts


def test_profit_is_the_same_without_jit():
    assert run_python(PLAY) == run_python(PLAY, NUMBA_DISABLE_JIT="1")
