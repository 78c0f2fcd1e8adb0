"""One book under several methods: flat rates, its tiers, and value at risk and expected shortfall of its past."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import Any

from sim.calculator.account import Account, Leg
from sim.calculator.numbers import exact
from sim.calculator.piecewise import ZERO
from sim.calculator.report import Statement, number
from sim.calculator.schedules import Curve, Margin

METHODS = ("flat", "tiers", "value_at_risk", "expected_shortfall")


def compare(statement: Statement) -> list[dict[str, Any]]:
    """Initial and maintenance margin by method; null where past returns are missing or currencies differ.

    Accounts are added up. The two risk measures are initial margin; maintenance is their part by initial_multiple.
    """
    accounts = statement.accounts
    flat_initial, flat_maintenance = (
        sum((_flat(statement, a, kind) for a in accounts), ZERO) for kind in (True, False)
    )
    rows: dict[str, tuple[Fraction | None, Fraction | None]] = dict.fromkeys(METHODS, (None, None))
    if statement.one_currency:
        rows["flat"] = flat_initial, flat_maintenance
        rows["tiers"] = sum((a.initial for a in accounts), ZERO), sum((a.maintenance for a in accounts), ZERO)
        if statement.case.compare.returns:
            multiple = exact(statement.case.regime.initial_multiple)
            measures = [risk(losses(statement, account), statement.case.compare.confidence) for account in accounts]
            for place, name in enumerate(METHODS[2:]):
                measure = sum((pair[place] for pair in measures), ZERO)
                rows[name] = measure, measure / multiple
    return [
        {"method": name, "initial_margin": number(initial), "maintenance_margin": number(maintenance)}
        for name, (initial, maintenance) in rows.items()
    ]


def _flat(statement: Statement, account: Account, initial: bool) -> Fraction:
    """Each notional at the mark at one rate, whatever its size."""
    return sum((leg.value * _flat_rate(statement, leg.margin, initial) for leg in account.legs), ZERO)


def _flat_rate(statement: Statement, margin: Margin, initial: bool) -> Fraction:
    flat, multiple = statement.case.compare.flat, exact(statement.case.regime.initial_multiple)
    maintenance = exact(flat.maintenance) if flat is not None else margin.maintenance.tiers[0][1]
    if not initial:
        return maintenance
    if flat is not None:
        return min(maintenance * multiple, Fraction(1)) if flat.initial is None else exact(flat.initial)
    if isinstance(margin.initial, Curve):
        return margin.initial.tiers[0][1]
    return min(maintenance * margin.initial, Fraction(1))


def losses(statement: Statement, account: Account) -> list[Fraction]:
    """What the account would lose over each window of the horizon, gains below zero; windows overlap."""
    returns, horizon = statement.case.compare.returns, statement.case.compare.horizon_steps
    grown = {leg.instrument: _growth(returns[leg.instrument], horizon) for leg in account.legs}
    windows = len(next(iter(grown.values()), []))
    return [sum((_loss(leg, grown[leg.instrument][row]) for leg in account.legs), ZERO) for row in range(windows)]


def _growth(returns: Sequence[float], horizon: int) -> list[Fraction]:
    factors = [1 + exact(value) for value in returns]
    found = []
    for start in range(len(factors) - horizon + 1):
        product = Fraction(1)
        for factor in factors[start : start + horizon]:
            product *= factor
        found.append(product)
    return found


def _loss(leg: Leg, growth: Fraction) -> Fraction:
    mark = leg.mark / growth if leg.inverse else leg.mark * growth
    return -leg.direction * leg.size * (mark - leg.mark)


def risk(outcomes: Sequence[Fraction], confidence: float) -> tuple[Fraction, Fraction]:
    """Value at risk and expected shortfall of losses, never below zero.

    The first is the smallest loss that a share `confidence` of the outcomes does not exceed; the second the mean of
    the worst outcomes of the remaining share, the last of them counted in part.
    """
    if not outcomes:
        return ZERO, ZERO
    rising = sorted(outcomes)
    value_at_risk = rising[ceil(exact(confidence) * len(rising)) - 1]
    tail = (1 - exact(confidence)) * len(rising)
    left, total = tail, ZERO
    for loss in reversed(rising):
        part = min(left, Fraction(1))
        total += part * loss
        left -= part
        if left == 0:
            break
    return max(value_at_risk, ZERO), max(total / tail, ZERO)
