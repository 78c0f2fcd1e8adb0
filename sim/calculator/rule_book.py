"""The rules that a case stands under: its own schedules and regime, or a venue's, with what the case changes on top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from sim.calculator.account import Rules
from sim.calculator.case import Case, ClosingFee, Policy, Regime
from sim.calculator.numbers import exact
from sim.calculator.orders import Grid
from sim.calculator.schedules import Margin, margin_of_preset, margin_of_schedule
from sim.parts import Record


@dataclass(frozen=True)
class RuleBook:
    """Margins and units by instrument, the regime and the policy."""

    title: str
    margins: Mapping[str, Margin]
    grid: Grid
    rules: Rules
    scope: str
    policy: Policy


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
    return RuleBook("" if venue is None else venue.title or str(case.venue), margins, grid, rules, regime.scope, policy)


def _over(record: Any, preset: Any) -> Any:
    """The dials of a case over those that its venue has under the same name."""
    changes = {}
    for name, known in type(record).model_fields.items():
        if name in record.model_fields_set or not hasattr(preset, name):
            continue
        value = getattr(preset, name)
        choices = get_args(known.annotation)
        if isinstance(value, Record):
            value = ClosingFee(**{key: getattr(value, key) for key in ClosingFee.model_fields if hasattr(value, key)})
        elif isinstance(value, str) and choices and value not in choices:
            continue  # checks.py has refused what the calculator does not know
        changes[name] = value
    return record.model_copy(update=changes)


def unknown_choices(case: Case, venue: Any) -> list[str]:
    """Dials of a venue whose value the calculator has no rule for, unless the case sets them itself."""
    found = []
    for record, preset, place in ((Regime, venue.margin, "margin"), (Policy, venue.liquidation, "liquidation")):
        own = case.regime if record is Regime else case.liquidation
        for name, known in record.model_fields.items():
            value, choices = getattr(preset, name, None), get_args(known.annotation)
            if isinstance(value, str) and choices and value not in choices and name not in own.model_fields_set:
                found.append(f"{place}.{name}: {value}")
    return found
