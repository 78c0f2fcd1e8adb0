"""Margin schedules from files of leverage tiers."""

from pathlib import Path

from sim.scenario.document import read_document
from sim.scenario.errors import did_you_mean, shown
from sim.scenario.formats.format import Unreadable
from sim.scenario.formats.leverage_tiers import contract_name
from sim.scenario.formats.reading import Reading, reading

Rows = list[list[float]]
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
