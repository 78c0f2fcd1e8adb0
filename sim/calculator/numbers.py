"""Numbers as they were written, and roots that are exact or far more so than any report needs."""

from decimal import Decimal
from fractions import Fraction
from math import isqrt

ROOT_BITS = 256  # relative precision of a square root: far below what a 64-bit float can show


def exact(number: float) -> Fraction:
    """The decimal fraction that a number was written as: 0.1 is one tenth."""
    return Fraction(Decimal(repr(number)))


def square_root(value: Fraction) -> Fraction:
    """The square root of a value >= 0: exact where it is rational, else rounded up in the 256th bit."""
    numerator, denominator = value.numerator, value.denominator
    if isqrt(numerator) ** 2 == numerator and isqrt(denominator) ** 2 == denominator:
        return Fraction(isqrt(numerator), isqrt(denominator))
    shift = 2 * max(ROOT_BITS - (numerator.bit_length() - denominator.bit_length()) // 2, 0)
    scaled = (numerator << shift) // denominator
    return Fraction(isqrt(scaled) + 1, 1 << (shift // 2))


def roots(constant: Fraction, linear: Fraction, square: Fraction) -> list[Fraction]:
    """Where constant + linear x + square x**2 is zero, rising; none for a polynomial that is zero everywhere."""
    if square == 0:
        return [] if linear == 0 else [-constant / linear]
    inside = linear * linear - 4 * square * constant
    if inside < 0:
        return []
    reach = square_root(inside)
    return sorted({(-linear - reach) / (2 * square), (-linear + reach) / (2 * square)})
