"""Rates that move, by hand: the estimator in plain Python, from a list of prices, one rate a step.

A second hand beside the compiled one: integers where that has integers, floats in the same order.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil, floor, sqrt
from typing import Any

from sim.calculator.numbers import exact
from sim.calculator.piecewise import ZERO
from sim.calculator.schedules import ONE, Curve, Margin, initial_curve

FINE = 10**9


def first_rates(dynamics: Any, stated: Fraction, prices: Sequence[int], reference: int | None = None) -> list[Fraction]:
    """The first tier's rate at every step, by a `RateDynamics` record without open interest.

    `prices`: integers of any unit, one a step from step 0; `reference`: in place of the price before, where moves are
    fractions of one price. The rate is rounded up to 1e-9.
    """
    return [Fraction(rate, FINE) for rate in rate_parts(dynamics, stated, prices, reference)]


def rate_parts(dynamics: Any, stated: Fraction, prices: Sequence[int], reference: int | None = None) -> Iterator[int]:
    """The same in parts of 1e-9."""
    volatility, rate = dynamics.volatility, ceil(stated * FINE)
    moves: list[float] = []
    variance = 0.0
    for step, price in enumerate(prices):
        if volatility is not None and step % volatility.return_steps == 0 and step > 0:
            before = prices[step - volatility.return_steps]
            moves.append(abs(price - before) / (before if reference is None else reference))
            weight = max(1.0 - volatility.decay, 1.0 / len(moves))
            variance += weight * (moves[-1] * moves[-1] - variance)
        due = step % dynamics.update_every_steps == 0
        if volatility is not None and due and len(moves) >= volatility.least_returns:
            estimate = sqrt(variance)
            if volatility.measure != "moving_average":
                estimate = tail_move(moves[-volatility.window :], volatility.quantile, volatility.measure)
            longer = volatility.multiple * sqrt(volatility.horizon_steps / volatility.return_steps)
            rate = held(dynamics.anti_procyclicality, rate, longer * estimate)
        yield rate


def tail_move(moves: Sequence[float], quantile: float, measure: str) -> float:
    """Value at risk or expected shortfall of moves: the worst of the remaining share, the last of them in part."""
    rising = sorted(int(min(move, 1.0) * FINE) for move in moves)
    share = int(exact(quantile) * FINE)
    if measure == "value_at_risk":
        return rising[-(-share * len(rising) // FINE) - 1] / FINE
    tail = (FINE - share) * len(rising)
    left, total = tail, 0.0
    while left > 0:
        total += float(min(left, FINE)) * float(rising.pop())
        left -= FINE
    return total / float(tail) / FINE


def held(rules: Any, before: int, estimate: float) -> int:
    """An estimated rate (parts of 1e-9 from here on) after the rules against procyclicality."""
    if rules.stressed_weight:
        estimate += rules.stressed_weight * (rules.stressed_rate - estimate)
    if rules.buffer:
        estimate = max(estimate, (1.0 + rules.buffer) * min(estimate, rules.released_above))
    rate = ceil(min(estimate, 1.0) * FINE)
    if rules.max_step:
        reach = max(-(-before * floor(exact(rules.max_step) * FINE) // FINE), 1)
        rate = min(max(rate, before - reach), before + reach)
    return min(max(rate, ceil(exact(rules.floor or 0.0) * FINE), 1), FINE)


def reached(open_interest: Fraction, low: Fraction, high: Fraction) -> Fraction:
    """Share of the way from the stated rate to one."""
    return min(max((open_interest - low) / (high - low), ZERO), ONE)


def scaled_curve(curve: Curve, multiple: Fraction, way: Fraction) -> Curve:
    """A curve all of whose tier rates are multiplied, stop at one, and go a part of the way to one."""
    tiers = []
    for start, rate in curve.tiers:
        own = min(rate * multiple, max(rate, ONE))
        tiers.append((start, own + max(ONE - own, ZERO) * way))
    return Curve(tuple(tiers), curve.mode, curve.own_amount, curve.slope, curve.root, curve.minimum)


def margin_in_force(margin: Margin, rates: Any, dynamics: Any, name: str, open_interest: float | None) -> Margin:
    """The margin of the moment: by the first rates that a case gives, or by what a venue says of open interest."""
    changed = {}
    for word, curve in (("maintenance", margin.maintenance), ("initial", initial_curve(margin))):
        rate, side = getattr(rates, word, None), getattr(dynamics, word, None)
        scaling = None if side is None else side.open_interest.get(name)
        if rate is not None:
            changed[word] = scaled_curve(curve, exact(rate) / curve.tiers[0][1], ZERO)
        elif scaling is not None and open_interest is not None:
            way = reached(exact(open_interest), exact(scaling.low), exact(scaling.high))
            changed[word] = scaled_curve(curve, ONE, way)
    return Margin(changed.get("maintenance", margin.maintenance), changed.get("initial", margin.initial))


def missing_of(rates: Any, dynamics: Any, name: str, open_interest: float | None) -> list[tuple[tuple[str, ...], str]]:
    """What a case must say about a contract whose rates move: (path, why)."""
    found: list[tuple[tuple[str, ...], str]] = []
    for word in ("maintenance", "initial"):
        side = getattr(dynamics, word, None)
        if side is None or getattr(rates, word, None) is not None:
            continue
        if side.volatility is not None:
            why = "is missing; the venue's rate follows volatility: give the first tier's rate of the moment"
            found.append((("rates_in_force", name, word), why))
        elif name in side.open_interest and open_interest is None:
            found.append((("open_interest", name), "is missing; give the open interest that the rates scale with"))
    return list(dict.fromkeys(found))
