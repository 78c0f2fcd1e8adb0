"""The experiment on procyclical margin: every arm has the mean of the flat one, and claims follow from the rows."""

from pathlib import Path

import numpy as np
import pytest

from sim.evidence.statistics import paired_bootstrap
from sim.runs import experiment
from sim.runs.measure import load_measure
from sim.runs.parts import rows_frame, rows_table
from sim.runs.sweep import read_sweep, sweep_tasks
from sim.runs.tasks import loaded
from sim.scenario.paths import index_paths
from sim.scenario.schedules import maintenance_rows

HOME = Path(__file__).parents[2] / "experiments" / "procyclical_margin"
TASKS = sweep_tasks(read_sweep(HOME), HOME, full=True, seeds=1)
ARMS = [dict(task.labels)["arm"] for task in TASKS]
MEASURE = load_measure(str(HOME / "measure.py")).__globals__


@pytest.mark.parametrize("task", TASKS, ids=ARMS)
def test_every_arm_is_calibrated_to_the_mean_of_the_flat_one(task):
    scenario = loaded(task.scenario, task.overrides)
    found, multiple = MEASURE["at_equal_mean"](scenario, 3)
    moving = found.venues["binance"].margin.dynamics
    if moving is None:
        assert multiple is None and dict(task.labels)["arm"] == "flat"
        return
    stated = [maintenance_rows(found, instrument)[0][1] for instrument in found.instruments]
    assert [float(rate) for rate in stated] == [0.008, 0.008]
    paths = [path[: found.steps].tolist() for path in index_paths(found, 3, {})]
    assert MEASURE["mean_rate"](moving.maintenance, stated, paths) == pytest.approx(0.008, rel=1e-4)
    assert moving.maintenance.volatility.multiple == multiple


def test_a_margin_that_no_multiple_brings_to_the_mean_is_refused():
    task = TASKS[ARMS.index("floor")]
    scenario = loaded(task.scenario, task.overrides)
    margin = scenario.venues["binance"].margin
    held = margin.dynamics.maintenance.anti_procyclicality.model_copy(update={"floor": 0.02})
    side = margin.dynamics.maintenance.model_copy(update={"anti_procyclicality": held})
    margin = margin.model_copy(update={"dynamics": margin.dynamics.model_copy(update={"maintenance": side})})
    venue = scenario.venues["binance"].model_copy(update={"margin": margin})
    with pytest.raises(ValueError, match=r"no multiple gives a mean rate of 0\.008"):
        MEASURE["at_equal_mean"](scenario.model_copy(update={"venues": {"binance": venue}}), 3)


def analysed(sold: dict[str, float], owed: dict[str, float]):
    """Rows of ten seeds in which an arm sells and owes so much more than another, and moves as its name says."""
    rows = []
    for place, arm in enumerate(ARMS):
        for seed in range(1, 11):
            noise = np.random.default_rng(seed).normal(0, 1)  # of the seed: paired differences lose it
            own = 0.01 * np.random.default_rng(100 * seed + place).normal(0, 1)
            rows.append({
                "arm": arm, "seed": seed, "error": None, "mean_rate": 0.008, "maintenance_peak_to_trough": 6.0 - place,
                "maintenance_rise_1min": 1.0, "maintenance_rise_5min": 3.0 - 0.3 * place, "maintenance_rise_30min": 1.0,
                "liquidated_share_of_open_interest": 0.1 + 0.01 * (noise + own + sold.get(arm, 0.0)),
                "price_drawdown": 0.1, "gross_drain_bp": 20 + 3 * noise + own + owed.get(arm, 0.0),
                "net_drain_bp": 10.0, "branching_ratio": 0.4, "rates_by_minute": "0.8 0.9 0.7",
            })  # fmt: skip
    return experiment.load_analyse(HOME)(rows_frame(rows_table(rows)))


def test_claims_are_judged_from_paired_differences():
    found = analysed(sold={"moving_average": 1.0}, owed={"moving_average": -1.0})
    assert found.facts == {f"claim_{letter}": "supported" for letter in "abcde"}
    assert found.figures["procyclical_margin"][:4] == b"\x89PNG"
    turned = analysed(sold={"flat": 1.0, "floor": 2.0}, owed={"moving_average": 1.0})
    assert [turned.facts[f"claim_{letter}"] for letter in "abcde"] == [
        "supported", "refuted", "refuted", "refuted", "refuted",
    ]  # fmt: skip
    undecided = analysed(sold={}, owed={})
    assert {undecided.facts[f"claim_{letter}"] for letter in "bcde"} <= {"undecided"}


def test_a_bootstrap_interval_of_paired_differences_repeats_and_covers():
    dice = np.random.default_rng(1)
    first = dice.normal(0, 5, 400)
    second = first + dice.normal(1.0, 0.5, 400)
    found = paired_bootstrap(first.tolist(), second.tolist())
    assert found == paired_bootstrap(first.tolist(), second.tolist())
    assert found.low < 1.0 < found.high and found.high - found.low == pytest.approx(4 * 0.5 / 20, rel=0.15)
    assert paired_bootstrap([1.0, None], [3.0, 4.0]).low is None
