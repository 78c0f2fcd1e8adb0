"""Margin schedules as integers: the scale of rates, the atom of money, the rows of the tier table."""

from fractions import Fraction
from functools import reduce
from math import ceil, gcd, lcm

from sim.calculator.numbers import exact
from sim.calculator.schedules import marginal_amounts, merged_tiers, preset_initial, preset_maintenance
from sim.scenario.records import Instrument, Scenario

SMALLEST_RATE_SCALE = 10_000
LARGEST_RATE_SCALE = 10**9


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
    return merged_tiers(preset_maintenance(scenario.venues[instrument.venue].margin, instrument.contract_name, scale))


def initial_rows(
    scenario: Scenario, instrument: Instrument, scale: float | None = None
) -> list[tuple[Fraction, Fraction]]:
    """(floor in quote, rate on the whole notional) of the initial margin in force, or under another scale."""
    return preset_initial(scenario.venues[instrument.venue].margin, instrument.contract_name, scale)


def rate_scale_of(scenario: Scenario) -> int:
    """The smallest power of ten (at least 10,000) that holds every maintenance rate exactly."""
    rates = [rate for instrument in scenario.instruments for _, rate in maintenance_rows(scenario, instrument)]
    scale = SMALLEST_RATE_SCALE
    while scale < LARGEST_RATE_SCALE and any((rate * scale).denominator != 1 for rate in rates):
        scale *= 10
    return scale


def maintenance_tiers(rows: list[tuple[Fraction, Fraction]], atom: Fraction, scale: int) -> list[tuple[int, int, int]]:
    """(floor, rate, deduction) integers: floor in atoms, rate and deduction times the rate scale."""
    return [
        (round(floor / atom), round(rate * scale), round(amount / atom * scale))
        for (floor, rate), amount in zip(rows, marginal_amounts(rows), strict=True)
    ]


def initial_tiers(rows: list[tuple[Fraction, Fraction]], atom: Fraction, scale: int) -> list[tuple[int, int, int]]:
    """(floor, rate, 0) integers; rates are rounded up, so no leverage above the stated one passes."""
    return [(round(floor / atom), ceil(rate * scale), 0) for floor, rate in rows]
