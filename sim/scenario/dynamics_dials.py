"""Rates that move, as table rows: what they follow, what holds them, and from which stated rates they start."""

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor, sqrt

import numpy as np

from sim.calculator.numbers import exact
from sim.calculator.schedules import Curve, Margin, initial_curve
from sim.margin_regimes import RateDynamics
from sim.scenario.records import Instrument, Scenario
from sim.scenario.schedules import maintenance_curve, margin_of, moves
from sim.tables import layout
from sim.terms.vocabulary import MEASURES, SOURCE_INDEX, SOURCE_MARK

FINE = 10**9
EDGE = 1 - Fraction(1, 10**15)  # just below a floor


def fill_dynamics(
    scenario: Scenario, instruments: np.ndarray, tiers: np.ndarray, atom: Fraction, rate_scale: int
) -> dict[str, np.ndarray]:
    """The tables `dynamics` and `moves`, without rows where nothing moves; first rates into the instruments table."""
    parts = FINE // rate_scale
    for row in instruments:
        row["maintenance_rate"] = tiers[row["first_tier"]]["rate"] * parts
        row["initial_rate"] = min(int(tiers[row["first_initial_tier"]]["rate"]) * parts, FINE)
    if not any(any(moves(scenario, instrument)) for instrument in scenario.instruments):
        return {"dynamics": np.zeros(0, layout.DYNAMICS), "moves": np.zeros((0, 1), np.int64)}
    table = np.zeros(2 * len(scenario.instruments), layout.DYNAMICS)
    for k, instrument in enumerate(scenario.instruments):
        dynamics = scenario.venues[instrument.venue].margin.dynamics
        margin, row = margin_of(scenario, instrument), instruments[k]
        maintenance, initial = maintenance_curve(scenario, instrument), initial_curve(margin)
        for side, (curve, first, n) in enumerate(
            [
                (maintenance, row["first_tier"], row["n_tiers"]),
                (initial, row["first_initial_tier"], row["n_initial_tiers"]),
            ]
        ):
            terms = table[2 * k + side]
            terms["first_tier"], terms["n_tiers"], terms["marginal"] = first, n, int(curve.mode == "marginal")
            terms["base"] = terms["rate"] = int(tiers[first]["rate"]) * parts
            terms["update_every"] = 1
            own = None if dynamics is None else (dynamics.initial if side else dynamics.maintenance)
            if own is not None:
                _fill_side(terms, own, instrument, atom)
        table[2 * k]["follow"] = follow_of(margin)
    windows = table["window"][table["measure"] > MEASURES.index("moving_average")]
    return {"dynamics": table, "moves": np.zeros((len(table), max(int(windows.max(initial=1)), 1)), np.int64)}


def _fill_side(terms: np.void, dynamics: RateDynamics, instrument: Instrument, atom: Fraction) -> None:
    terms["update_every"] = dynamics.update_every_steps
    scaling = dynamics.open_interest.get(instrument.contract_name)
    if scaling is not None:
        terms["low"], terms["high"] = floor(exact(scaling.low) / atom), floor(exact(scaling.high) / atom)
    volatility, held = dynamics.volatility, dynamics.anti_procyclicality
    if volatility is None:
        return
    terms["measure"] = MEASURES.index(volatility.measure)
    terms["source"] = SOURCE_MARK if volatility.of == "mark" else SOURCE_INDEX
    terms["return_steps"], terms["least_returns"] = volatility.return_steps, volatility.least_returns
    terms["window"], terms["quantile"] = volatility.window, int(exact(volatility.quantile) * FINE)
    terms["multiple"] = volatility.multiple * sqrt(volatility.horizon_steps / volatility.return_steps)
    terms["decay"] = volatility.decay
    terms["stressed_weight"], terms["stressed_rate"] = held.stressed_weight, held.stressed_rate or 0.0
    terms["buffer"], terms["released_above"] = held.buffer, held.released_above or 0.0
    terms["least_rate"] = ceil(exact(held.floor or 0.0) * FINE)
    terms["step_part"] = floor(exact(held.max_step or 0.0) * FINE)


def follow_of(margin: Margin) -> float:
    """By what the first maintenance rate is multiplied to give the least first initial rate that stays above it."""
    maintenance, initial = margin.maintenance, initial_curve(margin)
    first = initial.tiers[0][1] / maintenance.tiers[0][1]
    return float(first / headroom(maintenance, initial))


def headroom(maintenance: Curve, initial: Curve) -> Fraction:
    """The least ratio of initial to maintenance margin at any notional: it is monotone between the floors."""
    plain = (
        replace(curve, slope=Fraction(0), root=Fraction(0), minimum=Fraction(0)) for curve in (initial, maintenance)
    )
    upper, lower = (curve.by_notional(None) for curve in plain)
    floors = {start for curve in (maintenance, initial) for start, _ in curve.tiers if start > 0}
    farthest = max(floors, default=Fraction(1))
    places = [*floors, *(place * EDGE for place in floors), farthest * 10**12, farthest / 10**12]
    return min([initial.tiers[0][1] / maintenance.tiers[0][1], *(upper.at(x) / lower.at(x) for x in places)])
