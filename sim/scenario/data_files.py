"""Price files of a scenario: what they say enters the tree as the points of an index."""

from pathlib import Path
from typing import Any

from sim.scenario.document import Document, Path_
from sim.scenario.errors import Problem
from sim.scenario.named_files import file_problems, located
from sim.scenario.price_files import COLUMNS, read_price_file
from sim.scenario.records import Scenario

INDEX_DIALS = {"format": "form", "column": "column", "gaps": "gaps", "starts_at": "starts_at"}


def read_price_files(document: Document, file: Path) -> list[Problem]:
    """Put the points of each price file beside its `path`, so that the configuration hash covers what it says."""
    problems: list[Problem] = []
    instruments = document.tree.get("instruments")
    seconds, steps = (_positive(document.tree, name) for name in ("step_seconds", "steps"))
    for row, instrument in enumerate(instruments if isinstance(instruments, list) else ()):
        index = instrument.get("index") if isinstance(instrument, dict) else None
        if not isinstance(index, dict) or index.get("kind") != "file" or not isinstance(index.get("path"), str):
            continue
        path: Path_ = ("instruments", row, "index", "path")
        options = {word: index[dial] for dial, word in INDEX_DIALS.items() if isinstance(index.get(dial), str)}
        if options.get("column") not in COLUMNS:
            options.pop("column", None)  # the record refuses it
        try:
            found, wrong = located(document, path, index["path"], file), []
        except ValueError as error:
            wrong = [str(error)]
        else:
            index["points"], wrong = read_price_file(found, seconds, steps=int(steps), **options)
            document.positions[("instruments", row, "index", "points")] = document.position(path)
        problems += file_problems(document, path, index["path"], wrong)
    return problems


def _positive(tree: dict[str, Any], name: str) -> float:
    """The value of a dial of the scenario, or its default where the record would refuse it."""
    value = tree.get(name)
    good = isinstance(value, int | float) and not isinstance(value, bool) and 1e-9 < value < 1e9
    return value if good else Scenario.model_fields[name].default  # type: ignore[no-any-return,return-value]
