"""The catalogue of parts, read from their records."""

import inspect
import json
import textwrap
from typing import Any

from sim.parts import Record
from sim.scenario.errors import Position, ScenarioError, did_you_mean, problem_at, shown
from sim.scenario.nodes import allowed
from sim.scenario.schema import scenario_schema

WIDTH = 100
ROLES = {
    "scenario": "the world: its clock, venues and instruments",
    "strategies": "who trades",
    "sizing": "how much of its money a trader who follows a signal commits (dial `sizing` of a population)",
    "margin_regimes": "what a position must be backed with",
    "liquidation_policies": "how an account in breach is closed",
    "waterfall_layers": "who pays, in the order of the list",
    "price_sources": "where index and mark prices come from",
}
# Where the dials of a record stand in a scenario; a population stands under its own name.
PATHS = {
    "Scenario": "",
    "Recording": "record.",
    "Venue": "venues.VENUE.",
    "Fees": "venues.VENUE.fees.",
    "Contract": "venues.VENUE.contracts.CONTRACT.",
    "Funding": "venues.VENUE.funding.",
    "Instrument": "instruments.INSTRUMENT.",
    "FixedSizing": "populations.POPULATION.sizing.",
    "FractionalSizing": "populations.POPULATION.sizing.",
    "CappedKellySizing": "populations.POPULATION.sizing.",
    "VolatilityTargetSizing": "populations.POPULATION.sizing.",
    "MarginRegime": "venues.VENUE.margin.",
    "LiquidationPolicy": "venues.VENUE.liquidation.",
    "Throttle": "venues.VENUE.liquidation.throttle.",
    "TwoPhase": "venues.VENUE.liquidation.throttle.two_phase.",
    "Window": "venues.VENUE.liquidation.throttle.window.",
    "Ramp": "venues.VENUE.liquidation.throttle.ramp.",
    "Auction": "venues.VENUE.liquidation.auction.",
    "InsuranceFund": "venues.VENUE.waterfall.insurance_fund.",
    "AutoDeleveraging": "venues.VENUE.waterfall.auto_deleveraging.",
    "MarkPrice": "venues.VENUE.mark_price.",
    "IndexPath": "instruments.INSTRUMENT.index.",
    "News": "instruments.INSTRUMENT.news.ROW.",
}


def catalogue(role: str | None = None) -> str:
    """Return roles, parts and dials with path, default, range, unit and source.

    Raises ScenarioError for an unknown role.
    """
    if role is not None and role not in ROLES:
        problem = problem_at(Position("firesale parts"), "role", f"no role '{role}'{did_you_mean(role, list(ROLES))}")
        raise ScenarioError([problem])
    chosen = [role] if role else list(ROLES)
    return "\n\n".join("\n".join(_role(name)) for name in chosen)


def _role(role: str) -> list[str]:
    lines = [f"{role}: {ROLES[role]}"]
    for record in _records(role):
        lines += ["", *_part(record)]
    return lines


def _records(role: str) -> list[type[Record]]:
    import importlib

    if role == "scenario":
        from sim.scenario import records

        return [getattr(records, name) for name in list(PATHS)[:7]]
    place = "sim.strategies.sizing" if role == "sizing" else f"sim.{role}"
    return list(importlib.import_module(place).PARTS)


def _part(record: type[Record]) -> list[str]:
    fields = record.model_fields
    kind = fields["kind"].default if "kind" in fields and fields["kind"].description is None else record.__name__
    summary = (inspect.getdoc(record) or "").splitlines()[0]
    own = f"populations.{fields['name'].default}." if "name" in fields else "PART."
    dials = [name for name, field in fields.items() if field.description and not _holds_records(_schema(record, name))]
    sources = list(dict.fromkeys(str(_notes(fields[name]).get("source")) for name in dials))
    lines = _wrapped(f"{kind}: {summary}", "  ", "    ")
    if dials:
        lines += _wrapped(f"--set {PATHS.get(record.__name__, own)}DIAL=VALUE", "    ", "        ")
    for number, source in enumerate(sources, 1):
        lines += _wrapped(f"source{f' [{number}]' if len(sources) > 1 else ''}: {source}", "    ", "        ")
    for name in dials:
        field, notes = fields[name], _notes(fields[name])
        default = "must be given" if field.is_required() else _value(field.default)
        unit = f" {notes['unit']}" if notes.get("unit") else ""
        unit = f" ({unit.strip()})" if unit and field.is_required() else unit
        rule = allowed(_schema(record, name))
        mark = f" [{sources.index(str(notes.get('source'))) + 1}]" if len(sources) > 1 else ""
        text = f"{name} = {default}{unit}: {field.description}{f'; {rule}' if rule else ''}{mark}"
        lines += _wrapped(text, "    ", "        ")
    return lines


def _notes(field: Any) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _value(value: Any) -> str:
    """A default to be read: 240 M instead of 240000000.0, 100 instead of 100.0."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        for unit, letter in ((1e9, " bn"), (1e6, " M")):
            if abs(value) >= unit:
                return f"{value / unit:.6g}{letter}"
        return f"{value:g}" if isinstance(value, float) else str(value)
    return shown(value)


def _holds_records(node: dict[str, Any]) -> bool:
    """Tell whether a field holds other records: these have dials of their own."""
    return "$ref" in json.dumps(node)


def _schema(record: type[Record], name: str) -> dict[str, Any]:
    node: dict[str, Any] = scenario_schema()["$defs"].get(record.__name__, scenario_schema())["properties"][name]
    if "anyOf" in node:
        options = [option for option in node["anyOf"] if option.get("type") != "null"]
        return {**options[0], "nullable": True}
    return node
