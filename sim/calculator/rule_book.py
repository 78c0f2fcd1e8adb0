"""The rules that a case stands under: its own schedules and regime, or a venue's, with what the case changes on top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from sim.calculator.account import Rules
from sim.calculator.case import Case, Policy
from sim.calculator.dynamics import margin_in_force
from sim.calculator.grid import Grid
from sim.calculator.numbers import exact
from sim.calculator.schedules import Margin, margin_of_preset, margin_of_schedule
from sim.parts import Record

# Dials of a venue that schedules.py reads, or that change nothing for an account that is looked at once.
MARGIN_ELSEWHERE = frozenset(
    """schedules initial initial_multiple mode slope square_root minimum isolated_reserve_share auto_top_up
    dynamics hedge_mode""".split()
)
LIQUIDATION_ELSEWHERE = frozenset(
    "queue rounds_max latency_steps impact cancel_orders check_every_steps leftover_to patience_steps "
    "take_over_to".split()
)


@dataclass(frozen=True)
class RuleBook:
    """Margins and units by instrument, the regime and the policy."""

    title: str
    margins: Mapping[str, Margin]
    grid: Grid
    rules: Rules
    scope: str
    policy: Policy
    nearest: tuple[str, ...] = ()  # rules of the venue that do not exist here, and what stands in for them


def book_of(case: Case, venue: Any = None) -> RuleBook:
    """The rule book of a case; `venue` is the record of the venue that it names."""
    regime, policy, margins = case.regime, case.liquidation, {}
    if venue is None:
        for name, schedule in case.schedules.items():
            margins[name] = margin_of_schedule(schedule, regime, case.open_interest.get(name))
    else:
        regime, policy = _over(regime, venue.margin), _over(policy, venue.liquidation)
        margins = {
            name: margin_of_preset(venue.margin, name, regime.maintenance_scale) for name in venue.margin.schedules
        }
    moving = getattr(getattr(venue, "margin", None), "dynamics", None)
    for name in [name for name in margins if name in case.rates_in_force or moving is not None]:
        now = case.rates_in_force.get(name), moving, name, case.open_interest.get(name)
        margins[name] = margin_in_force(margins[name], *now)
    units = {**(venue.contracts if venue is not None else {}), **case.instruments}
    fee = regime.closing_fee
    rules = Rules(
        netting=regime.netting,
        notional_basis=regime.notional_basis,
        fee_rate=exact(fee.rate),
        fee_basis=fee.basis,
        profit_credit=exact(regime.unrealised_profit_credit),
    )
    grid = Grid(
        {name: exact(unit.tick_size) for name, unit in units.items()},
        {name: exact(unit.lot_size) for name, unit in units.items()},
    )
    title = "" if venue is None else venue.title or str(case.venue)
    stand_ins = getattr(venue, "nearest", {}).items()
    nearest = tuple(f"{rule}: {' '.join(text.split())}" for rule, text in stand_ins)
    return RuleBook(title, margins, grid, rules, regime.scope, policy, nearest)


def _over(record: Any, preset: Any) -> Any:
    """The dials of a case over those that its venue has under the same name."""
    changes = {}
    for name, known in type(record).model_fields.items():
        if name in record.model_fields_set or not hasattr(preset, name):
            continue
        value = getattr(preset, name)
        choices = get_args(known.annotation)
        if isinstance(value, Record):
            kind = next(k for k in (known.annotation, *choices) if isinstance(k, type) and issubclass(k, Record))
            value = kind.model_validate(value.model_dump())
        elif isinstance(value, str) and choices and value not in choices:
            continue  # checks.py has refused it
        changes[name] = value
    return record.model_copy(update=changes)


def unknown_rules(case: Case, venue: Any) -> list[str]:
    """Dials of a venue that the calculator has no rule for, as `name: value`, unless the case sets them itself.

    Nothing is passed over in silence: a dial that is not known must be at its default.
    """
    found = []
    for own, preset, ignored, place in (
        (case.regime, venue.margin, MARGIN_ELSEWHERE, "margin"),
        (case.liquidation, venue.liquidation, LIQUIDATION_ELSEWHERE, "liquidation"),
    ):
        known = type(own).model_fields
        for name, field in type(preset).model_fields.items():
            value = getattr(preset, name)
            if name in ignored or name in own.model_fields_set:
                continue
            choices = get_args(known[name].annotation) if name in known else ()
            strange = isinstance(value, str) and bool(choices) and value not in choices
            if strange or (name not in known and value != field.default):
                found.append(f"{place}.{name}: {value}")
    return found
