"""Ticks, lots, and the unit of money that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce
from math import ceil, gcd, lcm

from sim.calculator.account import Leg
from sim.calculator.piecewise import ZERO


@dataclass(frozen=True)
class Grid:
    """Ticks and lots by instrument, and the largest unit of money that makes every tick on a lot a whole number."""

    ticks: Mapping[str, Fraction]
    lots: Mapping[str, Fraction]

    @cached_property
    def atom(self) -> Fraction:
        """Zero where there are no ticks."""
        values = [self.ticks[name] * self.lots[name] for name in self.ticks]
        if not values:
            return ZERO
        denominator = reduce(lcm, (value.denominator for value in values))
        return Fraction(reduce(gcd, (int(value * denominator) for value in values)), denominator)

    def in_atoms(self, leg: Leg) -> bool:
        """Whether the leg's money is counted in atoms: with ticks and lots, and paid in quote units."""
        return leg.instrument in self.lots and not leg.inverse

    def up(self, amount: Fraction, leg: Leg) -> Fraction:
        """Rounded up to the atom where there is one."""
        return self.atom * ceil(amount / self.atom) if self.in_atoms(leg) else amount
