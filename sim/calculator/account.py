"""One margin account: legs in exact fractions, its equity and requirements, as numbers and as functions of one mark.

Prices are coordinates here: the price itself for linear contracts, one over it for inverse ones. Then both have
a notional of size times coordinate and a profit of size times its change; a long inverse leg is a short in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from sim.calculator.piecewise import ZERO, Piecewise
from sim.calculator.schedules import Margin

QUOTE = "quote"
ONE = Fraction(1)


@dataclass(frozen=True)
class Rules:
    """What a regime says about requirements."""

    netting: str = "sum"
    notional_basis: str = "mark"
    fee_rate: Fraction = ZERO
    fee_basis: str = "none"
    profit_credit: Fraction = ONE


@dataclass(frozen=True)
class Leg:
    """A position: `direction` is +1 where its profit rises with the coordinate."""

    row: int
    instrument: str
    is_long: bool
    inverse: bool
    size: Fraction
    entry: Fraction
    mark: Fraction
    margin: Margin

    @property
    def direction(self) -> int:
        """+1 for linear longs and inverse shorts."""
        return 1 if self.is_long != self.inverse else -1

    @property
    def currency(self) -> str:
        """What its margin is paid in."""
        return self.instrument if self.inverse else QUOTE

    @cached_property
    def profit(self) -> Fraction:
        """Unrealised profit at the mark."""
        return self.direction * self.size * (self.mark - self.entry)

    @cached_property
    def value(self) -> Fraction:
        """Notional at the mark."""
        return self.size * self.mark

    @property
    def quote_of_one(self) -> Fraction:
        """Notional of one unit of size in quote units: an inverse contract is one of them at any price."""
        return ONE if self.inverse else self.mark

    def profit_by_mark(self, credit: Fraction) -> Piecewise:
        """Profit that counts, as a function of the mark."""
        whole = Piecewise.line(-self.direction * self.size * self.entry, self.direction * self.size)
        return whole if credit == 1 else whole.minimum(whole.times(credit))

    def _schedule(self, initial: bool) -> Piecewise:
        size = None if self.inverse else self.size
        return self.margin.initial_by_notional(size) if initial else self.margin.maintenance.by_notional(size)

    @cached_property
    def _known(self) -> dict[tuple[bool, bool], Fraction]:
        return {}

    def requirement(self, rules: Rules, initial: bool) -> Fraction:
        """Margin at the mark, with a closing fee at the mark."""
        on_entry = rules.notional_basis == "entry"
        found = self._known.get((on_entry, initial))
        if found is None:
            found = self._schedule(initial).at(self.size * self.entry if on_entry else self.value)
            self._known[on_entry, initial] = found
        return found + rules.fee_rate * self.value if rules.fee_basis == "mark" else found

    def requirement_by_mark(self, rules: Rules) -> Piecewise:
        """Maintenance with a closing fee at the mark, as a function of the mark."""
        if rules.notional_basis == "entry":
            found = Piecewise.line(self._schedule(initial=False).at(self.size * self.entry))
        else:
            found = self._schedule(initial=False).of_multiple(self.size)
        return found + Piecewise.line(0, rules.fee_rate * self.size) if rules.fee_basis == "mark" else found


def to_price(coordinate: Fraction | None, inverse: bool) -> Fraction | None:
    """The price of a coordinate; None where no price above zero has it."""
    if coordinate is None or coordinate <= 0:
        return None
    return 1 / coordinate if inverse else coordinate


def uncovered(legs: Sequence[Leg]) -> list[Leg]:
    """The legs of one instrument with every pair taken off: the larger side less the other, first rows first."""
    sizes = [sum((leg.size for leg in legs if leg.is_long == long), ZERO) for long in (False, True)]
    pairs, found = min(sizes), []
    for leg in legs:
        if leg.is_long == (sizes[True] > sizes[False]):
            gone = min(pairs, leg.size)
            pairs -= gone
            if leg.size > gone:
                found.append(replace(leg, size=leg.size - gone))
    return found


@dataclass(frozen=True)
class Account:
    """Collateral and the legs that it backs: all cross legs of a case, or one isolated leg."""

    collateral: Fraction
    legs: tuple[Leg, ...]
    rules: Rules
    isolated: bool = False

    @cached_property
    def _groups(self) -> dict[str, list[Leg]]:
        groups: dict[str, list[Leg]] = {}
        for leg in self.legs:
            groups.setdefault(leg.instrument, []).append(leg)
        return groups

    @cached_property
    def equity(self) -> Fraction:
        """Collateral and the profit that counts."""
        return self.collateral + sum((self._counted(leg) for leg in self.legs), ZERO)

    @cached_property
    def maintenance(self) -> Fraction:
        """The requirement below which the account is liquidatable."""
        return self._requirement(initial=False)

    @cached_property
    def initial(self) -> Fraction:
        """The requirement to open what is held."""
        return self._requirement(initial=True)

    @property
    def liquidatable(self) -> bool:
        """Equity below maintenance; equality is safe."""
        return self.equity < self.maintenance

    def _counted(self, leg: Leg) -> Fraction:
        return min(leg.profit, leg.profit * self.rules.profit_credit)

    def leg_requirement(self, leg: Leg, initial: bool) -> Fraction:
        """Margin of one leg at the marks, the closing fee included."""
        fee = self.rules.fee_basis == "bankruptcy" and self._fee(leg, leg.instrument).at(leg.mark)
        return leg.requirement(self.rules, initial) + fee

    def _requirement(self, initial: bool) -> Fraction:
        return sum((self._group_requirement(legs, initial) for legs in self._groups.values()), ZERO)

    def _group_requirement(self, legs: Sequence[Leg], initial: bool) -> Fraction:
        """The sum over an instrument's legs, or the larger of its two sides."""
        sides = [ZERO, ZERO]
        for leg in uncovered(legs) if self.rules.netting == "net" else legs:
            sides[leg.is_long] += self.leg_requirement(leg, initial)
        return max(sides) if self.rules.netting == "larger_side" else sides[0] + sides[1]

    def bankruptcy(self, instrument: str) -> Fraction | None:
        """Coordinate at which nothing would be left, other marks fixed: full profit, a closing fee, no margin."""
        divisor, rest = self._bankruptcy_terms(instrument)
        others = sum((leg.profit for leg in self.legs if leg.instrument != instrument), ZERO)
        found = None if divisor == 0 else (rest - self.collateral - others) / divisor
        return found if found is not None and found > 0 else None

    def _bankruptcy_terms(self, instrument: str) -> tuple[Fraction, Fraction]:
        legs = self._groups[instrument]
        fee = ZERO if self.rules.fee_basis == "none" else self.rules.fee_rate
        divisor = sum(((leg.direction - fee) * leg.size for leg in legs), ZERO)
        return divisor, sum((leg.direction * leg.size * leg.entry for leg in legs), ZERO)

    def _fee(self, leg: Leg, moved: str) -> Piecewise:
        """Closing fee at the bankruptcy price as a function of the coordinate of instrument `moved`."""
        if self.rules.fee_basis != "bankruptcy":
            return Piecewise.line()
        fee = self.rules.fee_rate * leg.size
        if leg.instrument == moved:
            return Piecewise.line(fee * (self.bankruptcy(leg.instrument) or ZERO))
        divisor, rest = self._bankruptcy_terms(leg.instrument)
        if divisor == 0:
            return Piecewise.line()
        wealth = Piecewise.line(self.collateral - rest)
        for other in self.legs:
            if other.instrument == moved:
                wealth += other.profit_by_mark(ONE)
            elif other.instrument != leg.instrument:
                wealth += Piecewise.line(other.profit)
        return wealth.times(-fee / divisor).maximum(Piecewise.line())

    def buffer_by_mark(self, moved: str) -> Piecewise:
        """Equity less maintenance as a function of one instrument's coordinate, the other marks fixed."""
        fixed, moving = self.collateral, []
        for name, legs in self._groups.items():
            if name == moved:
                moving += [leg.profit_by_mark(self.rules.profit_credit) for leg in legs]
            else:
                fixed += sum((self._counted(leg) for leg in legs), ZERO)
            if name == moved or self.rules.fee_basis == "bankruptcy":
                moving.append(-self._group_requirement_by_mark(legs, moved))
            else:
                fixed -= self._group_requirement(legs, initial=False)
        return Piecewise.total([*moving, Piecewise.line(fixed)])

    def _group_requirement_by_mark(self, legs: Sequence[Leg], moved: str) -> Piecewise:
        sides: tuple[list[Piecewise], list[Piecewise]] = ([Piecewise.line()], [Piecewise.line()])
        for leg in uncovered(legs) if self.rules.netting == "net" else legs:
            own = Piecewise.line(leg.requirement(self.rules, initial=False))
            if leg.instrument == moved:
                own = leg.requirement_by_mark(self.rules)
            sides[leg.is_long].append(own + self._fee(leg, moved))
        short, long = (Piecewise.total(side) for side in sides)
        return short.maximum(long) if self.rules.netting == "larger_side" else short + long

    def matched(self) -> Account:
        """The account after every pair of legs is closed against itself at the mark."""
        account = self
        for legs in self._groups.values():
            kept = {leg.row: leg.size for leg in uncovered(legs)}
            for leg in legs:
                gone = leg.size - kept.get(leg.row, ZERO)
                if gone:
                    account = account.reduced(leg, gone, ZERO)
        return account

    def charged(self, fee: Fraction) -> Account:
        """The account after a fee."""
        return replace(self, collateral=self.collateral - fee)

    def pairs_of(self, instrument: str) -> Fraction:
        """Size of an instrument that is held both long and short."""
        legs = self._groups[instrument]
        return sum((leg.size for leg in legs), ZERO) / 2 - sum((leg.size for leg in uncovered(legs)), ZERO) / 2

    def legs_of(self, instrument: str) -> Sequence[Leg]:
        """The legs of one instrument."""
        return self._groups[instrument]

    def reduced(self, leg: Leg, size: Fraction, fee: Fraction) -> Account:
        """The account after `size` of a leg is closed at the mark: profit is paid out, a fee is taken."""
        paid = leg.direction * size * (leg.mark - leg.entry) - fee
        smaller = replace(leg, size=leg.size - size)
        kept = (smaller if other is leg else other for other in self.legs)
        after = Account(
            self.collateral + paid, tuple(other for other in kept if other.size > 0), self.rules, self.isolated
        )
        if self.rules.netting == "sum" and self.rules.fee_basis != "bankruptcy":
            # A leg's part is all that changes: the sums over a large book need not be taken again.
            part = smaller.requirement(self.rules, initial=False) if smaller.size else ZERO
            after.__dict__["maintenance"] = self.maintenance - leg.requirement(self.rules, initial=False) + part
        after.__dict__["equity"] = self.equity - self._counted(leg) + self._counted(smaller) + paid
        return after
