"""Cascades of unit impact: Borel's law and the branching ratio, in the real book and the real liquidation path."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.runs.experiment import load_analyse
from sim.runs.measure import load_measure
from sim.scenario import ScenarioError, load
from sim.scenario.build import build_session

HOME = Path(__file__).parents[2] / "experiments" / "unit_impact_cascade"


def runs_of(density, impact="on", sales=6_000, seeds=(1,)):
    scenario = load(
        HOME / "scenario.yaml",
        [
            f"populations.longs.unit_field_density={density}", f"venues.school.liquidation.impact={impact}",
            f"steps={2 * sales}", "populations.longs.count=18000", "populations.book.depth_ticks=30000",
        ],
    )  # fmt: skip
    measure = load_measure(str(HOME / "measure.py"))
    return pd.DataFrame([measure(scenario, {}, seed) | {"density": density, "impact": impact} for seed in seeds])


@pytest.mark.parametrize("density", [0.3, 0.7])
def test_sizes_follow_borels_law_and_the_forest_branches_at_density_times_impact(density):
    names = inspect.unwrap(load_analyse(HOME)).__globals__
    rows = runs_of(density)
    checks = names["checks_of"](names["Cell"](density, rows))
    assert len(checks) == 8
    wrong = [check for check in checks if abs(check.estimate - check.target) > 4.5 * check.error]
    assert not wrong, wrong
    assert (rows["ticks_fallen"] == rows["sales"] + rows["liquidations"]).all() and (rows["bids_left"] > 0).all()


def test_without_impact_nothing_branches():
    rows = runs_of(0.7, impact="off", sales=2_000)
    assert int(rows["liquidations"].iloc[0]) == int(rows["roots"].iloc[0]) > 1_000
    assert int(rows["ticks_fallen"].iloc[0]) == 2_000


def test_every_account_of_the_field_is_in_breach_from_its_own_tick_on():
    """The mark walks down tick by tick: the accounts in breach are those whose drawn price it has reached."""
    from sim.rules.margin import is_breached

    scenario = load(HOME / "scenario.yaml", ["populations.longs.count=200", "populations.book.depth_ticks=10"])
    session = build_session(scenario, 5)
    world = session.world
    first, start = int(world.populations[2]["first_trader"]), int(world.instruments[0]["last_price"])
    maintenance = 400_000 * 0.005
    brought = world.quote_balance[first : first + 200] + start
    own = start - (brought - maintenance).astype(int) - 1
    assert own.max() <= start - 1 and len(set(own.tolist())) > 100
    for mark in range(start, start - 500, -7):
        world.instruments[0]["mark_price"] = mark
        breached = [bool(is_breached(world, first + i)) for i in range(200)]
        assert breached == (own >= mark).tolist()


def test_liquidation_prices_are_a_poisson_field():
    scenario = load(HOME / "scenario.yaml", ["populations.book.depth_ticks=10"])
    world = build_session(scenario, 6).world
    first = int(world.populations[2]["first_trader"])
    ticks = (world.quote_balance[first : first + 56_000] + 400_000 - 2_000).astype(int)
    counts = np.bincount(ticks[ticks < 100_000], minlength=100_000)
    assert counts.mean() == pytest.approx(0.5, abs=4.5 * np.sqrt(0.5 / 1e5))
    assert counts.var() / counts.mean() == pytest.approx(1.0, abs=4.5 * np.sqrt(2.0 / 1e5))


def test_a_field_needs_arithmetic_prices():
    with pytest.raises(ScenarioError, match="unit_field_density.*arithmetic"):
        load(HOME / "scenario.yaml", ["prices=geometric"])


def test_a_cascade_that_is_too_large_is_called_out():
    names = inspect.unwrap(load_analyse(HOME)).__globals__
    rows = runs_of(0.5, sales=3_000)
    wrong = rows.assign(**{f"power_{k}": rows[f"power_{k}"] * 1.5**k for k in range(1, 5)})
    words = {check.name: check.word for check in names["checks_of"](names["Cell"](0.5, wrong))}
    assert words["n = 0.5: mean size"] == words["n = 0.5: variance of size"] == "out"
