"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

ScenarioName = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="a YAML file, or the name of one in configs/scenarios")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="change a dial, as in populations.makers.count=6; may be repeated"
    ),
]
Out = Annotated[Path | None, typer.Option(help="results folder; default: below results/")]
AllowCode = Annotated[
    bool, typer.Option("--allow-code", help="run the Python files that the scenario names; without it they are refused")
]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object instead of text")]
