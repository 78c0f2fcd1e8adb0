"""Liquidation prices: the nearest mark at which an account's buffer changes its sign, the other marks fixed."""

from fractions import Fraction

from sim.calculator.account import Account, to_price


def liquidation_price(account: Account, instrument: str) -> Fraction | None:
    """The price of an instrument at which the account becomes liquidatable; of one that is already, where it ceases.

    Exact: the buffer is solved piece by piece. Where it jumps (whole-position tiers) it is the price of the jump.
    All legs of the instrument share it. None where no price above zero has it.
    """
    legs = account.legs_of(instrument)
    mark, inverse = legs[0].mark, legs[0].inverse
    buffer = account.buffer_by_mark(instrument)
    breached = buffer.at(mark) < 0
    ways = [up != breached for up in _losing_ways(account, instrument)]
    if breached and len(ways) == 1:
        ways.append(not ways[0])  # under tiers on the whole position a further loss may free margin
    found = [buffer.nearest(mark, upward, below_zero=not breached) for upward in ways]
    prices = [price for price in (to_price(x, inverse) for x in found) if price is not None]
    if len(legs) > 1 and len(prices) == 2 and _is_hedged(account, instrument):
        here = to_price(mark, inverse) or Fraction(0)
        return min(prices, key=lambda price: abs(price - here))
    return prices[0] if prices else None


def _is_hedged(account: Account, instrument: str) -> bool:
    """Tell whether an instrument has legs on both sides."""
    return len({leg.is_long for leg in account.legs_of(instrument)}) == 2


def _losing_ways(account: Account, instrument: str) -> list[bool]:
    """Whether the coordinate rises as the account loses: by the side of the legs; of hedged ones, both ways.

    A hedged pair may lose either way: its profit moves with the net size, its requirement with the gross one.
    """
    if not _is_hedged(account, instrument):
        return [account.legs_of(instrument)[0].direction < 0]
    return [True, False]
