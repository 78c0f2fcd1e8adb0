"""Populations as data: a file of `configs/populations` that scenarios include instead of a list of their own."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from sim.parts import Record, dial
from sim.scenario.document import Document, Path_, dotted, graft, merged, read_document
from sim.scenario.errors import Problem, ScenarioError, did_you_mean, problem_at, shown
from sim.scenario.sources import unsourced

KEY = "populations"
INCLUDE_KEYS = ("from", "venue")


class PopulationFile(Record):
    """A population file: the entries that a scenario would list under `populations`, without their venue."""

    title: str = dial(..., "one line", max_length=200)
    description: str = dial("", "whom it stands for", max_length=10_000)
    as_of: str = dial("", "date of the figures", max_length=40)
    sources: dict[str, str] = dial({}, "where each number comes from, by population and dial, or the word assumed")
    populations: Annotated[list[dict[str, Any]], Field(min_length=1)] = dial(..., "who trades")


def include_populations(document: Document, file: Path, folders: list[Path]) -> None:
    """Replace each include under `populations` by the entries of its file; entries named after it change them.

    The result is what the same list written out would be. Raises ScenarioError.
    """
    found = document.tree.get(KEY)
    items = [found] if isinstance(found, dict) else found if isinstance(found, list) else []
    if not any(map(_is_include, items)):
        return
    places: list[Path_] = [(KEY,)] if isinstance(found, dict) else [(KEY, row) for row in range(len(items))]
    base, top = (Document({KEY: []}, {(): document.position((KEY,))}) for _ in range(2))
    for item, place in zip(items, places, strict=True):
        if _is_include(item):
            _append_file(document, place, item, base, file, folders)
        else:
            _require_name(document, place, item)
            top.tree[KEY].append(graft(document, place, top, (KEY, len(top.tree[KEY]))))
    result = merged(base, top, lists_by_name=True) if top.tree[KEY] else base
    position = document.position((KEY,))
    for known in [known for known in document.positions if known[:1] == (KEY,)]:
        del document.positions[known]
    for known in [known for known in document.hints if known[:1] == (KEY,)]:
        del document.hints[known]  # rows have moved
    document.tree[KEY] = graft(result, (KEY,), document, (KEY,))
    document.positions[(KEY,)] = position


def _is_include(item: Any) -> bool:
    return isinstance(item, dict) and "from" in item


def _append_file(
    document: Document, place: Path_, item: dict[str, Any], base: Document, file: Path, folders: list[Path]
) -> None:
    for key in item:
        if key not in INCLUDE_KEYS:
            hint = did_you_mean(key, list(INCLUDE_KEYS))
            raise ScenarioError([_problem(document, (*place, key), f"unknown key{hint}")])
    if not isinstance(item["from"], str) or not item["from"]:
        message = f"{shown(item['from'])} is no name; name a file of configs/populations"
        raise ScenarioError([_problem(document, (*place, "from"), message)])
    venue = item.get("venue", _only_venue(document))
    if not isinstance(venue, str):
        known = ", ".join(document.tree.get("venues") or ())
        raise ScenarioError([_problem(document, (*place, "venue"), f"is missing; allowed: one of {known}")])
    people = read_population_file(_population_path(document, (*place, "from"), item["from"], file, folders))
    where = document.position((*place, "venue"))
    for row in range(len(people.tree[KEY])):
        target = (KEY, len(base.tree[KEY]))
        entry = graft(people, (KEY, row), base, target)
        base.tree[KEY].append(entry | {"venue": venue})
        base.positions[(*target, "venue")] = where


def _only_venue(document: Document) -> Any:
    venues = document.tree.get("venues")
    return next(iter(venues)) if isinstance(venues, dict) and len(venues) == 1 else None


def _require_name(document: Document, place: Path_, item: Any) -> None:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        message = "beside an included file each population needs a name, to be added or to change one of the file's"
        raise ScenarioError([_problem(document, place, message)])


def _problem(document: Document, path: Path_, message: str) -> Problem:
    return problem_at(document.position(path), dotted(document.tree, path), message)


def _population_path(document: Document, path: Path_, name: str, file: Path, folders: list[Path]) -> Path:
    beside = file.parent / name
    if Path(name).suffix in (".yaml", ".yml"):
        if beside.is_file():
            return beside
        raise ScenarioError([_problem(document, path, f"no file {shown(name)} beside {file.name}")])
    known = sorted({found.stem for folder in folders for found in folder.glob("*.yaml")})
    if name in known:
        return next(folder / f"{name}.yaml" for folder in folders if (folder / f"{name}.yaml").is_file())
    raise ScenarioError([_problem(document, path, f"no population file {shown(name)}{did_you_mean(name, known)}")])


def read_population_file(path: Path) -> Document:
    """Read and check a population file. Raises ScenarioError."""
    try:
        label = str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        label = str(path)
    document = read_document(path, label)
    try:
        PopulationFile.model_validate(document.tree)
    except ValidationError as error:
        known = list(PopulationFile.model_fields)
        raise ScenarioError(_file_problem(document, item, known) for item in error.errors(include_url=False)) from None
    problems = []
    for row, entry in enumerate(document.tree[KEY]):
        if "venue" in entry:
            message = "belongs to the scenario that includes this file"
            problems.append(_problem(document, (KEY, row, "venue"), message))
        if not isinstance(entry.get("name"), str):
            problems.append(_problem(document, (KEY, row, "name"), "is missing; allowed: text"))
    if problems:
        raise ScenarioError(problems)
    return document


def _file_problem(document: Document, item: Any, known: list[str]) -> Problem:
    path = tuple(item["loc"])
    if item["type"] == "extra_forbidden":
        return _problem(document, path, f"unknown key{did_you_mean(str(path[-1]), known)}")
    if item["type"] == "missing":
        return _problem(document, path, "is missing")
    return _problem(
        document, path, f"{shown(item['input'])} is not allowed; {item['msg'][:1].lower()}{item['msg'][1:]}"
    )


def missing_sources(document: Document) -> list[Problem]:
    """Return a problem for each number of a population file that no line of its `sources` explains."""
    rows = [((KEY, row), (entry["name"],), entry) for row, entry in enumerate(document.tree[KEY])]
    return [problem for path, words, entry in rows for problem in unsourced(document, entry, words, path, 2)]
