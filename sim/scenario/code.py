"""Files of strategies in plain Python: read with the scenario, so that its hash covers them, and never run here."""

import ast
import warnings
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sim.scenario.document import Document, Path_, dotted
from sim.scenario.errors import Position, Problem, ScenarioError, problem_at
from sim.scenario.records import Scenario
from sim.strategies import PythonStrategy

BYTES_MAX = 1_000_000


@dataclass(frozen=True)
class CodeFile:
    """One file as it was read: the text that runs is the text that was hashed."""

    path: Path
    text: str
    sha256: str
    places: tuple[tuple[str, Position], ...]  # of the fields of the population, by name

    def problem(self, record: PythonStrategy, field: str, message: str) -> Problem:
        """What is wrong with a field of the population, with its place in the scenario file."""
        found = dict(self.places)
        position = found.get(field) or found.get(field.partition(".")[0]) or found["file"]
        return problem_at(position, f"populations.{record.name}.{field}", message)


def read_code_files(document: Document, file: Path) -> tuple[dict[int, CodeFile], list[Problem]]:
    """Read the file of every `kind: python` population and note its SHA-256 in the tree; by row of `populations`."""
    found: dict[int, CodeFile] = {}
    problems: list[Problem] = []
    populations = document.tree.get("populations")
    for row, item in enumerate(populations if isinstance(populations, list) else ()):
        if not isinstance(item, dict) or item.get("kind") != "python" or not isinstance(item.get("file"), str):
            continue
        path: Path_ = ("populations", row, "file")
        try:
            location, raw, text = read_code(file.parent / item["file"])
        except ValueError as error:
            message = f"{item['file']}: {error}"
            problems.append(problem_at(document.position(path), dotted(document.tree, path), message))
            continue
        digest, pinned = sha256(raw).hexdigest(), item.get("sha256")
        if isinstance(pinned, str) and pinned != digest:
            where: Path_ = ("populations", row, "sha256")
            message = f"{item['file']} has the SHA-256 {digest}, not this one"
            problems.append(problem_at(document.position(where), dotted(document.tree, where), message))
        item["sha256"] = digest if pinned is None else pinned
        found[row] = CodeFile(location, text, digest, tuple(_places(document, row)))
    return found, problems


def _places(document: Document, row: int) -> list[tuple[str, Position]]:
    above = ("populations", row)
    below = [(path[2:], place) for path, place in document.positions.items() if path[:2] == above and len(path) > 2]
    return [(".".join(map(str, path)), place) for path, place in below]


def read_code(path: Path) -> tuple[Path, bytes, str]:
    """Path without links, bytes and text of a regular .py file. ValueError says what else it is."""
    try:
        location = path.resolve()
        if location.suffix != ".py":
            raise ValueError("is no .py file")
        if not location.exists():
            raise ValueError(f"no such file; looked for {location}")
        if not location.is_file():
            raise ValueError("is no regular file")
        if location.stat().st_size > BYTES_MAX:
            raise ValueError(f"is larger than {BYTES_MAX} bytes")
        raw = location.read_bytes()
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise ValueError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a doubtful escape in it is for its author, when it is imported
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise ValueError(f"is not Python{line}: {getattr(error, 'msg', None) or error}") from None
    return location, raw, text


def attach(scenario: Scenario, files: dict[int, CodeFile]) -> None:
    """Give each record the code that was read for it."""
    for row, code in files.items():
        record: Any = scenario.populations[row]
        record._code = code


def code_populations(scenario: Scenario) -> tuple[PythonStrategy, ...]:
    """The populations of a scenario that are decided by code of its user."""
    return tuple(record for record in scenario.populations if isinstance(record, PythonStrategy))


def refuse_code(scenario: Scenario, allow_code: bool) -> None:
    """Raise ScenarioError with each population and file whose code would run, unless that was allowed."""
    problems = []
    for record in code_populations(scenario):
        message = f"population {record.name} runs the code of {record.file}; "
        if record.code is None:
            message += "it was not read with a scenario file: load the scenario from a file"
            problems.append(problem_at(Position("<scenario>"), f"populations.{record.name}.file", message))
        elif not allow_code:
            message += "that is done only with --allow-code (allow_code=True in Python)"
            problems.append(record.code.problem(record, "file", message))
    if problems:
        raise ScenarioError(problems)
