"""What a schedule has beyond marginal tiers of the notional at the mark: columns, and its size at the start."""

from fractions import Fraction
from math import ceil

import numpy as np

from sim.calculator.numbers import exact
from sim.calculator.schedules import Curve, initial_curve
from sim.scenario.records import Instrument, Scenario
from sim.scenario.schedules import maintenance_curve, margin_of, moves
from sim.terms.vocabulary import (
    FORM_AT_ENTRY,
    FORM_DATED,
    FORM_EXTENDED,
    FORM_FEE_AT_BANKRUPTCY,
    FORM_INITIAL_MARGINAL,
    FORM_JUMPS,
    FORM_LARGER_LEG,
    FORM_LEGS,
)

FINE = 10**9
PART_MAX = 1 << 31


def fill_form(row: np.void, scenario: Scenario, instrument: Instrument, atom: Fraction) -> None:
    """Fill the form of an instrument's requirements; 0 for plain tiers, which ask no more than that."""
    regime = scenario.venues[instrument.venue].margin
    lot = exact(scenario.contract_of(instrument).lot_size)
    margin, maintenance = margin_of(scenario, instrument), maintenance_curve(scenario, instrument)
    initial = initial_curve(margin)
    row["slope"], row["slope_lots"] = premium_parts(maintenance.slope * lot)
    row["initial_slope"], row["initial_slope_lots"] = premium_parts(initial.slope * lot)
    for word, curve in (("", maintenance), ("initial_", initial)):
        row[f"{word}root"], row[f"{word}root_lots"] = root_parts(curve.root**2 * lot)
        row[f"{word}root_relief"] = int(curve.tiers[0][1] * min(curve.root, Fraction(1)) * FINE)
    row["minimum_margin"] = ceil(maintenance.minimum / atom)
    row["initial_minimum"] = ceil(initial.minimum / atom)
    fee = regime.closing_fee.rate if regime.closing_fee.basis != "none" else 0.0
    row["closing_fee"], row["withheld"] = (
        ceil(exact(fee) * FINE),
        ceil((1 - exact(regime.unrealised_profit_credit)) * FINE),
    )
    at_entry = regime.notional_basis == "entry"
    dated = moves(scenario, instrument)[0] and regime.dynamics is not None and regime.dynamics.applies_to == "new"
    extended = (
        at_entry
        or dated
        or any(
            row[name] > 0
            for name in ("slope", "initial_slope", "root", "initial_root", "minimum_margin", "closing_fee", "withheld")
        )
    )
    bits = {
        FORM_JUMPS: jumps(maintenance),
        FORM_EXTENDED: extended,
        FORM_INITIAL_MARGINAL: initial.mode == "marginal" and len(initial.tiers) > 1,
        FORM_AT_ENTRY: at_entry,
        FORM_DATED: dated,
        FORM_LEGS: regime.hedge_mode and regime.netting != "net",
        FORM_LARGER_LEG: regime.hedge_mode and regime.netting == "larger_side",
        FORM_FEE_AT_BANKRUPTCY: fee > 0 and regime.closing_fee.basis == "bankruptcy",
    }
    row["margin_form"] = sum(bit for bit, held in bits.items() if held)


def jumps(curve: Curve) -> bool:
    """True where a requirement jumps at the floors of its tiers."""
    return curve.mode == "whole" and len(curve.tiers) > 1


def premium_parts(rate: Fraction) -> tuple[int, int]:
    """(parts of 1e-9, lots): the rate that every lot adds, exact where both fit 31 bits, else rounded up."""
    rate = min(rate, Fraction(1)) * FINE
    if rate.numerator < PART_MAX and rate.denominator < PART_MAX:
        return rate.numerator, rate.denominator
    lots = 1
    while rate * lots * 10 < PART_MAX and lots * 10 < PART_MAX:
        lots *= 10
    return ceil(rate * lots), lots


def root_parts(square: Fraction) -> tuple[int, int]:
    """(parts of 1e-9 squared, lots): the square of the rate that a root adds, exact where it fits, else rounded up."""
    square = min(square, Fraction(4)) * FINE**2  # two is beyond every rate
    if square.denominator == 1 or (square.numerator < PART_MAX and square.denominator < PART_MAX):
        return square.numerator, square.denominator
    lots = 1
    while square * lots * 10 < PART_MAX and lots * 10 < PART_MAX:
        lots *= 10
    return ceil(square * lots), lots


def piecewise(rows: list[tuple[Fraction, Fraction]], value: np.ndarray) -> np.ndarray:
    """Marginal requirement of notionals (quote) by (floor, rate) rows."""
    total = np.zeros_like(value)
    before = 0.0
    for floor, rate in rows:
        total += (float(rate) - before) * np.maximum(value - float(floor), 0.0)
        before = float(rate)
    return total


def whole_rate(rows: list[tuple[Fraction, Fraction]], value: np.ndarray) -> np.ndarray:
    """Rate of the tier that a notional (quote) falls into."""
    floors = np.array([float(floor) for floor, _ in rows])
    rates = np.array([float(rate) for _, rate in rows])
    return rates[np.clip(np.searchsorted(floors, value, side="right") - 1, 0, None)]


def maintenance_at_start(
    scenario: Scenario,
    instrument: Instrument,
    value: np.ndarray,
    lots: np.ndarray,
    cost: np.ndarray,
    scale: float | None = None,
) -> np.ndarray:
    """Maintenance (quote) of positions by notional, lots and cost at entry; enough to hold any closing fee."""
    regime = scenario.venues[instrument.venue].margin
    curve = maintenance_curve(scenario, instrument, scale)
    rows = list(curve.tiers)
    at_entry = regime.notional_basis == "entry" and scenario.prices != "arithmetic"
    base = cost if at_entry else value
    needed = whole_rate(rows, base) * base if jumps(curve) else piecewise(rows, base)
    if curve.slope:
        lot = scenario.contract_of(instrument).lot_size
        needed = np.minimum(needed + float(curve.slope) * lot * np.abs(lots) * base, base)
    if curve.root:
        lot, root = scenario.contract_of(instrument).lot_size, float(curve.root)
        added = root * np.sqrt(lot * np.abs(lots)) - float(curve.tiers[0][1]) * min(root, 1.0)
        needed = np.minimum(needed + np.maximum(added + 1.0 / FINE, 0.0) * base, base)
    if curve.minimum:
        needed = np.maximum(needed, float(curve.minimum))
    fee = regime.closing_fee
    if fee.basis == "mark":
        needed = needed + fee.rate * value
    elif fee.basis == "bankruptcy":
        needed = (needed + fee.rate / (1.0 - fee.rate) * np.maximum(value, cost)) * (1.0 + fee.rate)
    return needed
