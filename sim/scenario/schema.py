"""The JSON schema of a scenario file, and what it says about the field at a path."""

from functools import lru_cache
from typing import Any

from sim.scenario.records import Scenario

SCHEMA_TITLE = "firesale scenario"
INCLUDE = {
    "type": "object",
    "description": "the people of a file of configs/populations",
    "properties": {
        "from": {"type": "string", "description": "name of the file, or a .yaml file beside the scenario"},
        "venue": {"type": "string", "description": "venue that they trade on; default: the only one"},
    },
    "required": ["from"],
    "additionalProperties": False,
}


@lru_cache(maxsize=1)
def scenario_schema() -> dict[str, Any]:
    """Return the JSON schema that editors may check scenario files with."""
    schema = Scenario.model_json_schema()
    schema["title"] = SCHEMA_TITLE
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    # A file may take all else from another one or from a rule book: `firesale validate` decides what is missing.
    for node in (schema, *schema["$defs"].values()):
        kept = [key for key in node.pop("required", ()) if key == "name"]
        if kept:
            node["required"] = kept
    schema.pop("required", None)
    schema["properties"]["from"] = {
        "type": "string",
        "description": "scenario file beside this one that this one changes",
    }
    people = schema["properties"]["populations"]
    schema["properties"]["populations"] = {
        "description": people.pop("description"),
        "anyOf": [people | {"items": {"anyOf": [people["items"], INCLUDE]}}, INCLUDE],
    }
    return schema


def node_at(tree: Any, path: tuple[str | int, ...]) -> dict[str, Any] | None:
    """Return the schema of the value at a path of a plain tree, or None where there is none."""
    schema = scenario_schema()
    node: dict[str, Any] | None = _resolved(schema, tree)
    for step in path:
        tree = _item(tree, step)
        if node is None:
            return None
        if isinstance(step, int):
            prefix = node.get("prefixItems")
            inner = prefix[step] if prefix and 0 <= step < len(prefix) else node.get("items")
        else:
            inner = node.get("properties", {}).get(step, names_schema(node))
        node = _resolved(inner, tree) if isinstance(inner, dict) else None
    return node


def names_schema(node: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of the values of a mapping of names, or None for a record."""
    patterns = node.get("patternProperties")
    inner = next(iter(patterns.values())) if patterns else node.get("additionalProperties")
    return inner if isinstance(inner, dict) else None


def known_keys(tree: Any, path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that the mapping at a path may have; empty where any name is allowed."""
    node = node_at(tree, path)
    return list(node.get("properties", {})) if node else []


def allowed(node: dict[str, Any] | None) -> str:
    """Return in words what a field may hold, with its range and unit; empty when nothing is known."""
    if node is None:
        return ""
    if "enum" in node or "const" in node:
        return "one of " + ", ".join(map(str, node.get("enum", [node.get("const")])))
    kind = node.get("type")
    words = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "text"}
    words |= {"array": "a list", "object": "a mapping"}
    text = words.get(str(kind), "")
    limits = []
    for key, word in (
        ("minimum", "from"),
        ("exclusiveMinimum", "above"),
        ("maximum", "to"),
        ("exclusiveMaximum", "below"),
    ):
        if key in node:
            limits.append(f"{word} {node[key]:g}" if isinstance(node[key], float) else f"{word} {node[key]}")
    if "pattern" in node:
        limits.append(f"of the form {node['pattern']}")
    if "maxItems" in node:
        limits.append(f"of {node.get('minItems', 0)} to {node['maxItems']} items")
    if limits:
        text += " " + " ".join(limits)
    if node.get("nullable"):
        text += ", or null"
    return text


def _item(tree: Any, step: str | int) -> Any:
    if isinstance(tree, dict):
        return tree.get(step)
    if isinstance(tree, list) and isinstance(step, int) and 0 <= step < len(tree):
        return tree[step]
    return None


def _resolved(node: dict[str, Any], tree: Any) -> dict[str, Any] | None:
    definitions = scenario_schema()["$defs"]
    extra: dict[str, Any] = {}
    while True:
        if "discriminator" in node:
            kind = tree.get("kind") if isinstance(tree, dict) else None
            target = node["discriminator"]["mapping"].get(kind) if isinstance(kind, str) else None
            if target is None:
                return {"type": "object", "enum_kinds": sorted(node["discriminator"]["mapping"])}
            node = {"$ref": target}
        elif "anyOf" in node:
            options = [option for option in node["anyOf"] if option.get("type") != "null"]
            if len(options) < len(node["anyOf"]):
                extra["nullable"] = True
            node = options[0]
        elif "$ref" in node:
            node = definitions[node["$ref"].rpartition("/")[2]]
        else:
            return node | extra
