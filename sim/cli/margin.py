"""The commands of the margin calculator."""

import json
from pathlib import Path
from typing import Any

import typer

from sim.calculator.comparison import compare as compared
from sim.calculator.dial_table import dial_tables
from sim.calculator.report import Statement, report
from sim.calculator.table import first_tiers, text_of, venues_text
from sim.scenario.cases import read_cases, venue_documents


def margin_command(file: Path, as_json: bool, compare: bool) -> None:
    """Print the answers to the cases of a file, as JSON or as text."""
    cases = read_cases(file)
    answers = [_answer(statement, compare) for statement in cases.statements]
    if as_json:
        typer.echo(json.dumps({"cases": answers} if cases.is_list else answers[0], indent=2, allow_nan=False))
        return
    texts = []
    for number, (statement, answer) in enumerate(zip(cases.statements, answers, strict=True), 1):
        heading = f"case {number} of {len(answers)}" if cases.is_list else ""
        texts.append(text_of(statement, answer, heading))
    typer.echo("\n\n\n".join(texts))


def _answer(statement: Statement, compare: bool) -> dict[str, Any]:
    answer = report(statement)
    return {**answer, "compare": compared(statement)} if compare else answer


def venues_command(as_json: bool, table: bool = False) -> None:
    """Print the rule books that come with the package."""
    found = venue_documents()
    if table:
        typer.echo(dial_tables(found), nl=False)
        return
    if not as_json:
        typer.echo(venues_text(found))
        return
    rows = [
        {
            "name": name,
            "title": book.get("title", ""),
            "as_of": book.get("as_of", ""),
            "first_tiers": {
                contract: {"floor": floor, "maintenance_margin_rate": rate, "max_leverage": rest[0] if rest else None}
                for contract, (floor, rate, *rest) in first_tiers(book).items()
            },
        }
        for name, book in found
    ]
    typer.echo(json.dumps({"venues": rows}, indent=2))
