"""Files that a scenario or a rule book names: where they may lie, and how what they say enters the tree."""

from pathlib import Path
from typing import Any

from sim.scenario.document import Document, Path_, dotted
from sim.scenario.errors import Problem, problem_at, shown
from sim.scenario.price_files import COLUMNS, read_price_file
from sim.scenario.records import Scenario
from sim.scenario.tier_files import read_tier_file

NAME_MAX = 255
INDEX_DIALS = {"format": "form", "column": "column", "gaps": "gaps", "starts_at": "starts_at"}
TIER_KEYS = ("file", "symbol")


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
        problems += _problems(document, path, index["path"], wrong)
    return problems


def read_tier_files(document: Document, schedules: Path_, file: Path) -> list[Problem]:
    """Replace the `file` of each schedule below a path by its rows: the same schedule as if they were written out."""
    node = document.tree
    for step in schedules:
        node = node.get(step) if isinstance(node, dict) else None
    problems: list[Problem] = []
    for contract, schedule in (node if isinstance(node, dict) else {}).items():
        if not isinstance(schedule, dict) or "file" not in schedule:
            continue
        path: Path_ = (*schedules, contract, "file")
        named, symbol = (schedule.pop(key, None) for key in TIER_KEYS)
        wrong = []
        if "tiers" in schedule:
            wrong = ["is given beside tiers; give one of them (the other may come from the rule book)"]
        elif not isinstance(named, str) or not isinstance(symbol, str | None):
            wrong = ["and symbol are text: the name of a file of leverage tiers, and a symbol in it"]
        else:
            try:
                rows = read_tier_file(located(document, path, named, file), contract, symbol)
                schedule["tiers"] = [row[:2] if "initial" in schedule else row for row in rows]
                document.positions[(*schedules, contract, "tiers")] = document.position(path)
            except ValueError as error:
                wrong = str(error).splitlines()
        problems += _problems(document, path, named, wrong)
    return problems


def located(document: Document, path: Path_, name: str, file: Path) -> Path:
    """Return the file that a value names: below the folder of the file it stands in, or else of the scenario.

    What is set on the command line or in Python may lie anywhere, and is also looked for from here. ValueError says
    what is wrong with the name.
    """
    position = document.position(path)
    if not name or "\x00" in name or len(name) > NAME_MAX:
        raise ValueError("is no name of a file: it is empty, longer than 255 characters or holds a NUL")
    free = position.line == 0
    if not free and (Path(name).is_absolute() or ".." in Path(name).parts):
        raise ValueError("leaves the folder of the file that names it; name a file beside it or below (--set may)")
    folders = [file.parent, Path()] if free else [Path(position.file).parent, file.parent]
    tried = [folder / name for folder in folders]
    try:
        found = next((item for item in tried if item.is_file()), tried[-1])
        inside = free or any(found.resolve().is_relative_to(folder.resolve()) for folder in folders)
    except (OSError, RuntimeError) as error:
        raise ValueError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not inside:
        raise ValueError("is a link that leaves the folder of the file that names it; --set may name it")
    return found


def _problems(document: Document, path: Path_, name: Any, wrong: list[str]) -> list[Problem]:
    """Problems of a file at the place that names it."""
    position, where = document.position(path), dotted(document.tree, path)
    plain = isinstance(name, str) and name.isprintable() and len(name) <= 100
    word = name if plain else shown(name)
    return [problem_at(position, where, f"{word}: {message}") for message in wrong]


def _positive(tree: dict[str, Any], name: str) -> float:
    """The value of a dial of the scenario, or its default where the record would refuse it."""
    value = tree.get(name)
    good = isinstance(value, int | float) and not isinstance(value, bool) and 1e-9 < value < 1e9
    return value if good else Scenario.model_fields[name].default  # type: ignore[no-any-return,return-value]
