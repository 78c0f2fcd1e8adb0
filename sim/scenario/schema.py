"""The JSON schema of a scenario file, and what it says about the field at a path."""

from functools import lru_cache
from typing import Any

from sim.scenario.nodes import node_of
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

TIER_FILE = {
    "file": {"type": "string", "description": "file of leverage tiers beside this one, instead of tiers"},
    "symbol": {"type": "string", "description": "whose tiers of that file; default: the symbol like the contract"},
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
    schema["$defs"]["Schedule"]["properties"] |= TIER_FILE
    people = schema["properties"]["populations"]
    schema["properties"]["populations"] = {
        "description": people.pop("description"),
        "anyOf": [people | {"items": {"anyOf": [people["items"], INCLUDE]}}, INCLUDE],
    }
    return schema


def node_at(tree: Any, path: tuple[str | int, ...]) -> dict[str, Any] | None:
    """Return the schema of the value at a path of a scenario's plain tree, or None where there is none."""
    return node_of(scenario_schema(), tree, path)


def known_keys(tree: Any, path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that the mapping at a path may have; empty where any name is allowed."""
    node = node_at(tree, path)
    return list(node.get("properties", {})) if node else []
