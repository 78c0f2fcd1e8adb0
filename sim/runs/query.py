"""`firesale query`: SQL over the tables of a results folder, in a DuckDB that can reach nothing else."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sim.runs import store, terminal
from sim.runs.results import Results, find_results

if TYPE_CHECKING:
    import pandas as pd

# In memory, without a file of its own; neither files nor network nor variables of this process can be reached from SQL,
# and none of that can be changed from there. The tables are handed over already opened.
CLOSED = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
    "temp_directory": "",
    "lock_configuration": True,
}
ROWS_SHOWN = 40
WIDTH_LEAST = 40
CELL_WIDTH = 40
POLL_S = 0.1
FETCHED = 10_000  # rows at a time, where all are printed


def query_command(sql: str, where: str | None, form: str) -> None:
    """Prints the answer on stdout: a table, `csv` or `json`. Raises ScenarioError for bad SQL and bad folders."""
    results = find_results(where)
    if where is None:
        terminal.say(f"Reading {results.folder}")
    if not results.is_finished:
        found, all_runs = results.finished_runs()
        of = f" of {all_runs:,}" if all_runs is not None else ""
        terminal.say(f"{results.folder} is not finished: {found:,}{of} runs are in these tables")
    with connected(results, sql) as connection:
        _interruptible(connection, lambda: _print_answer(connection, sql, form))


def _interruptible(connection: Any, work: Callable[[], None]) -> None:
    """Does the work in a thread, so that Ctrl-C reaches this one whatever DuckDB is at."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        try:
            while not future.done():
                wait([future], timeout=POLL_S)
        except KeyboardInterrupt:
            while not future.done():  # again, where the query had not begun when it was first interrupted
                connection.interrupt()
                wait([future], timeout=POLL_S)
            raise
        future.result()


def _print_answer(connection: Any, sql: str, form: str) -> None:
    if form == "table":
        _print_table(connection.sql(sql))
        return
    answer = connection.execute(sql)
    names = [column[0] for column in answer.description]
    if form == "csv":
        _print_csv(names, answer)
    else:
        _print_json(names, answer)


def query_frame(results: Results, sql: str) -> "pd.DataFrame":
    """The answer as a frame. Raises ScenarioError."""
    with connected(results, sql) as connection:
        frame: pd.DataFrame = connection.execute(sql).df()
        return frame


@contextmanager
def connected(results: Results, sql: str) -> Iterator[Any]:
    """A DuckDB connection to the tables of a folder, for one query. Raises ScenarioError for what it refuses."""
    duckdb = _duckdb()
    if not results.tables:
        raise results.absent("runs")
    tables = {name: results.dataset(name) for name in results.tables}
    with duckdb.connect(":memory:", config=CLOSED) as connection:
        try:
            statements = duckdb.extract_statements(sql)
            if len(statements) != 1 or statements[0].type.name != "SELECT":
                raise store.refuse(
                    "sql", "one query is answered: SELECT, FROM, WITH, DESCRIBE, SUMMARIZE or SHOW TABLES"
                )
            for name, table in tables.items():
                connection.register(name, table)
            yield connection
        except (duckdb.Error, RuntimeError) as error:
            if "interrupted" in str(error).lower():  # Ctrl-C, which DuckDB says in its own words
                raise KeyboardInterrupt from None
            if not isinstance(error, duckdb.Error):
                raise
            raise store.refuse("sql", _one_line(str(error))) from None


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError:
        raise store.refuse("sql", "needs the package duckdb; install firesale[stats]") from None
    return duckdb


def _one_line(text: str) -> str:
    """What is wrong, without the copy of the query that DuckDB adds."""
    said = text.partition("\nLINE ")[0]
    return " ".join(said.split())


def _print_table(answer: Any) -> None:
    from rich.console import Console

    width = max(Console().width, WIDTH_LEAST)
    answer.show(max_width=width, max_rows=ROWS_SHOWN, max_col_width=CELL_WIDTH, null_value="-")


def _rows(answer: Any) -> Iterator[tuple[Any, ...]]:
    while rows := answer.fetchmany(FETCHED):
        yield from rows


def _print_csv(names: list[str], answer: Any) -> None:
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(names)
    out.writerows(_rows(answer))


def _print_json(names: list[str], answer: Any) -> None:
    """A list of objects, one a row."""
    rows = [dict(zip(names, map(_plain, row), strict=True)) for row in _rows(answer)]
    print(json.dumps(store.clean(rows), indent=2, allow_nan=False, ensure_ascii=False, default=str))


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value
