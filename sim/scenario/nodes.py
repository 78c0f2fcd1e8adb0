"""Walks through a JSON schema beside a plain tree: what a file may hold at a path, in words."""

from typing import Any

Schema = dict[str, Any]


def node_of(schema: Schema, tree: Any, path: tuple[str | int, ...]) -> Schema | None:
    """Return the schema of the value at a path of a plain tree, or None where there is none."""
    node: Schema | None = _resolved(schema, schema, tree)
    for step in path:
        tree = _item(tree, step)
        if node is None:
            return None
        if isinstance(step, int):
            prefix = node.get("prefixItems")
            inner = prefix[step] if prefix and 0 <= step < len(prefix) else node.get("items")
        else:
            inner = node.get("properties", {}).get(step, names_schema(node))
        node = _resolved(schema, inner, tree) if isinstance(inner, dict) else None
    return node


def names_schema(node: Schema) -> Schema | None:
    """Return the schema of the values of a mapping of names, or None for a record."""
    patterns = node.get("patternProperties")
    inner = next(iter(patterns.values())) if patterns else node.get("additionalProperties")
    return inner if isinstance(inner, dict) else None


def allowed(node: Schema | None) -> str:
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


def _by_shape(schema: Schema, options: list[Schema], tree: Any) -> Schema:
    """Return the option that a value is meant for: a mapping or a list, and of lists by the length of their rows."""
    if isinstance(tree, dict):
        return next((option for option in options if "$ref" in option), options[0])
    if isinstance(tree, list) and tree and isinstance(tree[0], list):
        for option in options:
            if len(option.get("items", {}).get("prefixItems", ())) == len(tree[0]):
                return option
    return options[0]


def _resolved(schema: Schema, node: Schema, tree: Any) -> Schema | None:
    definitions = schema.get("$defs", {})
    extra: Schema = {}
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
        elif "oneOf" in node:
            node = _by_shape(schema, node["oneOf"], tree)
        elif "$ref" in node:
            node = definitions[node["$ref"].rpartition("/")[2]]
        else:
            return node | extra
