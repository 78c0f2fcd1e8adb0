"""Files that a scenario or a rule book names: where they may lie, and how their problems are said."""

from pathlib import Path
from typing import Any

from sim.scenario.document import Document, Path_, dotted
from sim.scenario.errors import Problem, problem_at, shown

NAME_MAX = 255


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


def file_problems(document: Document, path: Path_, name: Any, wrong: list[str]) -> list[Problem]:
    """Problems of a file at the place that names it."""
    position, where = document.position(path), dotted(document.tree, path)
    plain = isinstance(name, str) and name.isprintable() and len(name) <= 100
    word = name if plain else shown(name)
    return [problem_at(position, where, f"{word}: {message}") for message in wrong]
