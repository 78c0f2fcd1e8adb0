"""The commands of `firesale`. Whatever is heavy is imported inside a command, so that help comes at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.data import import_file
from sim.cli.exit_codes import FAILED_STRATEGY, exit_codes
from sim.cli.options import AllowCode, AsJson, Out, Overrides, ScenarioName

if TYPE_CHECKING:
    from sim.scenario.overrides import Setting

app = typer.Typer(
    name="firesale",
    help="Leveraged traders on a simulated order book: how liquidation cascades start, spread and end.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from sim import __version__

        typer.echo(f"firesale {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    scenario: ScenarioName,
    seed: Annotated[int | None, typer.Option(help="root of every draw; default: the scenario's")] = None,
    steps: Annotated[int | None, typer.Option(help="length; default: the scenario's")] = None,
    overrides: Overrides = None,
    out: Out = None,
    as_json: AsJson = False,
    evaluation: Annotated[
        bool, typer.Option("--evaluation", help="also print each population's profit by part, and its risk")
    ] = False,
    allow_code: AllowCode = False,
) -> None:
    """Play one run and write its results folder."""
    with exit_codes():
        from sim.scenario import load

        record = load(scenario, _settings(overrides, seed=seed, steps=steps))
        from sim.runs.run import run_command

        run_command(
            record,
            seed=seed,
            steps=steps,
            out=out,
            as_json=as_json,
            with_evaluation=evaluation,
            allow_code=allow_code,
        )


@app.command()
def population(
    people: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="a population file or scenario, or the name of one in configs/populations or scenarios"
        ),
    ],
    seed: Annotated[int | None, typer.Option(help="root of every draw; default: the scenario's")] = None,
    scenario: Annotated[str, typer.Option(help="world in which the people of a population file stand")] = "baseline",
    overrides: Overrides = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Draw who stands where at the start: sizes, leverage, and at which price they would be liquidated."""
    with exit_codes():
        from sim.runs.population import population_command

        settings = _settings(overrides, seed=seed)
        population_command(people, scenario, settings, seed=seed, out=out, as_json=as_json)


@app.command()
def validate(
    scenarios: Annotated[
        list[str], typer.Argument(metavar="SCENARIO...", help="YAML files or names of configs/scenarios")
    ],
    overrides: Overrides = None,
) -> None:
    """Check scenario files; say what is wrong and where, or what to know about them."""
    with exit_codes():
        from sim.scenario import Problem, ScenarioError, load

        problems: list[Problem] = []
        for name in scenarios:
            try:
                record = load(name, _settings(overrides))
            except ScenarioError as error:
                problems += error.problems
                continue
            typer.echo(f"{record.name}: ok, configuration {record.config_hash[:12]}")
            for note in record.notes():
                typer.echo(f"  {note}")
        if problems:
            raise ScenarioError(problems)


@app.command("check-strategy")
def check_strategy(
    target: Annotated[str, typer.Argument(metavar="FILE[:CLASS]", help="a .py file, and the strategy in it")],
    scenario: Annotated[str, typer.Option(help="world in which it is tried")] = "baseline",
    count: Annotated[int, typer.Option(min=1, max=20_000, help="traders")] = 2,
    capital: Annotated[float, typer.Option(min=0.0, help="money that each brings, quote units")] = 1.0e5,
    leverage: Annotated[float, typer.Option(min=1.0, max=1_000.0, help="leverage that each chooses")] = 5.0,
    seed: Annotated[int, typer.Option(min=0, help="root of every draw")] = 1,
    time_limit: Annotated[float, typer.Option(min=0.01, help="seconds that a decision may take")] = 1.0,
) -> None:
    """Run a strategy in plain Python through the rules that every strategy keeps."""
    with exit_codes():
        from sim.runs.check_strategy import check_command

        options = {"count": count, "capital": capital, "leverage": leverage, "seed": seed}
        kept = check_command(target, scenario, time_limit, options)
    if not kept:
        raise typer.Exit(FAILED_STRATEGY)


@app.command()
def margin(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="a YAML or JSON file: an account and its rules")],
    as_json: AsJson = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="also margin by flat rates, tiers, value at risk and expected shortfall")
    ] = False,
) -> None:
    """Compute the margin of an account by hand.

    Equity, requirements, liquidation and bankruptcy prices, and the orders that the venue would send; exact.
    """
    with exit_codes():
        from sim.cli.margin import margin_command

        margin_command(case, as_json=as_json, compare=compare)


@app.command()
def venues(
    as_json: AsJson = False,
    table: Annotated[bool, typer.Option("--table", help="every dial beside every venue, as Markdown")] = False,
) -> None:
    """List the rule books of venues.

    Each with its date, its title and the first tier of every contract.
    """
    with exit_codes():
        from sim.cli.margin import venues_command

        venues_command(as_json=as_json, table=table)


app.command("import")(import_file)


@app.command()
def schema() -> None:
    """Print the JSON schema of scenario files."""
    with exit_codes():
        import json

        from sim.scenario import scenario_schema

        typer.echo(json.dumps(scenario_schema(), indent=2, sort_keys=True))


@app.command()
def phases() -> None:
    """Print the phases of a step, in order."""
    with exit_codes():
        from sim.phases import PHASES

        for number, name, text in PHASES:
            typer.echo(f"{number:2} {name:<20} {text}")


@app.command()
def parts(
    role: Annotated[str | None, typer.Argument(help="only this role, as in strategies")] = None,
) -> None:
    """Print each role, its parts and their dials."""
    with exit_codes():
        from sim.cli.catalogue import catalogue

        typer.echo(catalogue(role))


@app.command()
def bench(as_json: AsJson = False) -> None:
    """Measure speed and memory on one core."""
    with exit_codes():
        from sim.runs.bench import bench_command

        bench_command(as_json)


def _settings(overrides: list[str] | None, **dials: int | None) -> "list[Setting]":
    """Return the overrides and the options that are dials, each to be called by the option that was typed."""
    from sim.scenario.overrides import Setting, split_override

    given = [split_override(text, "--set") for text in overrides or ()]
    return given + [Setting((name,), value, f"--{name}") for name, value in dials.items() if value is not None]
