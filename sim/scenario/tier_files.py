"""Margin schedules from files of leverage tiers."""

from pathlib import Path

from sim.scenario.document import Document, Path_, read_document
from sim.scenario.errors import Problem, did_you_mean, shown
from sim.scenario.formats.format import Unreadable
from sim.scenario.formats.leverage_tiers import contract_name
from sim.scenario.formats.reading import Reading, reading
from sim.scenario.named_files import file_problems, located

Rows = list[list[float]]
TIER_KEYS = ("file", "symbol")
YAML = (".yaml", ".yml")


def read_tier_file(path: Path, contract: str, symbol: str | None = None) -> Rows:
    """Return rows of floor, maintenance rate and maximum leverage of a contract.

    The symbol is the file's word for it; by default the one whose name without separators is the contract's.
    ValueError says what is wrong, a line for each problem.
    """
    tables = _written_tables(path) if path.suffix in YAML else _tables(path)
    if symbol is not None:
        fitting = [symbol] if symbol in tables else []
    else:
        fitting = [name for name in tables if contract in (name, contract_name(name))]
    if len(fitting) > 1:
        raise ValueError(f"holds several symbols for {contract}: {', '.join(fitting[:5])}; say which with symbol")
    if not fitting:
        wanted = symbol or contract
        known = list(tables) if symbol else [contract_name(name) for name in tables]
        raise ValueError(f"has no tiers of {shown(wanted)}{did_you_mean(wanted, known)[:200]}")
    return tables[fitting[0]]


def _tables(path: Path) -> dict[str, Rows]:
    try:
        with reading(path, path.name) as file:
            return tier_tables(file)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from None


def _written_tables(path: Path) -> dict[str, Rows]:
    """Schedules as `firesale import --out` writes them; the rows are checked with the scenario."""
    schedules = read_document(path, path.name).tree.get("schedules")
    if not isinstance(schedules, dict) or not all(isinstance(rows, list) and rows for rows in schedules.values()):
        raise ValueError("has no mapping `schedules` of contracts to rows")
    return {str(name): list(rows) for name, rows in schedules.items()}


def tier_tables(file: Reading) -> dict[str, Rows]:
    """Return the rows of every symbol of an open file. Raises Unreadable with the problems, a line for each."""
    if file.format.gives != "tiers":
        raise Unreadable(f"{file.format.name} gives no tiers; it gives {file.format.gives}")
    tables: dict[str, Rows] = {}
    for symbol, floor, rate, leverage, _ in file.rows():
        tables.setdefault(symbol, []).append([floor, rate, leverage])
    problems = file.conclude().lines()
    if problems:
        raise Unreadable("\n".join(problems))
    return tables


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
        problems += file_problems(document, path, named, wrong)
    return problems
