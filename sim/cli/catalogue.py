"""The catalogue of parts, read from their records."""

import inspect
from typing import Any

from sim.parts import Record
from sim.scenario.errors import Position, ScenarioError, did_you_mean, problem_at, shown
from sim.scenario.schema import allowed, scenario_schema

ROLES = {
    "strategies": "who trades",
    "margin_regimes": "what a position must be backed with",
    "liquidation_policies": "how an account in breach is closed",
    "waterfall_layers": "who pays, in the order of the list",
    "price_sources": "where index and mark prices come from",
}


def catalogue(role: str | None = None) -> str:
    """Return roles, parts and dials with default, range, unit and source. Raises ScenarioError for an unknown role."""
    if role is not None and role not in ROLES:
        problem = problem_at(Position("firesale parts"), "role", f"no role '{role}'{did_you_mean(role, list(ROLES))}")
        raise ScenarioError([problem])
    chosen = [role] if role else list(ROLES)
    return "\n\n".join("\n".join(_role(name)) for name in chosen)


def _role(role: str) -> list[str]:
    import importlib

    lines = [f"{role}: {ROLES[role]}"]
    for record in importlib.import_module(f"sim.{role}").PARTS:
        lines += ["", *_part(record)]
    return lines


def _part(record: type[Record]) -> list[str]:
    fields = record.model_fields
    kind = fields["kind"].default if "kind" in fields and fields["kind"].description is None else record.__name__
    summary = (inspect.getdoc(record) or "").splitlines()[0]
    lines = [f"  {kind}: {summary}"]
    for name, field in fields.items():
        if field.description is None:
            continue
        notes: dict[str, Any] = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        default = "must be given" if field.is_required() else shown(field.default)
        unit = f" {notes['unit']}" if notes.get("unit") else ""
        rule = allowed(_schema(record, name))
        lines.append(f"    {name} = {default}{unit}: {field.description}")
        lines.append(f"        {f'{rule}; ' if rule else ''}source: {notes.get('source')}")
    return lines


def _schema(record: type[Record], name: str) -> dict[str, Any]:
    node: dict[str, Any] = scenario_schema()["$defs"][record.__name__]["properties"][name]
    if "anyOf" in node:
        options = [option for option in node["anyOf"] if option.get("type") != "null"]
        return {**options[0], "nullable": True}
    return node
