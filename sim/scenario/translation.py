"""From what pydantic says about a record to problems with file, line, path, value and rule."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from sim.scenario.document import Document, Path_, dotted
from sim.scenario.errors import Problem, did_you_mean, problem_at, shown
from sim.scenario.nodes import Schema, allowed, node_of


def translated(error: ValidationError, document: Document, schema: Schema, root: Path_ = ()) -> list[Problem]:
    """Return the problems of a record that was read from a document at `root`; `schema` is that of the record."""
    items: Sequence[Any] = error.errors(include_url=False)
    meant = {row: _meant(item, items) for row, item in enumerate(items)}
    return [
        _problem(item, document, schema, root, meant[row])
        for row, item in enumerate(items)
        if not _echo(item, items) and item["loc"] not in meant.values()
    ]


def _meant(item: Any, items: Sequence[Any]) -> tuple[str | int, ...] | None:
    """Return the place of the missing key that an unknown key beside it is a slip of."""
    if item["type"] != "extra_forbidden":
        return None
    above, word = item["loc"][:-1], str(item["loc"][-1])
    missing = [str(other["loc"][-1]) for other in items if other["type"] == "missing" and other["loc"][:-1] == above]
    near = get_close_matches(word, missing, n=1, cutoff=0.6)
    return (*above, near[0]) if near else None


def _problem(error: Any, document: Document, schema: Schema, root: Path_, meant: Any) -> Problem:
    tree = document.tree
    for step in root:
        tree = tree[step]
    inner = _tree_path(tree, error["loc"])
    kind, value, path = error["type"], error["input"], root + inner
    where = dotted(document.tree, path)
    position = document.position(path)
    node = node_of(schema, tree, inner)
    if kind == "extra_forbidden":
        above = node_of(schema, tree, inner[:-1])
        known = [meant[-1]] if meant else list(above.get("properties", {})) if above else []
        return problem_at(position, where, f"unknown key{did_you_mean(str(path[-1]), known)}")
    if kind == "missing":
        rule = allowed(node)
        rest = (f"; allowed: {rule}" if rule else "") + document.hint(path)
        return problem_at(position, where, f"is missing{rest}")
    if kind == "union_tag_not_found":
        return problem_at(
            position,
            f"{where}.kind",
            f"is missing; allowed: {error['ctx']['discriminator']} of {_kinds(node)}{document.hint(path)}",
        )
    if kind == "union_tag_invalid":
        tag = str(error["ctx"]["tag"])
        kinds = _kinds(node)
        return problem_at(
            document.position((*path, "kind")), f"{where}.kind", f"unknown kind '{tag}'{did_you_mean(tag, kinds)}"
        )
    rule = allowed(node) or error["msg"]
    given = "" if isinstance(value, dict | list) else f"{shown(value)} is not allowed; "
    return problem_at(position, where, f"{given}allowed: {rule}")


def _echo(item: Any, items: Sequence[Any]) -> bool:
    """Tell whether a list is called too short only because its items are wrong."""
    loc = item["loc"]
    return item["type"] == "too_short" and any(
        len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in items
    )


def _kinds(node: Schema | None) -> list[str]:
    return list((node or {}).get("enum_kinds", ()))


def _tree_path(tree: Any, loc: tuple[str | int, ...]) -> Path_:
    """Drop what pydantic adds to a location: the tags of unions and the marks of keys."""
    path: Path_ = ()
    for row, step in enumerate(loc):
        last = row == len(loc) - 1
        if isinstance(tree, dict) and step in tree:
            tree = tree[step]
        elif isinstance(tree, list) and isinstance(step, int) and step < len(tree):
            tree = tree[step]
        elif not last or str(step).startswith("["):
            continue
        path = (*path, step)
    return path
