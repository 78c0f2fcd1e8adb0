"""The answer to a case as text for people: 80 columns, amounts with their currency, reasons beside verdicts."""

from collections.abc import Sequence
from fractions import Fraction
from textwrap import wrap
from typing import Any

from sim.calculator.account import QUOTE, Account, Leg, to_price
from sim.calculator.report import Statement, currency_of, legs_in_order

WIDTH = 80
NAME = 12
FIGURES = (
    ("equity", "equity"),
    ("initial margin", "initial_margin"),
    ("maintenance margin", "maintenance_margin"),
    ("margin buffer", "margin_buffer"),
    ("maintenance / equity", "maintenance_over_equity"),
    ("equity / maintenance", "equity_over_maintenance"),
    ("withdrawable", "withdrawable"),
)


def text_of(statement: Statement, answer: dict[str, Any], heading: str = "") -> str:
    """Return the answer to one case as text."""
    blocks = [_head(statement, heading), _account(answer)]
    if len(statement.accounts) > 1:
        blocks.append(_accounts(statement))
    if answer["positions"]:
        blocks += [_holdings(statement), _prices(answer)]
    blocks.append(_orders(answer))
    blocks.append(_amounts(statement, answer))
    if "compare" in answer:
        blocks.append(_comparison(answer["compare"], bool(statement.case.compare.returns)))
    if statement.book.nearest:
        blocks.append(["  nearest rules, where the venue's own do not exist here:"])
        blocks[-1] += [f"  {line}" for text in statement.book.nearest for line in wrap(text, WIDTH - 2)]
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block)


def figure(value: float | Fraction | None) -> str:
    """A number to be read: thousands apart, ten digits at most, a dash where it is not defined."""
    if value is None:
        return "-"
    text = f"{float(value):,.10g}"
    return text if len(text) <= 14 else f"{float(value):,.6g}"


def _head(statement: Statement, heading: str) -> list[str]:
    rules = statement.book.title or "rules of the case"
    unit = "quote units" if currency_of(statement) == QUOTE else f"coins of {currency_of(statement)}"
    if not statement.one_currency:
        unit = "the currency of each position"
    name = ": ".join(part for part in (heading, statement.case.title) if part)
    return [*([name] if name else []), f"{rules}; amounts in {unit}"]


def _account(answer: dict[str, Any]) -> list[str]:
    verdict = "liquidatable" if answer["liquidatable"] else "safe"
    lines = [f"account: {verdict}"]
    for label, key in FIGURES:
        lines.append(f"  {label:<22}{figure(answer[key]):>16}")
    return lines


def _accounts(statement: Statement) -> list[str]:
    lines = [f"  {'one by one':<22}{'equity':>14}{'maintenance':>14}{'buffer':>14}  state"]
    for account in statement.accounts:
        leg = account.legs[0]
        name = f"{_short(leg.instrument)} {_side(leg)}" if account.isolated else "cross"
        state = "liquidatable" if account.liquidatable else "safe"
        buffer = account.equity - account.maintenance
        lines.append(
            f"  {name:<22}{figure(account.equity):>14}{figure(account.maintenance):>14}{figure(buffer):>14}  {state}"
        )
    return lines


def _short(name: str) -> str:
    return name if len(name) <= NAME else name[: NAME - 1] + "."


def _side(leg: Leg) -> str:
    return "long" if leg.is_long else "short"


def _row(name: str, side: str, cells: Sequence[str], width: int) -> str:
    return f"  {_short(name):<{NAME}} {side:<6}" + "".join(f"{cell:>{width}}" for cell in cells)


def _holdings(statement: Statement) -> list[str]:
    lines = [_row("positions", "", ("mode", "size", "entry", "mark"), 14)]
    for account, leg in legs_in_order(statement):
        lines.append(_row(leg.instrument, _side(leg), _held(account, leg), 14))
    return lines


def _held(account: Account, leg: Leg) -> tuple[str, ...]:
    mode = ("isolated" if account.isolated else "cross") + (", inv" if leg.inverse else "")
    prices = (figure(to_price(coordinate, leg.inverse)) for coordinate in (leg.entry, leg.mark))
    return (mode, figure(leg.size), *prices)


