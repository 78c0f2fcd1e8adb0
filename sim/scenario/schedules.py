"""Margin schedules as integers: the scale of rates, the atom of money, the rows of the tier table."""

from dataclasses import replace
from fractions import Fraction
from functools import reduce
from math import ceil, floor, gcd, lcm

from sim.calculator.numbers import exact
from sim.calculator.schedules import Curve, Margin, initial_curve, margin_of_preset, merged_tiers, preset_rows
from sim.margin_regimes import MarginRegime
from sim.scenario.contracts import coin_atom, is_inverse
from sim.scenario.records import Instrument, Scenario

SMALLEST_RATE_SCALE = 10_000
LARGEST_RATE_SCALE = 10**9
MOVING_RATE_SCALE = 10**6  # rates that move have at least so many parts, where money has room for them
DEDUCTION_MAX = 1 << 62


def atom_of(scenario: Scenario) -> Fraction:
    """The largest unit of money (quote) in which every instrument's tick value is a whole number."""
    if is_inverse(scenario):
        return coin_atom(scenario)
    values = [exact(c.tick_size) * exact(c.lot_size) for c in map(scenario.contract_of, scenario.instruments)]
    denominator = reduce(lcm, (v.denominator for v in values))
    numerator = reduce(gcd, (int(v * denominator) for v in values))
    return Fraction(numerator, denominator)


def margin_of(scenario: Scenario, instrument: Instrument, scale: float | None = None) -> Margin:
    """The margin in force of an instrument, or that under another scale of maintenance."""
    return margin_of_preset(scenario.venues[instrument.venue].margin, instrument.contract_name, scale)


def maintenance_curve(scenario: Scenario, instrument: Instrument, scale: float | None = None) -> Curve:
    """Maintenance in force: rates scaled and clamped at 1, equal neighbours merged."""
    curve = margin_of(scenario, instrument, scale).maintenance
    return replace(curve, tiers=tuple(merged_tiers(curve.tiers)), own_amount=None)


def maintenance_rows(
    scenario: Scenario, instrument: Instrument, scale: float | None = None
) -> list[tuple[Fraction, Fraction]]:
    """(floor in quote, rate) of the schedule in force."""
    return list(maintenance_curve(scenario, instrument, scale).tiers)


def initial_rows(
    scenario: Scenario, instrument: Instrument, scale: float | None = None
) -> list[tuple[Fraction, Fraction]]:
    """(floor in quote, rate that is never too low on the whole notional) of the initial margin in force."""
    return [
        (floor, min(rate, Fraction(1))) for floor, rate in initial_curve(margin_of(scenario, instrument, scale)).tiers
    ]


def leverage_cap(regime: MarginRegime, contract: str) -> float:
    """The largest leverage that a venue admits in a contract."""
    schedule, rows = regime.schedules[contract], preset_rows(regime, contract)
    if len(rows[0]) > 2 and (isinstance(schedule, tuple) or schedule.initial is None):
        return float(max(row[2] for row in rows))
    return float(1 / min(initial_curve(margin_of_preset(regime, contract, None)).tiers[0][1], Fraction(1)))


def rate_scale_of(scenario: Scenario) -> int:
    """The smallest power of ten (at least 10,000) that holds every maintenance rate and stated initial rate exactly."""
    rates = [rate for instrument in scenario.instruments for _, rate in maintenance_rows(scenario, instrument)]
    for instrument in scenario.instruments:
        schedule = scenario.venues[instrument.venue].margin.schedules[instrument.contract_name]
        margin = margin_of(scenario, instrument)
        own = None if isinstance(schedule, tuple) else schedule.initial
        if isinstance(margin.initial, Fraction) or (own is not None and own.tiers is not None):
            rates += [rate for _, rate in initial_curve(margin).tiers]
    scale = SMALLEST_RATE_SCALE
    while scale < LARGEST_RATE_SCALE and any((rate * scale).denominator != 1 for rate in rates):
        scale *= 10
    moving = [i for i in scenario.instruments if any(moves(scenario, i))]
    largest = max((floor for i in moving for floor in floors_of(scenario, i)), default=Fraction(0)) / atom_of(scenario)
    while moving and scale < MOVING_RATE_SCALE and largest * scale * 10 < DEDUCTION_MAX:
        scale *= 10
    return scale


def moves(scenario: Scenario, instrument: Instrument) -> tuple[bool, bool]:
    """Whether its maintenance and its initial rates can leave what its schedule states."""
    dynamics, name = scenario.venues[instrument.venue].margin.dynamics, instrument.contract_name
    sides = (None, None) if dynamics is None else (dynamics.maintenance, dynamics.initial)
    maintenance, initial = (s is not None and (s.volatility is not None or name in s.open_interest) for s in sides)
    return maintenance, initial


def floors_of(scenario: Scenario, instrument: Instrument) -> list[Fraction]:
    """Floors of both schedules; the deduction of a tier whose rate reached one is at most its floor."""
    margin = margin_of(scenario, instrument)
    return [start for curve in (margin.maintenance, initial_curve(margin)) for start, _ in curve.tiers]


def tier_rows(curve: Curve, atom: Fraction, scale: int) -> list[tuple[int, int, int]]:
    """(floor, rate, deduction) integers: floor in atoms, rate and deduction times the rate scale.

    A notional reaches a floor from the first whole atom on. Roundings are against the account: rates go up (by at
    most one part, where they are no whole parts), deductions down.
    """
    return [
        (ceil(start / atom), ceil(rate * scale), floor(amount / atom * scale))
        for (start, rate), amount in zip(curve.tiers, curve.amounts, strict=True)
    ]
