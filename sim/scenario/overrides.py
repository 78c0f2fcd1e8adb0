"""Changes of single values of a scenario: `--set a.b=c`, or texts and mappings from Python."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.scenario.document import Document, Path_, dotted, parse_value
from sim.scenario.errors import Position, Problem, ScenarioError, did_you_mean, problem_at, shown
from sim.scenario.nodes import names_schema
from sim.scenario.schema import known_keys, node_at

OVERRIDES = "overrides"  # what messages call them unless they come from the command line


@dataclass(frozen=True)
class Setting:
    """A value, the path it goes to, and the option or argument that it comes from."""

    words: tuple[str, ...]
    value: Any
    origin: str = OVERRIDES

    @property
    def position(self) -> Position:
        """Where messages say it stands."""
        return Position(self.origin, 0, 0)

    def problem(self, message: str) -> Problem:
        """What is wrong with it."""
        return problem_at(self.position, ".".join(self.words), message)


Overrides = Sequence[str | Setting] | Mapping[str, Any]


class OverrideError(Exception):
    """A path that leads nowhere; the text says what is wrong."""


def settings_of(overrides: Overrides) -> list[Setting]:
    """Return the settings of `["a.b=c", ...]` or `{"a.b": c}`, in their order. Raises ScenarioError."""
    if isinstance(overrides, str):
        return [split_override(overrides)]
    if isinstance(overrides, Mapping):
        return [_checked(Setting(tuple(str(path).split(".")), plain(value))) for path, value in overrides.items()]
    return [item if isinstance(item, Setting) else split_override(item) for item in overrides]


def split_override(text: str, origin: str = OVERRIDES) -> Setting:
    """Return the setting of `a.b=c`. Raises ScenarioError when it has no such form."""
    words, equals, value = text.partition("=")
    path = tuple(words.strip().split("."))
    if not equals or not all(path):
        message = f"{shown(text)} has not the form path.to.field=value"
        raise ScenarioError([problem_at(Position(origin, 0, 0), words, message)])
    setting = _checked(Setting(path, None, origin))
    try:
        return Setting(path, parse_value(value, origin), origin)
    except ScenarioError as error:
        raise ScenarioError([setting.problem(item.message) for item in error.problems]) from None


def _checked(setting: Setting) -> Setting:
    if not all(setting.words):
        raise ScenarioError([setting.problem("is no path; paths look like populations.makers.count")])
    if setting.words == ("from",):
        raise ScenarioError([setting.problem("cannot be set here; name another scenario instead")])
    return setting


def plain(value: Any) -> Any:
    """Python values as a YAML file would have given them: mappings as dicts, tuples and arrays as lists."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # numpy's numbers and arrays, and columns of a frame
        return plain(value.tolist())
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def apply_override(document: Document, setting: Setting) -> list[Problem]:
    """Put a value at a path of keys, list indices and names of list items; return what is wrong with the path."""
    try:
        path = _resolve(document, setting.words)
    except OverrideError as error:
        return [setting.problem(str(error))]
    parent: Any = document.tree
    for row, step in enumerate(path[:-1]):
        inner = parent.setdefault(step, {}) if isinstance(parent, dict) else parent[int(step)]
        if inner is None and isinstance(parent, dict):
            inner = parent[str(step)] = {}
        if not isinstance(inner, dict | list):
            return [setting.problem(f"{dotted(document.tree, path[: row + 1])} holds a value, not fields")]
        parent = inner
    document.put(path, setting.value, setting.position)
    return []


def _resolve(document: Document, words: tuple[str, ...]) -> Path_:
    path: Path_ = ()
    node = document.tree
    for word in words:
        step: str | int = word
        if node is None and (node_at(document.tree, path) or {}).get("type") == "array":
            node = []  # a list that the scenario does not give
        if isinstance(node, list):
            row = _row(node, word)
            step, node = row, node[row]
        else:
            known = known_keys(document.tree, path)
            present = list(node) if isinstance(node, dict) else []
            # A new venue or contract cannot be made here by name, but the first of an empty mapping can.
            free = not present and names_schema(node_at(document.tree, path) or {}) is not None
            if word not in known and word not in present and not free:
                raise OverrideError(f"unknown key '{word}'{did_you_mean(word, sorted({*known, *present} - {'from'}))}")
            node = node.get(word) if isinstance(node, dict) else None
        path = (*path, step)
    return path


def _row(items: list[Any], word: str) -> int:
    names = [item.get("name", item.get("kind")) if isinstance(item, dict) else None for item in items]
    if names.count(word) == 1:
        return names.index(word)
    if word.isascii() and word.isdigit() and len(word) < 9 and int(word) < len(items):
        return int(word)
    if not items:
        raise OverrideError(f"no item '{word}'; the list is empty, set all of it")
    known = [name for name in names if isinstance(name, str)]
    raise OverrideError(f"no item '{word}'{did_you_mean(word, known)}; indices 0 to {len(items) - 1} are allowed")