def _prices(answer: dict[str, Any]) -> list[str]:
    lines = [_row("prices", "", ("liquidation", "bankruptcy", "initial", "maintenance"), 12) + f"{'leverage':>10}"]
    for item in answer["positions"]:
        keys = ("liquidation_price", "bankruptcy_price", "initial_margin", "maintenance_margin")
        leverage = item["effective_leverage"]
        times = "-" if leverage is None else f"{leverage:.4g}x"
        cells = [_narrow(item[key]) for key in keys]
        lines.append(_row(item["instrument"], item["side"], cells, 12) + f"{times:>10}")
    return lines


def _narrow(value: float | None) -> str:
    """A number in eleven characters, with as many digits as fit."""
    texts = ["-"] if value is None else [f"{value:,.{digits}g}" for digits in range(10, 3, -1)]
    return next((text for text in texts if len(text) <= 11), texts[-1])


def _orders(answer: dict[str, Any]) -> list[str]:
    orders = answer["liquidation"]["orders"]
    if not orders:
        return ["orders of the venue now: none"]
    lines = [_row("orders now", "", ("size", "limit price"), 16)]
    for order in orders:
        limit = "market" if order["limit_price"] is None else figure(order["limit_price"])
        lines.append(_row(order["instrument"], order["side"], (figure(order["size"]), limit), 16))
    return lines


def _amounts(statement: Statement, answer: dict[str, Any]) -> list[str]:
    """The tiers of what is held, or of all schedules where nothing is; a star where a position stands."""
    held: dict[str, list[Fraction]] = {}
    for account in statement.accounts:
        for leg in account.legs:
            entry = statement.book.rules.notional_basis == "entry"
            held.setdefault(leg.instrument, []).append(leg.size * leg.entry if entry else leg.value)
    lines = []
    for name in held or statement.book.margins:
        curve = statement.book.margins[name].maintenance
        lines.append(f"  {'tiers of ' + _short(name) + ', ' + curve.mode:<32}{'from':>15}{'rate':>12}{'amount':>17}")
        floors = [floor for floor, _ in curve.tiers]
        here = {sum(floor <= value for floor in floors) - 1 for value in held.get(name, ())}
        for row, ((floor, rate), amount) in enumerate(
            zip(curve.tiers, answer["maintenance_amounts"][name], strict=True)
        ):
            percent, star = f"{float(100 * rate):.6g} %", "*" if row in here else ""
            lines.append(f"  {star:>32}{figure(floor):>15}{percent:>12}{figure(amount):>17}")
    return lines


def _comparison(rows: list[dict[str, Any]], measured: bool) -> list[str]:
    lines = [f"  {'method':<20}{'initial':>18}{'maintenance':>18}"]
    for row in rows:
        name = row["method"].replace("_", " ")
        lines.append(f"  {name:<20}{figure(row['initial_margin']):>18}{figure(row['maintenance_margin']):>18}")
    if not measured:
        lines.append("  value at risk and expected shortfall need compare.returns in the case")
    return lines


def first_tiers(book: dict[str, Any]) -> dict[str, list[float]]:
    """Floor, rate and, where the rows have one, leverage of the first tier of each contract of a rule book."""
    schedules = book.get("margin", {}).get("schedules", {})
    return {
        name: (schedule["tiers"] if isinstance(schedule, dict) else schedule)[0] for name, schedule in schedules.items()
    }


def venues_text(venues: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """The rule books that come with the package: name, date, title, chief dials, the first tier of each contract."""
    blocks = []
    for name, book in venues:
        margin, policy = book.get("margin", {}), book.get("liquidation", {})
        dials = [
            f"{margin.get('scope', 'cross')} margin",
            f"initial by {margin.get('initial', 'max_leverage')}",
            f"liquidation: {policy.get('target', 'restore')}",
            str(policy.get("execution", "ioc_at_bankruptcy")),
        ]
        lines = [f"{name}  ({book.get('as_of', 'no date')})", f"  {book.get('title', '')}"]
        lines += wrap(", ".join(dials).replace("_", " "), WIDTH, initial_indent="  ", subsequent_indent="    ")
        for contract, (floor, rate, *leverage) in first_tiers(book).items():
            schedule = margin["schedules"][contract]
            rows = schedule["tiers"] if isinstance(schedule, dict) else schedule
            upper = f"to {figure(rows[1][0])}" if len(rows) > 1 else "on"
            whole = ", whole" if isinstance(schedule, dict) and schedule.get("mode") == "whole" else ""
            most = f"{leverage[0]:g}x " if leverage else ""
            span = f"{most}from {figure(floor)} {upper}; tiers: {len(rows)}{whole}"
            lines.append(f"  {_short(contract):<{NAME}}{100 * rate:>8.6g} % maintenance, {span}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)
