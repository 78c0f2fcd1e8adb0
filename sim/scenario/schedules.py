"""Margin schedules as integers: the scale of rates, the atom of money, the rows of the tier table."""

from decimal import Decimal
from fractions import Fraction
from functools import reduce
from math import ceil, gcd, lcm

from sim.scenario.records import Instrument, Scenario

SMALLEST_RATE_SCALE = 10_000
LARGEST_RATE_SCALE = 10**9


def exact(number: float) -> Fraction:
    """The decimal fraction that a number was written as: 0.1 is one tenth."""
    return Fraction(Decimal(repr(number)))


def atom_of(scenario: Scenario) -> Fraction:
    """The largest unit of money (quote) in which every instrument's tick value is a whole number."""
    values = [exact(c.tick_size) * exact(c.lot_size) for c in map(scenario.contract_of, scenario.instruments)]
    denominator = reduce(lcm, (v.denominator for v in values))
    numerator = reduce(gcd, (int(v * denominator) for v in values))
    return Fraction(numerator, denominator)


def maintenance_rows(
    scenario: Scenario, instrument: Instrument, scale: float | None = None
) -> list[tuple[Fraction, Fraction]]:
    """(floor in quote, marginal rate) of the schedule in force, scaled, clamped at 1, equal neighbours merged."""
    regime = scenario.venues[instrument.venue].margin
    factor = exact(regime.maintenance_scale if scale is None else scale)
    rows: list[tuple[Fraction, Fraction]] = []
    for floor, rate, _ in regime.schedules[instrument.contract_name]:
        scaled = min(exact(rate) * factor, Fraction(1))
        if not rows or scaled != rows[-1][1]:
            rows.append((exact(floor), scaled))
    return rows


def initial_rows(
    scenario: Scenario, instrument: Instrument, scale: float | None = None
) -> list[tuple[Fraction, Fraction]]:
    """(floor in quote, rate on the whole notional) of the initial margin in force, or under another scale."""
    regime = scenario.venues[instrument.venue].margin
    factor = exact(regime.maintenance_scale if scale is None else scale)
    rows = []
    for floor, rate, leverage in regime.schedules[instrument.contract_name]:
        own = 1 / exact(leverage)
        maintenance = min(exact(rate) * factor, Fraction(1))
        if regime.initial == "max_with_maintenance":
            own = max(own, maintenance)
        elif regime.initial == "multiple_of_maintenance":
            own = min(maintenance * exact(regime.initial_multiple), Fraction(1))
        rows.append((exact(floor), own))
    return rows


def rate_scale_of(scenario: Scenario) -> int:
    """The smallest power of ten (at least 10,000) that holds every maintenance rate exactly."""
    rates = [rate for instrument in scenario.instruments for _, rate in maintenance_rows(scenario, instrument)]
    scale = SMALLEST_RATE_SCALE
    while scale < LARGEST_RATE_SCALE and any((rate * scale).denominator != 1 for rate in rates):
        scale *= 10
    return scale


def maintenance_tiers(rows: list[tuple[Fraction, Fraction]], atom: Fraction, scale: int) -> list[tuple[int, int, int]]:
    """(floor, rate, deduction) integers: floor in atoms, rate and deduction times the rate scale."""
    tiers, deduction, before = [], Fraction(0), Fraction(0)
    for floor, rate in rows:
        deduction += floor / atom * (rate - before) * scale
        tiers.append((round(floor / atom), round(rate * scale), round(deduction)))
        before = rate
    return tiers


def initial_tiers(rows: list[tuple[Fraction, Fraction]], atom: Fraction, scale: int) -> list[tuple[int, int, int]]:
    """(floor, rate, 0) integers; rates are rounded up, so no leverage above the stated one passes."""
    return [(round(floor / atom), ceil(rate * scale), 0) for floor, rate in rows]
