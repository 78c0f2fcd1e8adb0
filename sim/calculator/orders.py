"""What the venue would send now: position by position, largest maintenance first, each order filled at the mark.

With ticks and lots the roundings are the engine's: margins and fees up to the atom of money, lots up, limits inside
the bankruptcy price. Without them all is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from sim.calculator.account import Account, Leg
from sim.calculator.case import Policy
from sim.calculator.grid import Grid
from sim.calculator.hand_over import closing_cost
from sim.calculator.limits import Limits
from sim.calculator.numbers import exact
from sim.calculator.piecewise import ZERO

TINY = Fraction(1, 1 << 64)  # share of a size: just above or below a floor
UNDER = Fraction(1, 10**12)  # how far below a floor an order goes where there are no lots: printed sizes show it
HALVINGS = 80


@dataclass(frozen=True)
class Order:
    """An order of the venue; limit_price None: no limit."""

    instrument: str
    side: str
    size: Fraction
    limit_price: Fraction | None


def next_orders(accounts: Sequence[Account], policy: Policy, grid: Grid) -> list[Order]:
    """The orders that the policy sends for the accounts of a case; none for those that are safe."""
    desk = _Desk(policy, grid)
    return [order for account in accounts for order in desk.orders(account)]


class _Desk:
    """One liquidation: what has been sent of each instrument this step."""

    def __init__(self, policy: Policy, grid: Grid) -> None:
        self.policy, self.grid, self.atom, self.limits = policy, grid, grid.atom, Limits(policy, grid)
        self.fee_rate, self.buffer = closing_cost(policy), exact(policy.buffer)
        self.sent: dict[str, Fraction] = {}

    def orders(self, account: Account) -> list[Order]:
        found: list[Order] = []
        account = self._matched(account)
        below = self.policy.take_over_below
        if below is not None and account.equity < exact(below) * self.maintenance(account):
            return found  # the fund takes it over as it is
        sold = ZERO
        rows = [leg.row for leg in sorted(account.legs, key=lambda leg: -account.leg_requirement(leg, initial=False))]
        for row in rows:
            if not account.liquidatable:
                break
            leg = next(leg for leg in account.legs if leg.row == row)
            size = self._within_cap(leg, self._throttled(leg, self.size(account, leg), sold))
            if size <= 0 or self.limits.cannot_fill(account, leg):
                continue
            sold += size * leg.quote_of_one
            side = "sell" if leg.is_long else "buy"
            found.append(Order(leg.instrument, side, size, self.limits.limit(account, leg)))
            self.sent[leg.instrument] = self.sent.get(leg.instrument, ZERO) + size * leg.quote_of_one
            account = self._closed(account, leg, size)
        return found

    def _matched(self, account: Account) -> Account:
        """Pairs of legs are closed against themselves before anything is sold, for the venue's fee on them."""
        if not account.liquidatable:
            return account
        after = account.matched()
        for name in dict.fromkeys(leg.instrument for leg in account.legs):
            pairs = account.pairs_of(name)
            if pairs and account.rules.netting != "net":  # pairs that free nothing cost nothing
                leg = account.legs_of(name)[0]
                fee = self.grid.up(exact(self.policy.unlock_fee_rate) * pairs * leg.mark, leg)
                after = after.charged(min(fee, max(after.equity, ZERO)))
        return after

    def maintenance(self, account: Account) -> Fraction:
        """Maintenance as the engine adds it up: each position rounded up; netted requirements as they are."""
        if account.rules.netting != "sum" and account.matched() is not account:
            return account.maintenance
        return sum((self.grid.up(account.leg_requirement(leg, initial=False), leg) for leg in account.legs), ZERO)

    def _closed(self, account: Account, leg: Leg, size: Fraction) -> Account:
        fee = self.grid.up(self.fee_rate * size * leg.mark, leg)
        return account.reduced(leg, size, min(fee, max(account.equity, ZERO)))

    def _within_cap(self, leg: Leg, size: Fraction) -> Fraction:
        if self.policy.cap_per_step is None:
            return size
        room = max(exact(self.policy.cap_per_step) - self.sent.get(leg.instrument, ZERO), ZERO) / leg.quote_of_one
        return min(size, self._lots_within(leg, room))

    def _lots_within(self, leg: Leg, size: Fraction) -> Fraction:
        lot = self.grid.lots.get(leg.instrument)
        return size if lot is None else lot * floor(size / lot)

    def _lots_for(self, leg: Leg, size: Fraction) -> Fraction:
        lot = self.grid.lots.get(leg.instrument)
        return size if lot is None else lot * ceil(size / lot)

    def _throttled(self, leg: Leg, size: Fraction, sold: Fraction) -> Fraction:
        """What the throttle lets through of a position's first order; `sold`: notional of this account so far."""
        throttle = self.policy.throttle
        if throttle is None:
            return size
        if throttle.ramp is not None:
            size = min(size, self._lots_for(leg, exact(throttle.ramp.start) * size))
        if throttle.max_fraction is not None:
            least = self._lots_for(leg, exact(throttle.min_notional) / leg.quote_of_one)
            size = min(size, max(self._lots_for(leg, exact(throttle.max_fraction) * leg.size), least))
        phases = throttle.two_phase
        if phases is not None and leg.size * leg.quote_of_one > exact(phases.above):
            size = min(size, self._lots_for(leg, exact(phases.first_fraction) * leg.size))
        if throttle.max_notional is not None:
            room = self._lots_within(leg, max(exact(throttle.max_notional) - sold, ZERO) / leg.quote_of_one)
            least = self.grid.lots.get(leg.instrument, ZERO) if sold == 0 else ZERO
            size = min(size, max(room, least))
        if throttle.window is not None:
            used = self.sent.get(leg.instrument, ZERO)
            room = self._lots_within(leg, max(exact(throttle.window.capacity) - used, ZERO) / leg.quote_of_one)
            size = min(size, max(room, self.grid.lots.get(leg.instrument, ZERO) if used == 0 else ZERO))
        return size

    def size(self, account: Account, leg: Leg) -> Fraction:
        """How much of a position the policy closes."""
        if self.policy.target == "full" or account.equity <= 0:
            return leg.size
        if self.policy.target == "next_tier":
            return self._to_lower_tier(account, leg)
        if self.policy.target == "close_factor":
            return min(leg.size, self._lots_for(leg, exact(self.policy.close_factor) * leg.size))
        return self._to_restore(account, leg)

    def _to_restore(self, account: Account, leg: Leg) -> Fraction:
        """The smallest size that closes the gap, fee included; everything where none does.

        On marginal tiers in lots it is the engine's order: by the relief of a lot in the tier that the position is
        in. What is missing once it has passed the tier's floor follows in the engine's next round.
        """
        lot = self.grid.lots.get(leg.instrument)
        if lot is None or leg.margin.maintenance.mode == "whole":
            return self._to_restore_by_tier(account, leg)
        if leg.size <= lot:
            return leg.size
        after = account.reduced(leg, lot, self.grid.up(self.fee_rate * lot * leg.mark, leg))
        maintenance = self.maintenance(account)
        freed = maintenance - self.maintenance(after)
        beyond = freed * self.buffer
        if self.grid.in_atoms(leg):
            beyond = self.atom * floor(beyond / self.atom)
        relief = freed + beyond - (account.equity - after.equity)
        gap = maintenance + self.grid.up(maintenance * self.buffer, leg) - account.equity
        return min(leg.size, lot * ceil(gap / relief)) if relief > 0 else leg.size

    def _gap_without(self, account: Account, leg: Leg, size: Fraction) -> Fraction:
        """What is wanted less equity after `size` of a leg is closed at the mark."""
        fee = self.grid.up(self.fee_rate * size * leg.mark, leg)
        after = account.reduced(leg, size, fee)
        return self.maintenance(after) * (1 + self.buffer) - after.equity

    def _floors(self, account: Account, leg: Leg) -> list[Fraction]:
        """Sizes of the leg at which its tiers begin, largest first, those below its size; the last is zero."""
        price = leg.entry if account.rules.notional_basis == "entry" else leg.mark
        sizes = [start / price for start, _ in leg.margin.maintenance.tiers]
        return [size for size in reversed(sizes) if size <= leg.size]

    def _to_restore_by_tier(self, account: Account, leg: Leg) -> Fraction:
        """The gap falls in a line within a tier, and may drop at its floor: the largest size to keep that closes it."""
        upper = leg.size
        for lower in self._floors(account, leg):
            kept = self._largest_kept(account, leg, lower, upper) if lower < upper else None
            if kept is not None:
                at_floor = kept == upper and leg.margin.maintenance.mode == "whole"
                return self._keeping(leg, kept, below=at_floor)
            upper = lower
        return leg.size

    def _largest_kept(self, account: Account, leg: Leg, lower: Fraction, upper: Fraction) -> Fraction | None:
        """The largest size within a tier that leaves no gap, or None."""
        low, high = lower + TINY * (upper - lower), upper - TINY * (upper - lower)
        closed, open_ = (self._gap_without(account, leg, leg.size - size) for size in (low, high))
        if open_ <= 0:
            return upper
        if closed > 0:
            return None
        kept = low - closed * (high - low) / (open_ - closed)
        if self._gap_without(account, leg, leg.size - kept) == 0:
            return kept
        for _ in range(HALVINGS):  # no line: a netted hedge changes its larger side, or a premium for size falls
            middle = (low + high) / 2
            low, high = (middle, high) if self._gap_without(account, leg, leg.size - middle) <= 0 else (low, middle)
        return low

    def _keeping(self, leg: Leg, kept: Fraction, below: bool = False) -> Fraction:
        """Close all but `kept`, whole lots; `below`: what is kept must stay under it, as a floor is a tier's own."""
        lot = self.grid.lots.get(leg.instrument)
        if lot is not None:
            kept = lot * (ceil(kept / lot) - 1 if below else floor(kept / lot))
        elif below:
            kept -= kept * UNDER
        return leg.size - max(kept, ZERO)

    def _to_lower_tier(self, account: Account, leg: Leg) -> Fraction:
        """Down below the floor of its tier, or of one further down; all of a position in the first tier."""
        floors = self._floors(account, leg)
        if len(floors) == 1:
            return leg.size
        return self._keeping(leg, floors[min(self.policy.tiers_down, len(floors) - 1) - 1], below=True)
