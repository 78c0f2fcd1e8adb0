"""Integer division and roots with their rounding stated, and exact products past 64 bits."""

import math

from sim.terms import kernel

LIMB = 31
LIMB_MASK = (1 << LIMB) - 1
PRODUCT_MAX = 4e18  # below 2**62, with room for the rounding of floats


@kernel
def ceil_div(a, b):
    """a / b rounded up, b > 0."""
    return -((-a) // b)


@kernel
def ceil_root(a):
    """The square root of 0 <= a < 2**62 rounded up: the float is a start, integers decide."""
    root = int(math.sqrt(float(a)))
    while root * root > a:
        root -= 1
    while root * root < a:
        root += 1
    return root


@kernel
def half_even_div(a, b):
    """a / b rounded to the nearest integer, ties to even, b > 0: the same when every sign is flipped."""
    quotient = a // b
    twice = 2 * (a - quotient * b)
    if twice > b or (twice == b and quotient % 2 != 0):
        quotient += 1
    return quotient


@kernel
def share_toward_zero(amount, part, whole):
    """amount * part / whole rounded toward zero, 0 <= part <= whole < 2**31; exact for any int64 amount."""
    size = abs(amount)
    value = (size // whole) * part + ((size % whole) * part) // whole
    return value if amount >= 0 else -value


@kernel
def share_floor(amount, part, whole):
    """amount * part / whole rounded down, 0 <= part <= whole < 2**31; exact for any int64 amount."""
    return (amount // whole) * part + ((amount % whole) * part) // whole


@kernel
def wide_product_is_negative(scale, equity, requirement_high, requirement_low):
    """Sign of scale * equity - requirement in two words of 31 bits: the exact path for huge accounts."""
    high = scale * (equity >> LIMB) - requirement_high
    low = scale * (equity & LIMB_MASK) - requirement_low
    high += low >> LIMB
    return high < 0


@kernel
def rate_of(value, rate, scale):
    """value * rate / scale rounded up; one division where the whole product fits, else without forming it."""
    if abs(float(value)) * float(rate) < PRODUCT_MAX:
        return ceil_div(value * rate, scale)
    return (value // scale) * rate + ceil_div((value % scale) * rate, scale)


@kernel
def split_share(amount, part, whole):
    """amount * part / whole rounded down for 0 <= part <= whole of any size; the ratio is kept to 30 bits."""
    while whole >= 1 << 30:
        whole >>= 1
        part >>= 1
    if whole == 0:
        return amount
    return share_floor(amount, part, whole)
