"""The benchmark keeps its names and does real work; how fast is for `make bench`."""

import json

import numpy as np
import pytest

from sim.runs import bench
from sim.runs.bench_book import ADD, CANCEL, MARKET, OWNERS, make_flow, measure_book

REQUIRED = (
    "book_events_per_s",
    "loop_events_per_s_10k",
    "loop_events_per_s_100k",
    "loop_us_per_step_100k",
    "loop_events_per_s_1m",
    "loop_step_rate_1m_of_10k",
    "loop_events_per_s_ten_strategies_10k",
    "loop_events_per_s_ten_strategies_100k",
    "bytes_per_account",
    "memory_growth_mb",
    "compile_s",
    "warm_start_s",
    "help_s",
)


@pytest.fixture(scope="module")
def flow():
    return make_flow(20_000, resting=500)


def test_the_book_ends_a_shared_flow_with_the_touch_and_the_trades_of_a_naive_book(flow):
    result = measure_book(flow, repeats=1)
    assert result["book_touch"] == list(flow.book.touch())
    assert result["book_trades"] == len(flow.book.trades) > 1_000
    assert result["book_touch_matches"] and result["book_trades_match"]


def test_a_book_that_trades_differently_is_told_apart(flow):
    wrong = make_flow(20_000, resting=500)
    wrong.book.trades[-1] = (*wrong.book.trades[-1][:5], wrong.book.trades[-1][5] + 1)
    assert not measure_book(wrong, repeats=1)["book_trades_match"]


def test_the_shared_flow_is_fixed_by_its_seed():
    flow = make_flow(10_000, resting=5_000, seed=7)
    assert flow.events[:3].tolist() == make_flow(3, resting=5_000, seed=7).events.tolist()
    assert not np.array_equal(flow.events, make_flow(10_000, resting=5_000, seed=8).events)


def test_the_shared_flow_keeps_its_mix_and_its_depth(flow):
    kinds = [int((flow.events[:, 0] == kind).sum()) for kind in (ADD, CANCEL, MARKET)]
    assert kinds[2] == pytest.approx(2_000, rel=0.1)
    assert kinds[0] == pytest.approx(9_500, rel=0.1)
    assert sum(len(level) for side in flow.book.sides.values() for level in side.values()) >= 490


def test_owners_of_market_orders_own_no_resting_order(flow):
    taking = flow.events[:, 0] == MARKET
    assert flow.events[taking, 2].min() >= OWNERS // 2
    assert flow.events[~taking, 2].max() < OWNERS // 2


SWEEPS = {"short": 10, "long": 30, "steps": 20, "repeats": 1}


@pytest.fixture(scope="module")
def measured():
    def run(code, **environment):
        return 0.5, "0.25"

    kept, bench._run = bench._run, run
    try:
        return bench.measure(events=2_000, accounts=(100, 300, 500), steps=20, repeats=2, sweeps=SWEEPS)
    finally:
        bench._run = kept


def test_the_report_has_every_promised_figure_as_a_finite_number(measured):
    for name in REQUIRED:
        assert isinstance(measured[name], int | float) and np.isfinite(measured[name]), name
        assert measured[name] > 0, name


def test_the_report_is_one_json_object(measured, monkeypatch, capsys):
    monkeypatch.setattr(bench, "measure", lambda: measured)
    bench.bench_command(True)
    assert json.loads(capsys.readouterr().out) == measured


def test_a_step_of_the_benchmark_plays_about_a_hundred_order_events(measured):
    assert 90 <= measured["loop_order_events_per_step_10k"] <= 115


def test_the_loop_benchmark_has_one_instrument_and_the_accounts_it_names():
    session = bench.world_of(200, True, 10)
    assert session.names.instruments == ("BTCUSDT",)
    speculators = session.names.populations.index("speculators")
    assert int((session.names.population_of_trader == speculators).sum()) == 200


def test_the_crowded_benchmark_has_ten_kinds_of_strategy_that_share_the_flow_of_the_calm_market():
    session, calm = bench.world_of_all_kinds(200, 400), bench.world_of(200, True, 400)
    assert len(set(session.world.populations["kind"][1:].tolist())) >= 10
    for each in (session, calm):
        each.advance(400)
    crowded, usual = (int(each.world.clock[0]["order_events"]) for each in (session, calm))
    assert 0.9 * usual < crowded < 1.25 * usual


def test_an_account_with_one_position_takes_at_most_200_bytes():
    assert bench.bytes_per_account(True, 100, 1_000) <= 200


def test_another_python_is_charged_with_its_cpu_time():
    used, output = bench._run("print(sum(range(3_000_000)))")
    assert used > 0.01
    assert output.strip() == "4499998500000"
