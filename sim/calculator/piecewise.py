"""Functions of a price, piece by piece polynomials of degree two at most, and where they change their sign.

A piece holds from its start on, as a tier applies from its floor on; starts rise, the first is zero.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from sim.calculator.numbers import roots

ZERO = Fraction(0)
Polynomial = tuple[Fraction, Fraction, Fraction]
Piece = tuple[Fraction, Polynomial]


def _value(polynomial: Polynomial, x: Fraction) -> Fraction:
    return polynomial[0] + x * (polynomial[1] + x * polynomial[2])


def _start(piece: Piece) -> Fraction:
    return piece[0]


def _plus(left: Polynomial, right: Polynomial, factor: int = 1) -> Polynomial:
    return (left[0] + factor * right[0], left[1] + factor * right[1], left[2] + factor * right[2])


@dataclass(frozen=True)
class Piecewise:
    """A function of x >= 0."""

    pieces: tuple[Piece, ...]

    @staticmethod
    def line(constant: Fraction | int = 0, slope: Fraction | int = 0, square: Fraction | int = 0) -> Piecewise:
        """One polynomial everywhere."""
        return Piecewise(((ZERO, (Fraction(constant), Fraction(slope), Fraction(square))),))

    def at(self, x: Fraction) -> Fraction:
        """The value at x."""
        return _value(self._polynomial(x), x)

    def _polynomial(self, x: Fraction) -> Polynomial:
        return self.pieces[bisect_right(self.pieces, x, key=_start) - 1][1]

    @staticmethod
    def total(functions: Sequence[Piecewise]) -> Piecewise:
        """The sum of many, in pairs: the work grows with their pieces and not with its square."""
        left = list(functions) or [Piecewise.line()]
        while len(left) > 1:
            pairs = [one + other for one, other in zip(left[::2], left[1::2], strict=False)]
            left = pairs + left[len(pairs) * 2 :]
        return left[0]

    def __add__(self, other: Piecewise) -> Piecewise:
        if len(self.pieces) < len(other.pieces):
            self, other = other, self
        if len(other.pieces) == 1:
            ((_, more),) = other.pieces
            return Piecewise(tuple((start, _plus(own, more)) for start, own in self.pieces)) if any(more) else self
        return Piecewise(tuple((start, _plus(a, b)) for start, _, a, b in self._together(other)))

    def __neg__(self) -> Piecewise:
        return self.times(Fraction(-1))

    def __sub__(self, other: Piecewise) -> Piecewise:
        return self + -other

    def times(self, factor: Fraction) -> Piecewise:
        """The function times a number."""
        return Piecewise(tuple((start, (factor * a, factor * b, factor * c)) for start, (a, b, c) in self.pieces))

    def of_multiple(self, factor: Fraction) -> Piecewise:
        """The function of factor * x, factor > 0: of a notional as a function of the price."""
        return Piecewise(
            tuple((start / factor, (a, b * factor, c * factor * factor)) for start, (a, b, c) in self.pieces)
        )

    def maximum(self, other: Piecewise) -> Piecewise:
        """The larger of two functions at every x."""
        pieces: list[Piece] = []
        for start, end, a, b in self._together(other):
            crossings = [x for x in roots(*_plus(a, b, -1)) if x > start and (end is None or x < end)]
            for low, high in pairwise([start, *crossings, end]):
                middle = _between(low, high)
                pieces.append((low or ZERO, a if _value(a, middle) >= _value(b, middle) else b))
        return Piecewise(tuple(pieces))

    def minimum(self, other: Piecewise) -> Piecewise:
        """The smaller of two functions at every x."""
        return -((-self).maximum(-other))

    def _together(self, other: Piecewise) -> Iterator[tuple[Fraction, Fraction | None, Polynomial, Polynomial]]:
        one, two, i, j, start = self.pieces, other.pieces, 0, 0, ZERO
        while True:
            ends = [pieces[k + 1][0] for pieces, k in ((one, i), (two, j)) if k + 1 < len(pieces)]
            end = min(ends, default=None)
            yield start, end, one[i][1], two[j][1]
            if end is None:
                return
            i += i + 1 < len(one) and one[i + 1][0] == end
            j += j + 1 < len(two) and two[j + 1][0] == end
            start = end

    def _stretches(self, x: Fraction, upward: bool) -> Iterator[tuple[Fraction, Fraction | None, Polynomial]]:
        """Stretches on which the sign is one, in order from x upward or downward to zero."""
        starts = [start for start, _ in self.pieces]
        found = []
        for (start, polynomial), end in zip(self.pieces, [*starts[1:], None], strict=True):
            low = max(start, x) if upward else start
            high = end if upward or (end is not None and end < x) else x
            if high is not None and high <= low:
                continue
            inside = [root for root in roots(*polynomial) if root > low and (high is None or root < high)]
            edges: list[Fraction | None] = [low, *inside, high]
            found += [(edge, after, polynomial) for edge, after in pairwise(edges) if edge is not None]
        return iter(found if upward else reversed(found))

    def nearest(self, x: Fraction, upward: bool, below_zero: bool) -> Fraction | None:
        """The edge nearest to x, upward or downward, of where the function is below zero (or is not); else None."""
        for low, high, polynomial in self._stretches(x, upward):
            if (_value(polynomial, _between(low, high)) < 0) == below_zero:
                return low if upward else high
        return None


def _between(low: Fraction | None, high: Fraction | None) -> Fraction:
    """A point inside a stretch whose upper end may be open."""
    low = low or ZERO
    return low + 1 if high is None else (low + high) / 2
