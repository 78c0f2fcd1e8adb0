"""The command for files of market data."""

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.exit_codes import exit_codes
from sim.cli.options import AsJson


def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="market data: CSV, JSON or feather, also .zip or .gz")],
    form: Annotated[str | None, typer.Option("--format", help="its format; default: what its content shows")] = None,
    as_json: AsJson = False,
    out: Annotated[
        Path | None, typer.Option(help="write an index path (CSV) or margin schedules (YAML) to this new file")
    ] = None,
    column: Annotated[str, typer.Option(help="price of a bar: open, high, low or close")] = "close",
    step_seconds: Annotated[float, typer.Option(min=1e-3, max=3_600.0, help="length of a step, for the path")] = 1.0,
    starts_at: Annotated[str | None, typer.Option(help="time of step 0, as in 2025-10-10T20:50:00Z")] = None,
    gaps: Annotated[str, typer.Option(help="rows that are missing in the path: refuse or bridge")] = "refuse",
    symbol: Annotated[list[str] | None, typer.Option(help="only these tiers, as in BTCUSDT; may be repeated")] = None,
) -> None:
    """Show what is understood of a file of market data.

    Format, times, rows refused and why, and what was assumed about sides. A scenario can name such a file.
    """
    with exit_codes():
        from sim.runs.import_file import Wish, import_command

        wish = Wish(out, form, column, step_seconds, starts_at, gaps, tuple(symbol or ()))
        import_command(file, wish, as_json)
