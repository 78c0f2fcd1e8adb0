"""Rule books beside their dials, as two Markdown tables: what backs a position, and what a liquidation does."""

from collections.abc import Sequence
from typing import Any

from sim.calculator.table import figure

Book = dict[str, Any]


def dial_tables(venues: Sequence[tuple[str, Book]]) -> str:
    """The tables of docs/explanation/margin.md, generated from the rule books; a dial at its default is a dash."""
    return _table(venues, MARGIN) + "\n" + _table(venues, LIQUIDATION)


def _table(venues: Sequence[tuple[str, Book]], columns: Sequence[tuple[str, Any]]) -> str:
    lines = [["rule book", *(head for head, _ in columns)], ["---"] * (len(columns) + 1)]
    lines += [[f"`{name}`", *(cell(book) for _, cell in columns)] for name, book in venues]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _schedule(book: Book) -> Book:
    """The first contract's schedule as a mapping."""
    first = next(iter(book["margin"]["schedules"].values()))
    return first if isinstance(first, dict) else {"tiers": first}


def _tiers(book: Book) -> str:
    schedule = _schedule(book)
    count = len(schedule["tiers"])
    if count == 1:
        return "one rate"
    return f"{count}, {schedule.get('mode', 'marginal')}"


def _rate(book: Book) -> str:
    return f"{figure(100 * _schedule(book)['tiers'][0][1])} %"


def _initial(book: Book) -> str:
    schedule = _schedule(book)
    if "initial" in schedule:
        return "own tiers" if "tiers" in schedule["initial"] else ", ".join(schedule["initial"]).replace("_", " ")
    return f"{figure(schedule['tiers'][0][2])}x"


def _moving(book: Book) -> str:
    dynamics = book["margin"].get("dynamics") or {}
    found = []
    for side in ("maintenance", "initial"):
        rules = dynamics.get(side) or {}
        found += [f"{side}: volatility"] if rules.get("volatility") else []
        found += [f"{side} of {name}: open interest" for name in rules.get("open_interest", {})]
    return "; ".join(found) or "-"


def _size(book: Book) -> str:
    schedule = _schedule(book)
    found = [name for name in ("slope", "square_root", "minimum") if schedule.get(name)]
    return ", ".join(found).replace("_", " ") or "-"


def _second_leg(book: Book) -> str:
    if not book["margin"].get("hedge_mode"):
        return "-"
    return str(book["margin"].get("netting", "sum")).replace("_", " ")


def _closing_fee(book: Book) -> str:
    fee = book["margin"].get("closing_fee")
    return "-" if fee is None else f"{figure(100 * fee['rate'])} % on {fee['basis']}"


def _mark(book: Book) -> str:
    mark = book["mark_price"]
    clamp = mark.get("clamp")
    return str(mark["kind"]).replace("_", " ") + (f", clamp {figure(100 * clamp)} %" if clamp else "")


def _target(book: Book) -> str:
    policy = book["liquidation"]
    target = str(policy["target"]).replace("_", " ")
    if policy["target"] == "next_tier":
        return f"{target} ({policy.get('tiers_down', 1)} down)"
    return f"{target} and a buffer" if policy.get("buffer") else target


def _throttle(book: Book) -> str:
    throttle = dict(book["liquidation"].get("throttle") or {})
    phases, window, ramp = (throttle.pop(name, None) for name in ("two_phase", "window", "ramp"))
    found = [f"{name.replace('_', ' ')} {figure(value)}" for name, value in throttle.items()]
    if phases:
        found.append(
            f"above {figure(phases['above'])} first {figure(100 * phases['first_fraction'])} %, then after "
            f"{phases['cooldown_steps']} s"
        )
    if window:
        found.append(f"{figure(window['capacity'])} a market in {window['steps']} steps")
    if ramp:
        found.append(f"from {figure(100 * ramp['start'])} % to all in {ramp['duration_steps']} steps")
    return "; ".join(found) or "-"


def _below(book: Book) -> str:
    below = book["liquidation"].get("take_over_below")
    if below is not None:
        return f"below {figure(below)} of maintenance"
    return "liquidators first" if book["liquidation"].get("take_over_to") == "liquidators" else "-"


def _execution(book: Book) -> str:
    policy = book["liquidation"]
    return str(policy["execution"]).replace("_", " ") + (" to the fund" if policy.get("transfer_to") == "fund" else "")


def _deleveraged(book: Book) -> str:
    (layer,) = [layer for layer in book["waterfall"] if layer["kind"] == "auto_deleveraging"]
    words = f"{layer.get('ranking', 'profit_leverage')}, at {layer.get('price', 'bankruptcy')}"
    return words.replace("_", " ")


MARGIN = (
    ("scope", lambda book: str(book["margin"].get("scope", "cross"))),
    ("second leg", _second_leg),
    ("tiers", _tiers),
    ("first maintenance rate", _rate),
    ("initial margin", _initial),
    ("rates follow", _moving),
    ("premium for size", _size),
    ("notional at", lambda book: str(book["margin"].get("notional_basis", "mark"))),
    ("closing fee inside", _closing_fee),
    ("mark", _mark),
)
LIQUIDATION = (
    ("target", _target),
    ("execution", _execution),
    ("throttle", _throttle),
    ("take-over", _below),
    ("left over to", lambda book: str(book["liquidation"].get("leftover_to", "trader"))),
    ("fee", lambda book: f"{figure(100 * book['liquidation']['fee_rate'])} %"),
    ("auto-deleveraging", _deleveraged),
)
