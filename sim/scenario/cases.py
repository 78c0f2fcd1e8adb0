"""Case files of the margin calculator: YAML or JSON, one case or many, each checked and set beside its rule book."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sim.calculator.case import Case
from sim.calculator.checks import check_case
from sim.calculator.report import Statement, state
from sim.calculator.rule_book import book_of
from sim.scenario.document import BYTES_MAX, Document, Path_, dotted, parse_document, read_text
from sim.scenario.errors import Position, Problem, ScenarioError, did_you_mean, problem_at, shown
from sim.scenario.folders import configs_folder, label_of, venue_names
from sim.scenario.rule_books import read_rule_book
from sim.scenario.translation import translated

if TYPE_CHECKING:
    from sim.scenario.records import Venue

JSON_BYTES_MAX = 256_000_000
PROBLEMS_MAX = 20  # of a file with many cases


@dataclass(frozen=True)
class CaseFile:
    """The cases of a file, and whether it has a list of them."""

    statements: tuple[Statement, ...]
    is_list: bool


@lru_cache(maxsize=1)
def case_schema() -> dict[str, Any]:
    """Return the JSON schema of one case."""
    return Case.model_json_schema()


def read_cases(file: Path) -> CaseFile:
    """Read and check a file of one case, or of `cases`. Raises ScenarioError with all problems found."""
    document, text = _read(file)
    try:
        return _checked(document, file)
    except ScenarioError:
        if text is None:
            raise
    # The quick reader of JSON knows no lines: read once more for the message.
    return _checked(_with_positions(document, text), file)


def _read(file: Path) -> tuple[Document, str | None]:
    """Return the document, and the text of one whose positions are not known yet."""
    label = label_of(file)
    is_json = file.suffix == ".json"
    text = read_text(file, label, JSON_BYTES_MAX if is_json else BYTES_MAX)
    if not is_json and not text.lstrip().startswith("{"):
        return parse_document(text, label), None
    try:
        tree = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        if not is_json:
            return parse_document(text, label), None
        place, reason = (1, 1), "nested too deeply" if isinstance(error, RecursionError) else str(error)
        if isinstance(error, json.JSONDecodeError):
            place, reason = (error.lineno, error.colno), error.msg
        raise ScenarioError([problem_at(Position(label, *place), "", f"not valid JSON: {reason}")]) from None
    if not isinstance(tree, dict):
        raise ScenarioError([problem_at(Position(label), "", "the file must be a mapping of keys to values")])
    return Document(tree, {(): Position(label)}), text


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key '{twice}' is given twice; each key may be given once")
    return found


def _with_positions(document: Document, text: str) -> Document:
    if len(text) > BYTES_MAX // 8:
        return document
    try:
        positions = parse_document(text, document.position(()).file).positions
    except ScenarioError:
        return document
    return Document(document.tree, positions)


def _checked(document: Document, file: Path) -> CaseFile:
    tree = document.tree
    if "cases" not in tree:
        statement, problems = _case(document, (), file)
        if statement is None:
            raise ScenarioError(problems)
        return CaseFile((statement,), False)
    others = [key for key in tree if key != "cases"]
    if others:
        message = "is not allowed beside cases; put it into each case"
        raise ScenarioError([problem_at(document.position((others[0],)), others[0], message)])
    if not isinstance(tree["cases"], list):
        message = f"{shown(tree['cases'])} is not allowed; allowed: a list of cases"
        raise ScenarioError([problem_at(document.position(("cases",)), "cases", message)])
    found: list[Statement] = []
    problems = []
    for row in range(len(tree["cases"])):
        statement, wrong = _case(document, ("cases", row), file)
        if statement is not None:
            found.append(statement)
        number = f"; case {row + 1} of {len(tree['cases'])}"
        problems += [Problem(p.file, p.line, p.column, p.path, p.message + number) for p in wrong]
    if problems:
        raise ScenarioError(problems[:PROBLEMS_MAX])
    return CaseFile(tuple(found), True)


def _case(document: Document, root: Path_, file: Path) -> tuple[Statement | None, list[Problem]]:
    tree = document.tree
    for step in root:
        tree = tree[step]
    if not isinstance(tree, dict):
        message = f"{shown(tree)} is not allowed; allowed: a mapping of keys to values"
        return None, [problem_at(document.position(root), dotted(document.tree, root), message)]
    try:
        case = Case.model_validate(tree)
    except ValidationError as error:
        return None, translated(error, document, case_schema(), root)
    venue = None
    if case.venue is not None:
        path = (*root, "venue")
        try:
            venue = read_venue(_venue_file(case.venue, file))
        except FileNotFoundError as error:
            where = dotted(document.tree, path)
            return None, [problem_at(document.position(path), where, str(error))]
    problems = []
    for place, message, near in check_case(case, venue):
        path = (*root, *place)
        hint = did_you_mean(*near) if near is not None else ""
        problems.append(problem_at(document.position(path), dotted(document.tree, path), message + hint))
    if not problems and case.liquidation.model_fields_set:
        from sim.scenario.check_policies import check_own_policy

        for place, message in check_own_policy(case.liquidation, venue):
            path = (*root, *place)
            problems.append(problem_at(document.position(path), dotted(document.tree, path), message))
    return (None, problems) if problems else (state(case, book_of(case, venue)), [])


def _venue_file(name: str, file: Path) -> Path:
    """The rule book: a path from here or from the case, or one that comes with the package."""
    words = Path(name)
    folder = configs_folder() / "venues"
    tried = [words, file.resolve().parent / words]
    if words.parent == Path() or words.parent.parts[-2:] == ("configs", "venues"):
        tried.append(folder / f"{words.stem if words.suffix == '.yaml' else words.name}.yaml")
    try:
        for found in tried:
            if found.is_file():
                return found
    except (OSError, ValueError):
        pass
    raise FileNotFoundError(f"no rule book {shown(name)}{did_you_mean(words.stem, venue_names())}")


@lru_cache(maxsize=64)
def read_venue(file: Path) -> "Venue":
    """Return the rule book of a file. Raises ScenarioError with all problems found."""
    from sim.scenario.checks import check_venue
    from sim.scenario.records import Venue

    document = read_rule_book(file)
    try:
        venue = Venue.model_validate(document.tree)
    except ValidationError as error:
        raise ScenarioError(translated(error, document, Venue.model_json_schema())) from None
    found = [
        problem_at(document.position(path), dotted(document.tree, path), text) for path, text in check_venue(venue)
    ]
    if found:
        raise ScenarioError(found)
    return venue


def venue_documents() -> list[tuple[str, dict[str, Any]]]:
    """Return name and content of each rule book that comes with the package, unchecked."""
    folder = configs_folder() / "venues"
    return [(name, read_rule_book(folder / f"{name}.yaml").tree) for name in venue_names()]
