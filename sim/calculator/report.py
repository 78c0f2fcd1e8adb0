"""What a case answers: account figures, positions with their prices, and the venue's next orders, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sim.calculator.account import QUOTE, Account, Leg, to_price
from sim.calculator.case import Case
from sim.calculator.numbers import exact
from sim.calculator.orders import next_orders
from sim.calculator.piecewise import ZERO
from sim.calculator.prices import liquidation_price
from sim.calculator.rule_book import RuleBook


@dataclass(frozen=True)
class Statement:
    """The accounts of a case: the cross account first, if it has legs, then each isolated one."""

    case: Case
    book: RuleBook
    accounts: tuple[Account, ...]
    wallet: Fraction

    @property
    def one_currency(self) -> bool:
        """Totals add up only where all is paid in one currency; a wallet without a cross position is quote money."""
        found = {leg.currency for account in self.accounts for leg in account.legs}
        if self.wallet != 0 and all(account.isolated for account in self.accounts):
            found.add(QUOTE)
        return len(found) <= 1


def state(case: Case, book: RuleBook) -> Statement:
    """Sort the positions of a case into accounts."""
    cross: list[Leg] = []
    isolated: list[Account] = []
    for row, position in enumerate(case.positions):
        inverse = position.contract == "inverse"
        entry, mark = exact(position.entry_price), exact(case.mark_prices[position.instrument])
        leg = Leg(
            row=row, instrument=position.instrument, is_long=position.side == "long", inverse=inverse,
            size=exact(position.size), entry=1 / entry if inverse else entry, mark=1 / mark if inverse else mark,
            margin=book.margins[position.instrument],
        )  # fmt: skip
        if (position.margin_mode or book.scope) == "cross":
            cross.append(leg)
        else:
            isolated.append(Account(exact(position.isolated_collateral or 0.0), (leg,), book.rules, isolated=True))
    wallet = exact(case.collateral)
    shared = [Account(wallet, tuple(cross), book.rules)] if cross else []
    return Statement(case, book, (*shared, *isolated), wallet)


def report(statement: Statement) -> dict[str, Any]:
    """The figures of a case under the names of the contract; null where a figure is not defined."""
    found: dict[str, Fraction | bool | None] = dict(_totals(statement))
    orders = [
        {"instrument": o.instrument, "side": o.side, "size": float(o.size), "limit_price": number(o.limit_price)}
        for o in next_orders(statement.accounts, statement.book.policy, statement.book.grid)
    ]
    return {
        **{name: value if isinstance(value, bool) else number(value) for name, value in found.items()},
        "maintenance_amounts": {
            name: [float(amount) for amount in margin.maintenance.amounts]
            for name, margin in statement.book.margins.items()
        },
        "positions": _positions(statement),
        "liquidation": {"orders": orders},
    }


def number(value: Fraction | None) -> float | None:
    """A fraction as the nearest float; None where there is none, as for a ratio to almost nothing."""
    try:
        return None if value is None else float(value)
    except OverflowError:
        return None


def legs_in_order(statement: Statement) -> list[tuple[Account, Leg]]:
    """Each position with its account, in the order of the case."""
    return sorted(
        ((account, leg) for account in statement.accounts for leg in account.legs), key=lambda item: item[1].row
    )


def ratio(part: Fraction, whole: Fraction) -> Fraction | None:
    """A part over a whole above zero."""
    return part / whole if whole > 0 else None


def _totals(statement: Statement) -> dict[str, Fraction | bool | None]:
    """Sums over the accounts and the wallet; the wallet is free money where no cross position needs it."""
    accounts = statement.accounts
    shared = next((account for account in accounts if not account.isolated), None)
    free = statement.wallet if shared is None else shared.equity - shared.initial
    names = ("equity", "initial_margin", "maintenance_margin", "margin_buffer", "maintenance_over_equity",
             "equity_over_maintenance")  # fmt: skip
    figures: dict[str, Fraction | bool | None] = dict.fromkeys(names)
    if statement.one_currency:
        equity = sum((account.equity for account in accounts), ZERO if shared else statement.wallet)
        maintenance = sum((account.maintenance for account in accounts), ZERO)
        initial = sum((account.initial for account in accounts), ZERO)
        values = (equity, initial, maintenance, equity - maintenance, ratio(maintenance, equity),
                  ratio(equity, maintenance))  # fmt: skip
        figures.update(zip(names, values, strict=True))
    figures["liquidatable"] = any(account.liquidatable for account in accounts)
    figures["withdrawable"] = max(free, ZERO)
    return figures


def _positions(statement: Statement) -> list[dict[str, Any]]:
    """Each position; the legs of one instrument in one account share their prices, which are solved once."""
    prices: dict[tuple[int, str], tuple[float | None, float | None]] = {}
    found = []
    for account, leg in legs_in_order(statement):
        name = leg.instrument
        if (id(account), name) not in prices:
            bankruptcy = to_price(account.bankruptcy(name), leg.inverse)
            prices[id(account), name] = number(liquidation_price(account, name)), number(bankruptcy)
        liquidation, bankrupt = prices[id(account), name]
        found.append(
            {
                "instrument": name,
                "side": "long" if leg.is_long else "short",
                "liquidation_price": liquidation,
                "bankruptcy_price": bankrupt,
                "initial_margin": float(account.leg_requirement(leg, initial=True)),
                "maintenance_margin": float(account.leg_requirement(leg, initial=False)),
                "effective_leverage": number(ratio(leg.value, account.equity)),
            }
        )
    return found


def currency_of(statement: Statement) -> str:
    """What the amounts of a case are in."""
    return next((leg.currency for account in statement.accounts for leg in account.legs), QUOTE)
