"""One run of an arm whose `multiple` is calibrated on this seed's own index path to the stated mean rate."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from sim.calculator.dynamics import FINE, rate_parts
from sim.margin_regimes import RateDynamics
from sim.runs.run import simulate
from sim.scenario import Scenario
from sim.scenario.paths import index_paths
from sim.scenario.schedules import maintenance_rows

FIGURES = (
    "liquidated_share_of_open_interest", "price_drawdown", "gross_drain_bp", "net_drain_bp", "branching_ratio",
    "liquidated_accounts", "maintenance_rate_mean", "maintenance_peak_to_trough", "maintenance_rise_1min",
    "maintenance_rise_5min", "maintenance_rise_30min", "open_interest_start",
)  # fmt: skip
CLOSE = 1e-4  # the mean rate is within this share of the stated one
HALVINGS = 60
MINUTE = 60  # steps


def measure(scenario: Scenario, cell: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Figures of the summary, the calibrated multiple, the mean rate of both contracts, the first's by minute."""
    scenario, multiple = at_equal_mean(scenario, seed)
    result = simulate(scenario, seed)
    rates = result.steps["maintenance_rate"] / FINE
    path = rates[result.steps["instrument"] == 0]
    return {name: result.summary[name] for name in FIGURES} | {
        "multiple": multiple,
        "mean_rate": float(rates.mean()),
        "rates_by_minute": " ".join(f"{100.0 * rate:.5f}" for rate in path[::MINUTE]),
    }


def at_equal_mean(scenario: Scenario, seed: int) -> tuple[Scenario, float | None]:
    """The scenario with the multiple that gives the stated first rate as the mean over run and contracts.

    The index follows no book, so the rates are known before the run. Raises ValueError where no multiple does it.
    """
    (name,) = scenario.venues
    venue = scenario.venues[name]
    moving = venue.margin.dynamics
    if moving is None or moving.maintenance is None:
        return scenario, None
    paths = [[int(price) for price in path[: scenario.steps]] for path in index_paths(scenario, seed, {})]
    stated = [maintenance_rows(scenario, instrument)[0][1] for instrument in scenario.instruments]
    low, high = 0.0, 1e3
    wanted = float(sum(stated)) / len(stated)
    for _ in range(HALVINGS):
        multiple = (low + high) / 2.0
        mean = mean_rate(with_multiple(moving.maintenance, multiple), stated, paths)
        low, high = (multiple, high) if mean < wanted else (low, multiple)
        if abs(mean / wanted - 1.0) < CLOSE:
            break
    else:
        raise ValueError(f"no multiple gives a mean rate of {wanted:g}; the last gave {mean:g}")
    changed = moving.model_copy(update={"maintenance": with_multiple(moving.maintenance, multiple)})
    margin = venue.margin.model_copy(update={"dynamics": changed})
    venues = {name: venue.model_copy(update={"margin": margin})}
    return scenario.model_copy(update={"venues": venues}), multiple


def with_multiple(dynamics: RateDynamics, multiple: float) -> RateDynamics:
    """The same dynamics with another multiple."""
    assert dynamics.volatility is not None
    return dynamics.model_copy(update={"volatility": dynamics.volatility.model_copy(update={"multiple": multiple})})


def mean_rate(dynamics: RateDynamics, stated: list[Fraction], paths: list[list[int]]) -> float:
    """Mean of the first tier's rates over the steps and contracts, by the calculator's own estimator."""
    means = [sum(rate_parts(dynamics, rate, path)) / len(path) for rate, path in zip(stated, paths, strict=True)]
    return sum(means) / len(means) / FINE
