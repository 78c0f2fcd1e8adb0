"""Policies that hand a position over without an order in the book: what that costs the account."""

from __future__ import annotations

from fractions import Fraction

from sim.calculator.case import Policy
from sim.calculator.numbers import exact

OFF_BOOK = ("transfer", "dutch_auction")  # the price band is the book's


def discounted(policy: Policy) -> bool:
    """Whether positions are handed over at a discount from the mark."""
    to_liquidators = policy.execution == "transfer" and policy.transfer_to == "liquidators"
    return to_liquidators and policy.transfer_price == "discount"


def closing_cost(policy: Policy) -> Fraction:
    """What closing costs of notional: the fee, a liquidator's bonus, the discount of a transfer."""
    return exact(policy.fee_rate) + exact(policy.bonus) + (exact(policy.discount) if discounted(policy) else 0)
