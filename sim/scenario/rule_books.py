"""A venue's rule book: a file of `configs/venues` that a scenario names with `rules`, each number with its source."""

from pathlib import Path

from sim.scenario.document import Document, Path_, dotted, graft, merged, read_document
from sim.scenario.errors import ScenarioError, did_you_mean, problem_at, shown
from sim.scenario.folders import configs_folder, label_of
from sim.scenario.sources import unsourced
from sim.scenario.tier_files import read_tier_files

NUMBERS_IN = ("fees", "contracts", "margin", "mark_price", "funding", "liquidation", "waterfall")


def with_rule_books(document: Document, file: Path) -> Document:
    """Put each venue of a scenario on top of the rule book that it names."""
    venues = document.tree.get("venues")
    if not isinstance(venues, dict):
        return document
    for name, venue in list(venues.items()):
        rules = venue.get("rules") if isinstance(venue, dict) else None
        if not isinstance(rules, str):
            continue
        path: Path_ = ("venues", name)
        book = read_rule_book(_file(document, (*path, "rules"), rules, file))
        top = Document(None)
        top.tree = graft(document, path, top, ())
        venues[name] = graft(merged(book, top, lists_by_name=False), (), document, path)
    return document


def read_rule_book(path: Path) -> Document:
    """Read a rule book. Raises ScenarioError, also for numbers that no line of `sources` explains."""
    document = read_document(path, label_of(path))
    if isinstance(document.tree, dict):
        problems = []
        for key in NUMBERS_IN:
            problems += unsourced(document, document.tree.get(key), (key,), (key,), 1)
        problems += read_tier_files(document, ("margin", "schedules"), path)
        if problems:
            raise ScenarioError(problems)
    return document


def _file(document: Document, path: Path_, rules: str, file: Path) -> Path:
    folders = [file.resolve().parent.parent / "venues", configs_folder() / "venues"]
    known = sorted({found.stem for folder in folders for found in folder.glob("*.yaml")})
    if rules in known:
        return next(folder / f"{rules}.yaml" for folder in folders if (folder / f"{rules}.yaml").is_file())
    message = f"no rule book {shown(rules)}{did_you_mean(rules, known)}"
    raise ScenarioError([problem_at(document.position(path), dotted(document.tree, path), message)])
