"""The worst price of a liquidation's order: by the policy, to the tick inside, never beyond the price band."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from sim.calculator.account import Account, Leg, to_price
from sim.calculator.case import Auction, Policy
from sim.calculator.grid import Grid
from sim.calculator.hand_over import OFF_BOOK, discounted
from sim.calculator.numbers import exact
from sim.calculator.piecewise import ZERO

SHARE_BITS = 30


@dataclass(frozen=True)
class Limits:
    """Limits of the orders that a policy sends, in ticks where the grid has them."""

    policy: Policy
    grid: Grid

    def limit(self, account: Account, leg: Leg) -> Fraction | None:
        """The worst price of the order: by the policy, never beyond the price band."""
        sign = 1 if leg.is_long else -1
        own = self._own_limit(account, leg, sign)
        if self.policy.execution in OFF_BOOK:
            return own
        band = self._band(leg, sign)
        limits = [price for price in (own, band) if price is not None]
        if not limits:
            return None
        return max(limits) if leg.is_long else min(limits)

    def _band(self, leg: Leg, sign: int) -> Fraction | None:
        if self.policy.price_band is None:
            return None
        mark, tick = to_price(leg.mark, leg.inverse) or ZERO, self.grid.ticks.get(leg.instrument)
        reach = mark * exact(self.policy.price_band)
        if tick is not None:
            reach = tick * floor(reach / tick)
        return mark - sign * reach

    def _own_limit(self, account: Account, leg: Leg, sign: int) -> Fraction | None:
        policy, mark = self.policy, to_price(leg.mark, leg.inverse) or ZERO
        if policy.execution == "market":
            return None
        if policy.execution == "dutch_auction":
            first = (policy.auction or Auction()).start
            return self._inside(leg, mark * (1 + sign * (exact(first) - 1)))
        bankruptcy = self._inside(leg, self._bankruptcy(account, leg))
        if policy.execution in ("ioc_at_bankruptcy", "resting_at_bankruptcy"):
            return bankruptcy
        reach = exact(policy.discount)
        if policy.execution == "transfer":
            asked = self._inside(leg, mark * (1 - sign * reach))
            if bankruptcy is None or asked is None or not discounted(policy):
                return bankruptcy
            return max(asked, bankruptcy) if leg.is_long else min(asked, bankruptcy)
        if policy.execution == "ioc_fillable":
            maintenance = account.maintenance
            short = min(max(exact(policy.fillable_adjustment) * (1 - account.equity / maintenance), ZERO), Fraction(1))
            rate = account.leg_requirement(leg, initial=False) / leg.value
            reach = short * exact(policy.fillable_spread) * rate
        return self._inside(leg, mark * (1 - sign * reach))

    def _bankruptcy(self, account: Account, leg: Leg) -> Fraction | None:
        """Where the position's share of equity is gone: equity in proportion to maintenance (as on dYdX v4).

        No closing fee is kept back: the venue's own fee is taken from what is left, and never from nothing.
        """
        return to_price(self._worth_at_bankruptcy(account, leg), leg.inverse)

    def _worth_at_bankruptcy(self, account: Account, leg: Leg) -> Fraction:
        return leg.mark - leg.direction * self._equity_share(account, leg) / leg.size

    def cannot_fill(self, account: Account, leg: Leg) -> bool:
        """True where no price leaves the position anything: nobody sells below zero, and the next layer takes it."""
        if self.policy.execution not in ("ioc_at_bankruptcy", "resting_at_bankruptcy"):
            return False
        return leg.is_long == leg.inverse and self._worth_at_bankruptcy(account, leg) <= 0

    def _equity_share(self, account: Account, leg: Leg) -> Fraction:
        own = self.grid.up(account.leg_requirement(leg, initial=False), leg)
        whole = sum(
            (self.grid.up(account.leg_requirement(other, initial=False), other) for other in account.legs), ZERO
        )
        if whole == 0 or own >= whole:
            return account.equity
        if not self.grid.in_atoms(leg):
            return account.equity * own / whole
        part, all_of_it = int(own / self.grid.atom), int(whole / self.grid.atom)
        excess = max(all_of_it.bit_length() - SHARE_BITS, 0)  # the engine keeps the ratio to 30 bits
        return self.grid.atom * floor(account.equity / self.grid.atom * (part >> excess) / (all_of_it >> excess))

    def _inside(self, leg: Leg, price: Fraction | None) -> Fraction | None:
        """To the tick on the account's side of a price: up for a sale, down for a purchase."""
        tick = self.grid.ticks.get(leg.instrument)
        if price is None or tick is None:
            return price
        return tick * (ceil(price / tick) if leg.is_long else floor(price / tick))
