"""Numbers of arrivals: Poisson draws, and the self-excited flow whose mean, clustering and signs are known."""

import numpy as np
import pytest
from posting_stage import Stage, record_of
from small_worlds import small_scenario, small_session

from sim.strategies.desk import arrivals
from sim.terms import entry


@entry
def draw_arrivals(world, p, mean, counts):
    for t in range(counts.shape[0]):
        counts[t] = arrivals(world, p, t, int(0), mean)


@pytest.mark.parametrize("mean", [0.02, 3.0, 40.0, 1_234.5])
def test_arrivals_are_poisson(mean):
    world, counts = small_session().world, np.zeros(40_000, np.int64)
    draw_arrivals(world, 2, mean, counts)
    n = len(counts)
    assert abs(counts.mean() - mean) < 4.0 * np.sqrt(mean / n)
    spread = np.sqrt((2.0 + 1.0 / mean) / n)  # standard error of variance over mean
    assert abs(counts.var() / mean - 1.0) < 4.0 * spread
    none = np.exp(-mean)
    assert abs((counts == 0).mean() - none) < 4.0 * np.sqrt(none / n) + 1e-9


def test_no_rate_brings_no_arrivals():
    world, counts = small_session().world, np.ones(100, np.int64)
    draw_arrivals(world, 2, 0.0, counts)
    assert not counts.any()


def flow(steps, seed=1, **dials):
    """(counts a step, signs in order of posting) of one self-excited flow in one instrument."""
    stage = Stage("flow", seed, mean_order=100.0, **dials)
    counts, signs = np.zeros(steps, np.int64), []
    for t in range(steps):
        orders = stage.orders(t)
        counts[t] = len(orders)
        signs.append(orders["side"])
    return counts, np.concatenate(signs)


def test_orders_of_a_step_arrive_at_uniform_times_in_the_order_of_their_runs():
    stage, firsts, times = Stage("flow", base_per_s=6.0, branching=0.0), [], []
    for t in range(4_000):
        found = stage.orders(t)["time_key"] / 2.0**31
        assert (np.diff(found) >= 0.0).all() and (found < 1.0).all()
        times.append(found)
        if len(found) == 5:
            firsts.append(found[0])
    times = np.concatenate(times)
    shares = np.histogram(times, 10, (0.0, 1.0))[0] / len(times)
    assert np.abs(shares - 0.1).max() < 4.5 * np.sqrt(0.09 / len(times))
    assert abs(np.mean(firsts) - 1.0 / 6.0) < 4.0 * np.sqrt(5.0 / 252.0 / len(firsts)), "the first of five"


def fano(branching, keep, window):
    """Variance over mean of the counts of a window: counts are Poisson given an intensity that is autoregressive."""
    raised = branching * (1.0 - keep)
    carry = keep + raised
    variance = raised**2 / (1.0 - carry**2)  # of the intensity, over the mean rate
    lags = np.arange(1, window)
    return 1.0 + variance + 2.0 * np.sum((1.0 - lags / window) * carry ** (lags - 1) * (carry * variance + raised))


BASE, HALF_LIFE, STEPS, SEEDS = 1.0, 4.0, 40_000, 5


@pytest.mark.parametrize("branching", [0.0, 0.3, 0.7])
def test_mean_rate_is_base_over_one_minus_branching_and_counts_cluster_as_theory_says(branching):
    dials = {"base_per_s": BASE, "branching": branching, "excitation_half_life_s": HALF_LIFE}
    runs = [flow(STEPS, seed, **dials)[0] for seed in range(SEEDS)]
    rate = BASE / (1.0 - branching)
    error = rate * np.sqrt(1.0 / (1.0 - branching) ** 2 / (rate * STEPS * SEEDS))
    assert abs(np.mean(runs) - rate) < 3.5 * error
    keep, found, known = 0.5 ** (1.0 / HALF_LIFE), [], []
    for window in (1, 8, 64, 250):
        blocks = np.concatenate([run[: STEPS // window * window].reshape(-1, window).sum(axis=1) for run in runs])
        found.append(blocks.var() / (rate * window))
        known.append(fano(branching, keep, window))
        assert found[-1] == pytest.approx(known[-1], rel=4.0 * np.sqrt(2.0 / len(blocks)) + 0.06 * branching)
    if branching == 0.0:
        assert known == pytest.approx([1.0] * 4)
    else:
        assert known == sorted(known) and found[0] < found[1] < found[-1] > 0.85 / (1.0 - branching) ** 2


def test_signs_persist_as_runs_with_a_heavy_tail_do():
    """Autocorrelation at a lag is the chance of being in the same run: the tail of run lengths over their mean."""
    exponent, continuation = 1.35, 0.99
    chance = continuation ** np.arange(5_000) * np.arange(1.0, 5_001.0) ** -exponent
    found = []
    for seed in range(6):
        _, signs = flow(15_000, seed, base_per_s=2.0, branching=0.2, run_exponent=exponent, continuation=continuation)
        found.append([np.mean(signs[:-lag] * signs[lag:]) for lag in (1, 3, 12, 40)])
    known = [chance[lag:].sum() / chance.sum() for lag in (1, 3, 12, 40)]
    assert np.mean(found, axis=0) == pytest.approx(known, abs=0.03)
    assert known[0] > 0.5 and known[2] > 0.15, "the case is one with memory"


def test_signs_of_the_documented_dials_persist_like_those_of_takers():
    """Trades, four an order: 0.58 at 10, 0.33 at 50, which is 2.5 and 12.5 orders."""
    found = []
    for seed in range(6):
        _, signs = flow(15_000, seed, base_per_s=2.0, branching=0.2)
        found.append([np.mean(signs[:-lag] * signs[lag:]) for lag in (1, 2, 3, 12, 13)])
    one, two, three, twelve, thirteen = np.mean(found, axis=0)
    assert 0.62 < one < 0.8 and abs((two + three) / 2 - 0.58) < 0.06 and abs((twelve + thirteen) / 2 - 0.33) < 0.08


def test_without_memory_signs_are_independent():
    _, signs = flow(8_000, base_per_s=3.0, continuation=0.0)
    assert abs(np.mean(signs)) < 4.0 / np.sqrt(len(signs))
    assert abs(np.mean(signs[:-1] * signs[1:])) < 4.0 / np.sqrt(len(signs))


def test_thinned_flow_has_fewer_and_larger_orders_and_the_same_money():
    dials = {"mean_order": 5_000.0, "max_order": 5_000.0, "size_sigma": 0.0, "base_per_s": 4.0}
    whole, thin = Stage("flow", **dials), Stage("flow", settings={"flow_thinning": 4.0}, **dials)
    money = []
    for stage in (whole, thin):
        orders = np.concatenate([stage.orders(t) for t in range(6_000)])
        money.append((len(orders), orders["size"].sum()))
    assert money[0][0] / money[1][0] == pytest.approx(4.0, rel=0.1)
    assert money[0][1] / money[1][1] == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("name", ["momentum", "reversion", "funding", "trend"])
def test_thinning_leaves_those_alone_who_commit_a_wallet_of_their_own(name):
    rates = [Stage(name, settings={"flow_thinning": by}).population["rate_per_step"] for by in (1.0, 4.0)]
    assert rates[0] == rates[1] > 0.0


def test_the_buffers_have_room_for_people_who_are_not_thinned():
    whole, thin = (small_scenario({"flow_thinning": by, "populations": [record_of("trend")]}) for by in (1.0, 4.0))
    assert whole.orders_per_step() == thin.orders_per_step() > 0.0
