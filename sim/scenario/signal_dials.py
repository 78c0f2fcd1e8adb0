"""Dials of signal traders and of self-exciting flow as table rows: rates a step, fractions, shares kept a step."""

from math import exp, inf, sqrt
from typing import Any

import numpy as np

from sim.scenario.records import Scenario
from sim.strategies.signals import SignalTrader
from sim.strategies.sizing import Sizing
from sim.terms import vocabulary as words

BP = 1e-4
SECONDS_A_YEAR = 365.0 * 86_400.0
SIZINGS = {
    "fixed": words.SIZING_FIXED,
    "fractional": words.SIZING_FRACTIONAL,
    "capped_kelly": words.SIZING_CAPPED_KELLY,
    "volatility_target": words.SIZING_VOLATILITY_TARGET,
}


def keep_of(half_life_s: float, step_seconds: float) -> float:
    """Share that survives a step at this half-life."""
    return float(0.5 ** (step_seconds / half_life_s))


def fill_signals(row: np.void, record: Any, scenario: Scenario) -> None:
    """The dials of one population that trades on signals or excites itself; nothing for other kinds."""
    dt, thinning = scenario.step_seconds, scenario.flow_thinning
    if record.kind in ("fundamentalist", "chartist"):
        _fill_chiarella(row, record, scenario)
    elif record.kind == "hawkes_trader":
        row["rate_per_step"], row["branching"] = record.base_per_s * dt / thinning, record.branching
        row["keep"] = keep_of(record.excitation_half_life_s, dt)
        row["run_exponent"], row["continuation"] = record.run_exponent, record.continuation
        row["size_median"] = record.mean_order * exp(-(record.size_sigma**2) / 2.0) * thinning
        row["size_sigma"], row["size_max"] = record.size_sigma, record.max_order * max(thinning, 1.0)
        row["slippage"] = record.slippage
    elif isinstance(record, SignalTrader):
        row["rate_per_step"], row["slippage"] = record.looks_per_s * dt, record.slippage  # people are not thinned
        row["size_max"], row["volatility_keep"] = record.max_order, keep_of(record.volatility_half_life_s, dt)
        row["stop"], row["holding_steps"] = inf, 0
        _fill_sizing(row, record.sizing, dt)
        _fill_exits(row, record, dt)


def _fill_exits(row: np.void, record: Any, dt: float) -> None:
    if record.kind == "funding_trader":
        row["trigger"], row["exit"] = record.entry_rate, record.exit_rate
        row["lead_steps"] = max(round(record.lead_s / dt), 1)
        return
    row["trigger"], row["exit"] = record.entry_bp * BP, record.exit_bp * BP
    row["holding_steps"] = max(round(record.holding_s / dt), 1)
    if record.kind == "momentum_trader":
        row["window_steps"] = max(round(record.window_s / dt), 1)
    else:
        row["keep"], row["stop"] = keep_of(record.average_half_life_s, dt), record.stop_bp * BP


def _fill_sizing(row: np.void, sizing: Sizing, dt: float) -> None:
    """What is staked by each rule, and its cap; a target volatility a step."""
    row["sizing"] = SIZINGS[sizing.kind]
    if sizing.kind == "fixed":
        row["stake"] = sizing.notional
    elif sizing.kind == "fractional":
        row["stake"] = sizing.share
    elif sizing.kind == "capped_kelly":
        row["stake"], row["stake_cap"] = sizing.kelly_share, sizing.exposure_max
    else:
        row["stake"] = sizing.target_volatility * sqrt(dt / SECONDS_A_YEAR)
        row["stake_cap"] = sizing.exposure_max


def _fill_chiarella(row: np.void, record: Any, scenario: Scenario) -> None:
    """Money a look is money a second over looks a second; the rows of an instrument share the position limit."""
    dt = scenario.step_seconds
    row["rate_per_step"] = record.orders_per_s * dt / scenario.flow_thinning
    a_look = dt / row["rate_per_step"] if row["rate_per_step"] > 0.0 else 0.0
    listed = sum(1 for instrument in scenario.instruments if instrument.venue == record.venue)
    row["inventory_limit"] = record.position_limit * listed / record.count
    row["size_max"] = record.max_order * max(scenario.flow_thinning, 1.0)
    if record.kind == "fundamentalist":
        row["speed"], row["opinion_sigma"] = record.kappa / BP * a_look, record.opinion_sigma_bp * BP
        row["keep"] = keep_of(record.value_half_life_s, dt)
    else:
        row["cap"], row["sensitivity"] = record.beta * a_look, record.gamma_per_bp / BP
        row["keep"], row["slippage"] = keep_of(record.trend_half_life_s, dt), record.slippage


def fill_signal_desk(desk: np.void, record: Any, row: np.void, volatility_bp: float, step_seconds: float) -> None:
    """Start of a desk: the index's own volatility, and the mean intensity of a flow that excites itself."""
    if isinstance(record, SignalTrader):
        desk["variance"] = (volatility_bp * BP) ** 2 * step_seconds
    elif record.kind == "hawkes_trader":
        desk["excitation"] = row["rate_per_step"] * record.branching / (1.0 - record.branching)
