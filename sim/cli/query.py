"""The command that asks results in SQL."""

from typing import Annotated

import typer

from sim.cli.app import app
from sim.cli.exit_codes import exit_codes


@app.command()
def query(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[RESULTS] SQL",
            help="a folder, by path or by name below results/ (default: the newest); and a query",
        ),
    ],
    as_csv: Annotated[bool, typer.Option("--csv", help="print all rows as CSV")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print all rows as a list of JSON objects")] = False,
) -> None:
    """Ask the tables of a results folder in SQL.

    Tables are runs, steps and events; of a single run also evaluation and profits. Nothing else can be read or written.
    """
    with exit_codes():
        from sim.runs import store

        if len(words) > 2:
            raise store.refuse("query", "takes a folder and a query; put the query in quotation marks")
        if as_csv and as_json:
            raise store.refuse("csv", "does not go with --json; choose one")
        from sim.runs.query import query_command

        query_command(
            words[-1], words[0] if len(words) == 2 else None, "csv" if as_csv else "json" if as_json else "table"
        )
