"""`--set a.b=c`: change one value of a scenario from the command line."""

from typing import Any

from sim.scenario.document import Document, Path_, dotted, parse_value
from sim.scenario.errors import Position, Problem, ScenarioError, did_you_mean, problem_at, shown
from sim.scenario.schema import known_keys, names_schema, node_at

SET = Position("--set")


class OverrideError(Exception):
    """A path that leads nowhere; the text says what is wrong."""


def split_override(text: str) -> tuple[tuple[str, ...], Any]:
    """Return path and value of `a.b=c`. Raises ScenarioError when it has no such form."""
    words, equals, value = text.partition("=")
    path = tuple(words.strip().split("."))
    if not equals or not all(path):
        raise ScenarioError([problem_at(SET, words, f"{shown(text)} has not the form path.to.field=value")])
    if path == ("from",):
        raise ScenarioError([problem_at(SET, "from", "cannot be set here; name another scenario instead")])
    try:
        return path, parse_value(value, SET.file)
    except ScenarioError as error:
        raise ScenarioError([problem_at(SET, words, item.message) for item in error.problems]) from None


def apply_override(document: Document, words: tuple[str, ...], value: Any) -> list[Problem]:
    """Put a value at a path of keys, list indices and names of list items; return what is wrong with the path."""
    try:
        path = _resolve(document, words)
    except OverrideError as error:
        return [problem_at(SET, ".".join(words), str(error))]
    parent: Any = document.tree
    for row, step in enumerate(path[:-1]):
        inner = parent.setdefault(step, {}) if isinstance(parent, dict) else parent[int(step)]
        if inner is None and isinstance(parent, dict):
            inner = parent[str(step)] = {}
        if not isinstance(inner, dict | list):
            return [
                problem_at(SET, ".".join(words), f"{dotted(document.tree, path[: row + 1])} holds a value, not fields")
            ]
        parent = inner
    document.put(path, value, SET)
    return []


def _resolve(document: Document, words: tuple[str, ...]) -> Path_:
    path: Path_ = ()
    node = document.tree
    for word in words:
        step: str | int = word
        if isinstance(node, list):
            row = _row(node, word)
            step, node = row, node[row]
        else:
            known = known_keys(document.tree, path)
            present = list(node) if isinstance(node, dict) else []
            # A new venue or contract cannot be made here by name, but the first of an empty mapping can.
            free = not present and names_schema(node_at(document.tree, path) or {}) is not None
            if word not in known and word not in present and not free:
                raise OverrideError(f"unknown key '{word}'{did_you_mean(word, [*known, *present])}")
            node = node.get(word) if isinstance(node, dict) else None
        path = (*path, step)
    return path


def _row(items: list[Any], word: str) -> int:
    names = [item.get("name", item.get("kind")) if isinstance(item, dict) else None for item in items]
    if names.count(word) == 1:
        return names.index(word)
    if word.isascii() and word.isdigit() and len(word) < 9 and int(word) < len(items):
        return int(word)
    known = [name for name in names if isinstance(name, str)]
    raise OverrideError(f"no item '{word}'{did_you_mean(word, known)}; indices 0 to {len(items) - 1} are allowed")
