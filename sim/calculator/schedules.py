"""Margin schedules as functions of a notional: tiers, premiums for size, minimum, and initial margin beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

from sim.calculator.case import Initial, Mode, Regime, Schedule
from sim.calculator.numbers import exact, square_root
from sim.calculator.piecewise import ZERO, Piecewise

Tier = tuple[Fraction, Fraction]  # notional floor, rate
ONE = Fraction(1)
IDENTITY = Piecewise.line(0, 1)
GRAIN = Fraction(1, 10**9)  # to which the engine, and so a venue, rounds a rate by the root of size up


def marginal_amounts(tiers: Sequence[Tier]) -> list[Fraction]:
    """What each tier's line subtracts so that the requirement has no jump at the floors."""
    amounts, before = [ZERO], tiers[0]
    for tier in tiers[1:]:
        amounts.append(amounts[-1] + tier[0] * (tier[1] - before[1]))
        before = tier
    return amounts


@dataclass(frozen=True)
class Curve:
    """A requirement by notional."""

    tiers: tuple[Tier, ...]
    mode: Mode = "marginal"
    own_amount: Fraction | None = None
    slope: Fraction = ZERO
    root: Fraction = ZERO
    minimum: Fraction = ZERO
    grain: Fraction = ZERO  # a rate by the root is rounded up to a multiple of it; zero: to 256 bits

    @property
    def amounts(self) -> list[Fraction]:
        """The maintenance amount of each tier."""
        if self.own_amount is not None:
            return [self.own_amount]
        return marginal_amounts(self.tiers) if self.mode == "marginal" else [ZERO] * len(self.tiers)

    @property
    def depends_on_size(self) -> bool:
        """Whether the rates have a premium for size."""
        return bool(self.slope or self.root)

    @cached_property
    def _plain(self) -> Piecewise:
        return self._function(None)

    def by_notional(self, size: Fraction | None) -> Piecewise:
        """The requirement as a function of the notional, for a position of `size`; None: the notional is its size."""
        return self._function(size) if self.depends_on_size else self._plain

    def _root_premium(self, rate: Fraction, size: Fraction) -> Fraction:
        reach, relief = self.root * square_root(size), rate * min(ONE, self.root)
        if self.grain:
            reach, relief = -(-reach // self.grain) * self.grain, relief // self.grain * self.grain
        return max(reach - relief, ZERO)

    def _function(self, size: Fraction | None) -> Piecewise:
        pieces = []
        for (floor, rate), amount in zip(self.tiers, self.amounts, strict=True):
            square = ZERO
            if self.root and size is not None:
                rate += self._root_premium(rate, size)
            if self.slope and size is not None:
                rate += self.slope * size
            elif self.slope:
                square = self.slope
            pieces.append((floor, (-amount, rate, square)))
        found = Piecewise(tuple(pieces))
        if self.depends_on_size:
            found = found.minimum(IDENTITY)  # rates stop at one
        if self.own_amount:
            found = found.maximum(Piecewise.line())
        return found.maximum(Piecewise.line(self.minimum)) if self.minimum else found


@dataclass(frozen=True)
class Margin:
    """Maintenance and initial margin of one instrument's positions."""

    maintenance: Curve
    initial: Curve | Fraction  # a curve of its own, or a multiple of maintenance

    def initial_by_notional(self, size: Fraction | None) -> Piecewise:
        """Initial margin as a function of the notional; a multiple stops at the notional itself."""
        if isinstance(self.initial, Curve):
            return self.initial.by_notional(size)
        return self._multiple(size) if self.maintenance.depends_on_size else self._plain_multiple

    @cached_property
    def _plain_multiple(self) -> Piecewise:
        return self._multiple(None)

    def _multiple(self, size: Fraction | None) -> Piecewise:
        assert not isinstance(self.initial, Curve)
        maintenance = self.maintenance.by_notional(size)
        return maintenance.times(self.initial).minimum(IDENTITY.maximum(maintenance))

    def conflict(self) -> tuple[Fraction, Fraction, Fraction] | None:
        """A notional at which maintenance is above initial margin, with the two margins; None where there is none.

        Premiums for size are compared dial by dial, in checks.py.
        """
        if not isinstance(self.initial, Curve):
            return None
        initial, maintenance = (
            replace(curve, slope=ZERO, root=ZERO).by_notional(None) for curve in (self.initial, self.maintenance)
        )
        room = initial - maintenance
        start = room.nearest(ZERO, upward=True, below_zero=True)
        if start is None:
            return None
        end = room.nearest(start, upward=True, below_zero=False)
        place = start + 1 if end is None else (start + end) / 2
        return place, maintenance.at(place), initial.at(place)


def scaled(tiers: Sequence[tuple[float, float]], factor: Fraction = ONE) -> tuple[Tier, ...]:
    """Floors and rates as fractions, rates times a factor and at most one."""
    return tuple((exact(floor), min(exact(rate) * factor, ONE)) for floor, rate in tiers)


def margin_of_schedule(schedule: Schedule, regime: Regime, open_interest: float | None) -> Margin:
    """The margin that a case's own schedule stands for."""
    maintenance = Curve(
        tiers=scaled(schedule.tiers, exact(regime.maintenance_scale)),
        mode=schedule.mode,
        own_amount=None if schedule.maintenance_amount is None else exact(schedule.maintenance_amount),
        slope=exact(schedule.slope),
        root=exact(schedule.square_root),
        minimum=exact(schedule.minimum),
    )
    own = schedule.initial
    if own is None or own.ratio is not None:
        ratio = regime.initial_multiple if own is None or own.ratio is None else own.ratio
        return Margin(maintenance, exact(ratio))
    return Margin(maintenance, _own_initial(schedule, own, open_interest))


def _own_initial(schedule: Schedule, own: Initial, open_interest: float | None) -> Curve:
    tiers = scaled(own.tiers) if own.tiers is not None else ((ZERO, 1 / exact(own.max_leverage or 1.0)),)
    if own.open_interest is not None and open_interest is not None:
        low, high = exact(own.open_interest.low), exact(own.open_interest.high)
        reached = min(max((exact(open_interest) - low) / (high - low), ZERO), ONE)
        tiers = tuple((floor, rate + (1 - rate) * reached) for floor, rate in tiers)
    return Curve(
        tiers=tiers,
        mode=own.mode,
        slope=exact(schedule.slope if own.slope is None else own.slope),
        root=exact(schedule.square_root if own.square_root is None else own.square_root),
        minimum=exact(schedule.minimum),
    )


def preset_rows(regime: Any, contract: str) -> Any:
    """The rows of a venue's contract, whether it is given as rows alone or as a mapping."""
    own = regime.schedules[contract]
    return own if isinstance(own, tuple) else own.tiers


def preset_maintenance(regime: Any, contract: str, scale: float | None = None) -> list[Tier]:
    """(floor, rate) of a venue's contract: rates times the scale in force, at most one."""
    factor = exact(regime.maintenance_scale if scale is None else scale)
    return [(exact(row[0]), min(exact(row[1]) * factor, ONE)) for row in preset_rows(regime, contract)]


def preset_initial(regime: Any, contract: str, scale: float | None = None) -> list[Tier]:
    """(floor, rate on the whole notional) of rows with a leverage, by the venue's rule for initial margin."""
    rows = []
    maintenance = preset_maintenance(regime, contract, scale)
    for (floor, rate), row in zip(maintenance, preset_rows(regime, contract), strict=True):
        own = 1 / exact(row[2])
        if regime.initial == "max_with_maintenance":
            own = max(own, rate)
        elif regime.initial == "multiple_of_maintenance":
            own = min(rate * exact(regime.initial_multiple), ONE)
        rows.append((floor, own))
    return rows


def merged_tiers(tiers: Sequence[Tier]) -> list[Tier]:
    """The same schedule without rows that repeat the rate before them."""
    return [tiers[0], *(after for before, after in pairwise(tiers) if after[1] != before[1])]


def margin_of_preset(regime: Any, contract: str, scale: float | None) -> Margin:
    """The margin of a venue's contract; the leverage of its rows is one over a rate on the whole notional."""
    maintenance = Curve(tuple(preset_maintenance(regime, contract, scale)))
    schedule = regime.schedules[contract]
    if isinstance(schedule, tuple):
        return Margin(maintenance, Curve(tuple(preset_initial(regime, contract, scale)), mode="whole"))
    slope, minimum, own = exact(schedule.slope), exact(schedule.minimum), schedule.initial
    root = exact(schedule.square_root)
    maintenance = replace(maintenance, mode=schedule.mode, slope=slope, root=root, minimum=minimum, grain=GRAIN)
    if own is None and len(schedule.tiers[0]) > 2:
        rates = tuple(preset_initial(regime, contract, scale))
        return Margin(maintenance, replace(maintenance, tiers=rates, mode="whole"))
    if own is None or own.ratio is not None:
        return Margin(maintenance, exact(regime.initial_multiple if own is None else own.ratio))
    tiers = scaled(own.tiers) if own.tiers is not None else ((ZERO, 1 / exact(own.max_leverage or 1.0)),)
    slope = slope if own.slope is None else exact(own.slope)
    root = root if own.square_root is None else exact(own.square_root)
    return Margin(maintenance, replace(maintenance, tiers=tiers, mode=own.mode, slope=slope, root=root))


def ratio_curve(maintenance: Curve, ratio: Fraction) -> Curve:
    """Tiers of a multiple of maintenance that stops at the notional; premium and minimum are multiples too."""
    slope, minimum = maintenance.slope * ratio, maintenance.minimum * ratio
    if maintenance.mode == "whole":
        tiers = tuple((floor, min(rate * ratio, ONE)) for floor, rate in maintenance.tiers)
        return Curve(tiers, mode="whole", slope=slope, minimum=minimum)
    plain = Curve(tuple((floor, rate * ratio) for floor, rate in maintenance.tiers))
    kept = []
    for (floor, rate), amount, end in zip(
        plain.tiers, plain.amounts, [*(floor for floor, _ in plain.tiers[1:]), None], strict=True
    ):
        meets = floor if rate * floor - amount >= floor and rate >= 1 else amount / (rate - 1) if rate > 1 else None
        if meets is not None and (end is None or meets < end):
            kept += [(floor, rate), (meets, ONE)] if meets > floor else [(meets, ONE)]
            break
        kept.append((floor, rate))
    return Curve(tuple(kept), slope=slope, minimum=minimum)


def initial_curve(margin: Margin) -> Curve:
    """Initial margin as tiers, also where it is a multiple of maintenance."""
    return margin.initial if isinstance(margin.initial, Curve) else ratio_curve(margin.maintenance, margin.initial)
