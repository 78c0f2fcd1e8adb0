"""Margin cases as a clerk would work them: plain loops over positions, tier by tier, and prices by bisection."""

from fractions import Fraction as F
from typing import Any

from naive_margin import maintenance_of

from sim.calculator.case import Case
from sim.calculator.checks import check_case
from sim.calculator.report import report, state
from sim.calculator.rule_book import book_of

HALVINGS = 200


def answer_to(case: dict[str, Any], venue: Any = None) -> dict[str, Any]:
    """What the calculator answers to a case that it must not refuse."""
    record = Case.model_validate(case)
    assert check_case(record, venue) == []
    return report(state(record, book_of(record, venue)))


def long(price: float, size: float = 1.0, name: str = "X", **more: Any) -> dict[str, Any]:
    """A long position, cross unless it says otherwise."""
    return {"instrument": name, "side": "long", "size": size, "entry_price": price, **more}


def short(price: float, size: float = 1.0, name: str = "X", **more: Any) -> dict[str, Any]:
    """A short position, cross unless it says otherwise."""
    return {**long(price, size, name, **more), "side": "short"}


def isolated(position: dict[str, Any], collateral: float) -> dict[str, Any]:
    """The same position with collateral of its own."""
    return {**position, "margin_mode": "isolated", "isolated_collateral": collateral}


def one_position(position: dict[str, Any], mark: float, rate: float, **more: Any) -> dict[str, Any]:
    """A case of one position under a flat maintenance rate."""
    schedules = {position["instrument"]: {"tiers": [[0, rate]]}}
    return {"mark_prices": {position["instrument"]: mark}, "schedules": schedules, "positions": [position], **more}


def requirement(schedule: dict[str, Any], notional: F) -> F:
    """Marginal: each slice at its own rate. Whole: all at the rate of the tier that the notional is in."""
    tiers = [(F(str(floor)), F(str(rate))) for floor, rate in schedule["tiers"]]
    if schedule.get("mode") == "whole":
        return notional * next(rate for floor, rate in reversed(tiers) if notional >= floor)
    if "maintenance_amount" in schedule:
        return max(tiers[0][1] * notional - F(str(schedule["maintenance_amount"])), F(0))
    return maintenance_of(tiers, notional)


class NaiveCross:
    """One cross account of linear positions; every figure from the positions, at any marks."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case, self.regime = case, case.get("regime", {})
        fee = self.regime.get("closing_fee", {})
        self.fee, self.fee_basis = F(str(fee.get("rate", 0))), fee.get("basis", "none")
        self.credit = F(str(self.regime.get("unrealised_profit_credit", 1)))

    def profit(self, position: dict[str, Any], marks: dict[str, F]) -> F:
        sign = 1 if position["side"] == "long" else -1
        change = marks[position["instrument"]] - F(str(position["entry_price"]))
        return sign * F(str(position["size"])) * change

    def equity(self, marks: dict[str, F], credit: F | None = None) -> F:
        credit = self.credit if credit is None else credit
        profits = [self.profit(position, marks) for position in self.case["positions"]]
        return F(str(self.case["collateral"])) + sum(p * credit if p > 0 else p for p in profits)

    def bankruptcy_price(self, name: str, marks: dict[str, F]) -> F:
        """From equity at two marks, which are a line; zero where the root is not above zero."""
        legs = [p for p in self.case["positions"] if p["instrument"] == name]
        size = sum(F(str(p["size"])) for p in legs)
        fee = F(0) if self.fee_basis == "none" else self.fee
        at = [self.equity({**marks, name: price}, F(1)) - fee * size * price for price in (F(1), F(2))]
        slope = at[1] - at[0]
        return max(1 - at[0] / slope, F(0)) if slope != 0 else F(0)

    def maintenance(self, marks: dict[str, F]) -> F:
        total = F(0)
        for name in {p["instrument"] for p in self.case["positions"]}:
            sides = {"long": F(0), "short": F(0)}
            for p in (p for p in self.case["positions"] if p["instrument"] == name):
                size = F(str(p["size"]))
                price = F(str(p["entry_price"])) if self.regime.get("notional_basis") == "entry" else marks[name]
                sides[p["side"]] += requirement(self.case["schedules"][name], size * price)
                if self.fee_basis == "mark":
                    sides[p["side"]] += self.fee * size * marks[name]
                elif self.fee_basis == "bankruptcy":
                    sides[p["side"]] += self.fee * size * self.bankruptcy_price(name, marks)
            larger = self.regime.get("netting") == "larger_side"
            total += max(sides.values()) if larger else sum(sides.values())
        return total

    def buffer(self, name: str, price: F) -> F:
        """Equity less maintenance with one mark elsewhere."""
        marks = {key: F(str(value)) for key, value in self.case["mark_prices"].items()} | {name: price}
        return self.equity(marks) - self.maintenance(marks)

    def bisected(self, name: str, upward: bool) -> float | None:
        """The price between the mark and far away at which the sign of the buffer changes, if it does."""
        near = F(str(self.case["mark_prices"][name]))
        far = near * 10**9 if upward else F(0)
        negative = self.buffer(name, near) < 0
        if (self.buffer(name, far) < 0) == negative:
            return None
        for _ in range(HALVINGS):
            middle = (near + far) / 2
            near, far = (middle, far) if (self.buffer(name, middle) < 0) == negative else (near, middle)
            near, far = near.limit_denominator(1 << 90), far.limit_denominator(1 << 90)
        return float(near)
