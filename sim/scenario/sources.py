"""Every number of a data file has a source: a line of its `sources`, by the number's path or a part of it."""

from typing import Any

from sim.scenario.document import Document, Path_, dotted
from sim.scenario.errors import Problem, problem_at


def unsourced(document: Document, node: Any, words: tuple[str, ...], path: Path_, shortest: int) -> list[Problem]:
    """Return a problem for each number below a node that no line of the file's `sources` explains.

    words: how `sources` names the node; a line explains all below its path if that has `shortest` words or more.
    """
    sources = document.tree.get("sources", {})
    problems = []
    for named, place in _numbers(node, words, path):
        if not any(".".join(named[:length]) in sources for length in range(shortest, len(named) + 1)):
            message = f"has no source; add sources.{'.'.join(named)} (`assumed` and `from memory` are sources)"
            problems.append(problem_at(document.position(place), dotted(document.tree, place), message))
    return problems


def _numbers(node: Any, words: tuple[str, ...], path: Path_) -> list[tuple[tuple[str, ...], Path_]]:
    if isinstance(node, dict):
        return [found for key, value in node.items() for found in _numbers(value, (*words, str(key)), (*path, key))]
    if isinstance(node, list):
        return [found for row, value in enumerate(node) for found in _numbers(value, words, (*path, row))]
    return [(words, path)] if isinstance(node, int | float) and not isinstance(node, bool) else []
