"""From a YAML file and overrides to a checked Scenario."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.scenario.checks import check_scenario
from sim.scenario.code import attach, read_code_files
from sim.scenario.data_files import read_price_files
from sim.scenario.document import Document, Path_, dotted, merged, read_document
from sim.scenario.errors import Position, Problem, ScenarioError, did_you_mean, problem_at, shown
from sim.scenario.folders import configs_folder, label_of
from sim.scenario.overrides import Overrides, apply_override, plain, settings_of
from sim.scenario.populations import include_populations
from sim.scenario.records import Scenario
from sim.scenario.rule_books import with_rule_books
from sim.scenario.schema import scenario_schema
from sim.scenario.tier_files import read_tier_files
from sim.scenario.translation import translated

MAPPING = "<scenario>"  # what messages call a scenario that was given as a mapping


def scenario_names() -> list[str]:
    """Return the names of the scenarios that come with the package."""
    return sorted(path.stem for path in (configs_folder() / "scenarios").glob("*.yaml"))


def population_names() -> list[str]:
    """Return the names of the population files that come with the package."""
    return sorted(path.stem for path in (configs_folder() / "populations").glob("*.yaml"))


def population_folders(file: Path) -> list[Path]:
    """Return where the population files that a scenario names are looked for."""
    return [file.resolve().parent.parent / "populations", configs_folder() / "populations"]


def find_scenario(path_or_name: str | Path) -> Path:
    """Return the file of a path or of a bare name. Raises ScenarioError with the nearest known name."""
    text = str(path_or_name)
    path = Path(text)
    named = configs_folder() / "scenarios" / f"{text}.yaml"
    bare = text == path.name and path.suffix not in (".yaml", ".yml")
    try:
        if path.is_file():
            return path
        if bare and named.is_file():
            return named
    except (OSError, ValueError):
        pass
    hint = did_you_mean(text, scenario_names()) if bare else "; give the path of a YAML file"
    raise ScenarioError([problem_at(Position(text, 0, 0), "", f"no such scenario{hint}")])


def load(path_or_name: str | Path, overrides: Overrides = ()) -> Scenario:
    """Read, merge, override and check a scenario.

    `overrides` are texts of the form `populations.makers.count=6`, or a mapping `{"populations.makers.count": 6}`.
    Raises ScenarioError with all problems found.
    """
    file = find_scenario(path_or_name)
    return _loaded(_with_included(_read(file), file), file, overrides)


def load_mapping(tree: Mapping[str, Any], overrides: Overrides = ()) -> Scenario:
    """Check what a scenario file would say, given as a mapping; files that it names are looked for from here.

    Raises ScenarioError with all problems found.
    """
    start = Position(MAPPING, 0, 0)
    file = Path("scenario.yaml").absolute()
    document = Document(plain(tree), {(): start})
    _check_keys(document.tree, (), start)
    return _loaded(_with_included(document, file), file, overrides)


def _check_keys(node: Any, path: Path_, at: Position) -> None:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        if isinstance(node, dict) and not isinstance(key, str):
            raise ScenarioError([problem_at(at, ".".join(map(str, path)), f"the key {key} is not text; keys are text")])
        _check_keys(value, (*path, key), at)


def _loaded(document: Document, file: Path, overrides: Overrides) -> Scenario:
    """Put rule books, populations and overrides into a document and check it. Raises ScenarioError."""
    settings = settings_of(overrides)
    rules_first = [item for item in settings if item.words[0] == "venues" and item.words[2:] == ("rules",)]
    problems: list[Problem] = []
    for setting in rules_first:
        problems += apply_override(document, setting)
    document = with_rule_books(document, file)
    people_first = [item for item in settings if item.words == ("populations",)]
    for setting in people_first:
        problems += apply_override(document, setting)
    include_populations(document, file, population_folders(file))
    for setting in settings:
        if setting not in (*rules_first, *people_first):
            problems += apply_override(document, setting)
    problems += read_price_files(document, file)
    venues = document.tree.get("venues")
    for name in venues if isinstance(venues, dict) else ():
        problems += read_tier_files(document, ("venues", name, "margin", "schedules"), file)
    code, wrong = read_code_files(document, file)
    problems += wrong
    if problems:
        raise ScenarioError(problems)
    scenario = validate(document)
    attach(scenario, code)
    return scenario


def validate(document: Document) -> Scenario:
    """Return the Scenario that a document describes. Raises ScenarioError with all problems found."""
    try:
        scenario = Scenario.model_validate(document.tree)
    except ValidationError as error:
        raise ScenarioError(translated(error, document, scenario_schema())) from None
    found = [
        problem_at(document.position(path), dotted(document.tree, path), message)
        for path, message in check_scenario(scenario)
    ]
    if found:
        raise ScenarioError(found)
    return scenario


def _read(file: Path) -> Document:
    """Read a file under the name that a reader in this folder would give it."""
    return read_document(file, label_of(file))


def _with_included(document: Document, file: Path) -> Document:
    other = document.tree.pop("from", None)
    if other is None:
        return document
    position = document.positions.pop(("from",), document.position(()))
    if not isinstance(other, str) or not other:
        raise ScenarioError(
            [problem_at(position, "from", f"{shown(other)} is no file; name a scenario file beside this one")]
        )
    included = _read(_included_file(file, other, position))
    if "from" in included.tree:
        raise ScenarioError([problem_at(position, "from", f"{other} has a `from` itself; one level is allowed")])
    beside = _included_file(file, other, position)
    include_populations(included, beside, population_folders(beside))
    result = merged(included, document, lists_by_name=True)
    for key in ("instruments", "populations"):
        names = _item_names(included.tree.get(key))
        for row, name in enumerate(_item_names(result.tree.get(key))):
            if names and name is not None and name not in names:
                near = did_you_mean(name, [known for known in names if known is not None])
                result.hints[(key, row)] = f"; '{name}' is a new item{near}"
    return result


def _item_names(items: Any) -> list[str | None]:
    """Return the name of each item of a list; None where it has none."""
    names = [
        item.get("name") if isinstance(item, dict) else None for item in (items if isinstance(items, list) else ())
    ]
    return [name if isinstance(name, str) else None for name in names]


def _included_file(file: Path, other: str, position: Position) -> Path:
    """Return the file that `from` names: beside the scenario, else one that comes with the package."""
    folders = [file.parent, configs_folder() / "scenarios"]
    try:
        for folder in folders:
            found = folder / other
            if found.is_file() and not (file.exists() and found.samefile(file)):
                return found
    except (OSError, ValueError):
        pass
    known = sorted({path.name for folder in folders for path in folder.glob("*.yaml") if path.name != file.name})
    searched = " or ".join(dict.fromkeys(str(folder.resolve()) for folder in folders))
    message = f"no file {shown(other)} in {searched}{did_you_mean(other, known)}"
    raise ScenarioError([problem_at(position, "from", message)])
