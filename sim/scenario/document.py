"""A YAML file as plain values, with the position of each: what messages need to name a line and a column."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean

from sim.scenario.errors import Position, ScenarioError, problem_at

Path_ = tuple[str | int, ...]

# More than any scenario needs: a file beyond it is a mistake, or aliases that multiply.
BYTES_MAX = 4_000_000
NODES_MAX = 200_000
CACHED_MAX = 100_000  # characters; a parsed file takes hundreds of times its own room


@dataclass
class Document:
    """Plain dicts, lists and scalars, and the position of each path."""

    tree: Any
    positions: dict[Path_, Position] = field(default_factory=dict)
    hints: dict[Path_, str] = field(default_factory=dict)  # what to add to problems at or below a path

    def position(self, path: Path_) -> Position:
        """Return the position of a path, or of the nearest parent that has one."""
        for length in range(len(path), -1, -1):
            found = self.positions.get(path[:length])
            if found is not None:
                return found
        return Position("<scenario>")

    def hint(self, path: Path_) -> str:
        """Return what to add to a problem at a path."""
        return next((text for above, text in self.hints.items() if path[: len(above)] == above), "")

    def put(self, path: Path_, value: Any, position: Position) -> None:
        """Replace the value at a path whose parents exist; its parts take the one position."""
        node = self.tree
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = value
        for known in [known for known in self.positions if known[: len(path)] == path]:
            del self.positions[known]
        self.positions[path] = position


def dotted(tree: Any, path: Path_) -> str:
    """Return a path as `populations.makers.count`; items of a list go by their name where they have one."""
    words: list[str] = []
    for step in path:
        item = None
        if isinstance(tree, dict):
            item = tree.get(step)
        elif isinstance(tree, list) and isinstance(step, int) and step < len(tree):
            item = tree[step]
        named = isinstance(step, int) and isinstance(item, dict) and isinstance(item.get("name"), str)
        words.append(item["name"] if named and item is not None else str(step))
        tree = item
    return ".".join(words)


def read_document(path: Path, label: str) -> Document:
    """Read a YAML file. Raises ScenarioError for bad YAML, duplicate keys and keys that are no text."""
    return parse_document(read_text(path, label, BYTES_MAX), label)


def read_text(path: Path, label: str, bytes_max: int) -> str:
    """Return the text of a file. Raises ScenarioError when it is too large, not text, or not to be read."""
    start = Position(label)
    try:
        if path.stat().st_size > bytes_max:
            raise ScenarioError([problem_at(start, "", f"the file is larger than {bytes_max} bytes")])
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ScenarioError([problem_at(start, "", "the file is not UTF-8 text")]) from None
    except OSError as error:
        raise ScenarioError([problem_at(start, "", f"cannot be read: {error.strerror or error}")]) from None


def parse_document(text: str, label: str) -> Document:
    """Read a YAML text. Raises ScenarioError as `read_document` does."""
    start = Position(label)
    raw = (_parse_file if len(text) <= CACHED_MAX else _parse)(text, label)
    if not isinstance(raw, CommentedMap):
        raise ScenarioError([problem_at(start, "", "the file must be a mapping of keys to values")])
    document = Document(None, {(): start})
    document.tree = _plain(raw, (), document, label)
    return document


def parse_value(text: str, label: str) -> Any:
    """Return a YAML value as plain Python. Raises ScenarioError."""
    return _plain(_parse(text, label), (), Document(None), label)


def _parse(text: str, label: str) -> Any:
    try:
        return YAML(typ="rt", pure=True).load(text)
    except DuplicateKeyError as error:
        mark = error.problem_mark
        key = (error.problem or "").partition('"')[2].partition('"')[0]
        raise ScenarioError(
            [_marked(mark, label, f"the key '{key}' is given twice; each key may be given once")]
        ) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ScenarioError([_marked(mark, label, f"not valid YAML: {error.problem or error.context}")]) from None
    except YAMLError as error:
        raise ScenarioError([_marked(None, label, f"not valid YAML: {str(error).splitlines()[0]}")]) from None
    except (ValueError, RecursionError, OverflowError) as error:
        message = "nested too deeply" if isinstance(error, RecursionError) else "a value cannot be read"
        raise ScenarioError([_marked(None, label, f"not valid YAML: {message}")]) from None


# A sweep reads the same few files for each of its points; nobody changes what this returns.
_parse_file = lru_cache(maxsize=16)(_parse)


def _marked(mark: Any, label: str, message: str) -> Any:
    position = Position(label, mark.line + 1, mark.column + 1) if mark is not None else Position(label)
    return problem_at(position, "", message)


def _plain(node: Any, path: Path_, document: Document, label: str) -> Any:
    if len(document.positions) > NODES_MAX:
        raise ScenarioError([problem_at(Position(label), "", f"more than {NODES_MAX} values")])
    if isinstance(node, CommentedMap):
        return {key: _plain(value, (*path, key), document, label) for key, value in _pairs(node, path, document, label)}
    if isinstance(node, CommentedSeq):
        items = []
        for row, value in enumerate(node):
            document.positions[(*path, row)] = _position(node.lc.item, row, path, document, label)
            items.append(_plain(value, (*path, row), document, label))
        return items
    if isinstance(node, ScalarBoolean | bool):
        return bool(node)
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _pairs(node: CommentedMap, path: Path_, document: Document, label: str) -> list[tuple[str, Any]]:
    pairs = []
    for key, value in node.items():
        position = _position(node.lc.key, key, path, document, label)
        if not isinstance(key, str):
            raise ScenarioError(
                [problem_at(position, ".".join(map(str, path)), f"the key {key} is not text; keys are text")]
            )
        document.positions[(*path, str(key))] = position
        pairs.append((str(key), value))
    return pairs


def _position(place: Any, key: Any, path: Path_, document: Document, label: str) -> Position:
    try:
        line, column = place(key)
    except (KeyError, TypeError, AttributeError):  # a key that came in through a YAML merge
        return document.position(path)
    return Position(label, line + 1, column + 1)


def merged(base: Document, top: Document, lists_by_name: bool) -> Document:
    """Return base with top over it: mappings are merged, other values replaced.

    With lists_by_name, lists whose items all carry a name are merged by that name; other lists are replaced.
    """
    result = Document(None, {})
    result.tree = _merge(base, (), base.tree, top, (), top.tree, result, (), lists_by_name)
    return result


def graft(source: Document, source_path: Path_, target: Document, target_path: Path_) -> Any:
    """Return a copy of the value at source_path and note its positions in target below target_path."""
    value = source.tree
    for step in source_path:
        value = value[step]
    for path, position in source.positions.items():
        if path[: len(source_path)] == source_path:
            target.positions[target_path + path[len(source_path) :]] = position
    return _copy(value)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _named(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in value)
    )


def _merge(
    base: Document, base_path: Path_, below: Any, top: Document, top_path: Path_, above: Any,
    result: Document, path: Path_, by_name: bool,
) -> Any:  # fmt: skip
    if isinstance(below, dict) and isinstance(above, dict):
        result.positions[path] = top.position(top_path)
        tree = {}
        for key in [*below, *(key for key in above if key not in below)]:
            inner = (*path, key)
            if key not in above:
                tree[key] = graft(base, (*base_path, key), result, inner)
            elif key not in below:
                tree[key] = graft(top, (*top_path, key), result, inner)
            else:
                tree[key] = _merge(
                    base, (*base_path, key), below[key], top, (*top_path, key), above[key], result, inner, by_name
                )
        return tree
    if by_name and _named(below) and _named(above):
        return _merge_lists(base, base_path, below, top, top_path, above, result, path)
    return graft(top, top_path, result, path)


def _merge_lists(
    base: Document, base_path: Path_, below: list[Any], top: Document, top_path: Path_, above: list[Any],
    result: Document, path: Path_,
) -> list[Any]:  # fmt: skip
    result.positions[path] = top.position(top_path)
    names = [item["name"] for item in below]
    tree: list[Any] = []
    for row, item in enumerate(below):
        rows = [other for other, value in enumerate(above) if value["name"] == item["name"]]
        if len(rows) == 1:
            other = rows[0]
            tree.append(
                _merge(base, (*base_path, row), item, top, (*top_path, other), above[other], result, (*path, row), True)
            )
        else:
            tree.append(graft(base, (*base_path, row), result, (*path, row)))
    for row, item in enumerate(above):
        if item["name"] not in names or [value["name"] for value in above].count(item["name"]) > 1:
            tree.append(graft(top, (*top_path, row), result, (*path, len(tree))))
    return tree
