"""Risk figures on hand-made series, and the table of a run: what is undefined is None, nothing is NaN."""

import math

import numpy as np
import pytest
import synthetic_session as synthetic
from hypothesis import given
from hypothesis import strategies as st

from sim.evidence.evaluation import (
    evaluation,
    evaluation_frame,
    max_drawdown,
    profit_frame,
    risk_figures,
    risk_to_reward,
    sharpe,
    sortino,
)
from sim.evidence.figures_profit import profit_figure
from sim.evidence.inputs import RunFacts
from sim.tables.layout import PROFIT_STEPS

FACTS = RunFacts(seed=1, config_hash="0" * 64, steps=2400, digest="", venue_of_instrument=(0, 0))
KINDS = ["institution"] * 3 + ["leveraged_speculator"]


def samples_of(gained, deposits=None, every=10, start=1_000):
    """PROFIT_STEPS of one holder whose profit, all of it price, is `gained` after each period."""
    rows = np.zeros(len(gained), PROFIT_STEPS)
    rows["step"] = np.arange(1, len(gained) + 1) * every - 1
    rows["price"], rows["deposits"] = gained, 0 if deposits is None else deposits
    rows["equity"] = start + rows["price"] + rows["deposits"]
    return rows


def table_of(samples, events=None):
    names = synthetic.make_names()
    events = synthetic.make_events(synthetic.make_steps()) if events is None else events
    return evaluation(synthetic.make_profits(samples), samples, events, names, KINDS, FACTS, 60)


def test_ratios_are_those_of_a_hand_made_series():
    profits = np.array([3.0, -1.0, 2.0, -2.0])
    assert sharpe(profits) == pytest.approx(0.5 / math.sqrt((6.25 + 2.25 + 2.25 + 6.25) / 3))
    assert sortino(profits) == pytest.approx(0.5 / math.sqrt((1 + 4) / 4))
    assert risk_to_reward(profits) == pytest.approx(1.5 / 2.5)


def test_deposits_are_no_profit_and_no_recovery():
    found = risk_figures(samples_of([10, -20, -20, -15], deposits=[0, 0, 500, 500]), 1_000, 1.0, 10)
    same = risk_figures(samples_of([10, -20, -20, -15]), 1_000, 1.0, 10)
    assert found == same
    assert found["max_drawdown"] == 30.0 and found["max_drawdown_share"] == pytest.approx(30 / 1_010)
    assert found["hit_rate"] == 0.5 and found["periods"] == 4


def test_a_shorter_last_period_counts_for_the_drawdown_only():
    rows = samples_of([10, 20, 30, -40])
    rows["step"][3] = 33
    found = risk_figures(rows, 1_000, 1.0, 10)
    assert found["periods"] == 3 and found["hit_rate"] == 1.0 and found["sharpe"] is None
    assert found["max_drawdown"] == 70.0


@pytest.mark.parametrize("gained", [[], [5], [5, -3]])
def test_fewer_than_three_periods_have_no_ratios(gained):
    found = risk_figures(samples_of(gained), 1_000, 1.0, 10)
    assert [found[key] for key in ("sharpe", "sortino", "hit_rate", "risk_to_reward")] == [None] * 4


def test_nothing_to_divide_by_is_none():
    assert sharpe(np.full(9, 0.1)) is None
    assert sortino(np.array([1.0, 0.0, 2.0])) is None
    assert risk_to_reward(np.array([1.0, 2.0])) is None and risk_to_reward(np.array([-1.0])) is None
    assert max_drawdown(np.array([0.0, -5.0]), np.array([0.0, -5.0])) == {
        "max_drawdown": 5.0, "max_drawdown_share": None,
    }  # fmt: skip


@given(st.lists(st.integers(-1_000, 1_000), min_size=1, max_size=30))
def test_the_drawdown_is_the_worst_of_all_pairs(gained):
    path = np.array([0, *gained], dtype=float)
    worst = max(path[i] - path[j] for j in range(len(path)) for i in range(j + 1))
    assert max_drawdown(path, path + 5_000.0)["max_drawdown"] == worst


def test_rows_are_holders_in_order_with_liquidations_and_refusals_of_their_own():
    samples = synthetic.make_profit_steps()
    events = synthetic.make_events(synthetic.make_steps())
    rows = table_of(samples, events)
    assert [row["population"] for row in rows] == list(synthetic.HOLDERS)
    own = events["actor"][events["kind"] == 0]
    assert (rows[3]["liquidations"], rows[3]["liquidated_accounts"]) == (len(own), len(np.unique(own)))
    assert rows[0]["liquidations"] == 0
    assert (rows[3]["closings"], rows[3]["won_share_of_closings"], rows[3]["rejected_orders"]) == (10, 0.4, 5)
    assert rows[1]["won_share_of_closings"] is None
    assert rows[3]["deposits"] == pytest.approx(1e10 * synthetic.ATOM)
    for key in ("price", "spread", "funding", "fees", "liquidation", "deposits", "profit"):
        assert sum(row["atoms"][key] for row in rows) == 0
    assert not any(isinstance(value, float) and not math.isfinite(value) for row in rows for value in row.values())


def test_frames_have_a_row_a_holder_and_a_row_a_sample():
    samples = synthetic.make_profit_steps()
    frame, series = evaluation_frame(table_of(samples)), profit_frame(samples, synthetic.make_names())
    assert len(frame) == 4 and "atoms" not in frame
    assert len(series) == len(samples) and series["population"].astype(str).tolist()[:4] == list(synthetic.HOLDERS)
    last = series.groupby("population", observed=True).last()
    assert last["price"].tolist() == pytest.approx(frame["price"].tolist())


@pytest.mark.parametrize("quiet", [False, True])
def test_the_picture_repeats_and_stands_a_run_in_which_nobody_won(quiet):
    samples = synthetic.make_profit_steps()
    if quiet:
        samples = samples[:0]
    frame, series = evaluation_frame(table_of(samples)), profit_frame(samples, synthetic.make_names())
    picture = profit_figure(frame, series, "Profit")
    assert picture == profit_figure(frame, series, "Profit") and len(picture) > 5_000
    assert picture[:4] == b"\x89PNG"
