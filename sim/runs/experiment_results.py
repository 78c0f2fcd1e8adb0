"""What a finished experiment leaves in its folder and says on the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sim.evidence.analysis import Analysis
from sim.runs import store, terminal
from sim.runs.digest import sweep_digest
from sim.runs.identity import keys_hash
from sim.runs.ledger import Ledger

WIDE = 116  # columns of a terminal
SOURCES = ("claim.md", "sweep.yaml", "scenario.yaml", "measure.py")


def write_results(
    target: Path,
    home: Path,
    ledger: Ledger,
    runs: pd.DataFrame,
    analysis: Analysis | None,
    facts: Mapping[str, Any],
    duration_s: float,
) -> None:
    """Writes table, verdict, pictures and manifest into a sweep's folder, each whole or not at all. Raises OSError."""
    digest = sweep_digest(target, ledger.parts())
    folder = store.Folder(target, whole=True)
    folder.write_frame("runs.parquet", runs)
    if home.is_dir():
        for name in SOURCES:
            if (home / name).is_file():
                folder.write_text(name, (home / name).read_text(encoding="utf-8"))
    else:
        folder.write_text("sweep.yaml", home.read_text(encoding="utf-8"))
    if analysis is not None:
        folder.write_text("table.md", markdown_table(analysis.table))
        folder.write_frame("table.csv", analysis.numbers)
        lines = terminal.stand_in_lines(facts["stand_ins"])
        folder.write_text("verdict.md", "\n".join([analysis.verdict, *lines, ""]))
        folder.write_json("summary.json", dict(facts) | analysis.facts)
        for name, picture in analysis.figures.items():
            folder.write_bytes(f"{name}.png", picture)
    folder.write_manifest(store.manifest(keys_hash(ledger.keys), duration_s, **facts, results_sha256=digest))


def markdown_table(table: pd.DataFrame) -> str:
    """A frame of texts as a Markdown table."""
    lines = [list(table.columns), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def print_report(
    name: str,
    analysis: Analysis | None,
    runs: pd.DataFrame,
    failed: int,
    seconds: float,
    final: Path,
    reduction: Sequence[str] = (),
) -> None:
    """Prints tables, verdict and variance reduction on stdout, and on stderr how many runs failed and where all is."""
    from rich.console import Console

    if analysis is not None:
        _print_analysis(name, analysis, Console())
    if reduction:
        Console().print("\nVariance reduction: runs without these draws that one run with them is worth", style="dim")
        for line in reduction:
            Console().print(f"  {line}", markup=False, highlight=False, style="dim")
    if failed:
        first = runs.loc[runs["error"].notna(), "error"].iloc[0]
        terminal.say(f"{failed} of {len(runs)} runs failed and are left out; the first: {first}")
        terminal.say("Their tracebacks are in runs.parquet; --retry-failed plays them again")
    terminal.say(f"{len(runs)} runs in {seconds:.1f} s. Results: {final}")
    if analysis is not None and analysis.figures:
        terminal.say(f"The answer in a picture: {final / next(iter(analysis.figures))}.png")


def _print_analysis(name: str, analysis: Analysis, console: Any) -> None:
    from rich.table import Table

    for title, brief in analysis.brief.items():
        table = Table(
            title=f"\n{name}: {title}", box=None, title_justify="left", title_style="bold",
            padding=(0, 1, 0, 0), pad_edge=False, header_style="dim",
        )  # fmt: skip
        for column in brief.columns:
            table.add_column(str(column), justify="right", no_wrap=True)
        for row in brief.astype(str).to_numpy().tolist():
            # A narrow terminal has no room for half-widths; the tables in the results folder have the intervals.
            table.add_row(*(cell if console.width >= WIDE else cell.partition("±")[0] for cell in row))
        console.print(table)
    if analysis.legend:
        console.print(f"\n{analysis.legend}", markup=False, highlight=False, style="dim")
    console.print()
    console.print(analysis.verdict, markup=False, highlight=False, soft_wrap=False)
