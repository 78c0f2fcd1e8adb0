"""The commands of sweeps: play one, ask how far it is, and read what it found."""

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.app import app
from sim.cli.exit_codes import exit_codes
from sim.cli.options import AllowCode, AsJson, Out, Overrides


@app.command()
def experiment(
    where: Annotated[
        str,
        typer.Argument(metavar="EXPERIMENT", help="its folder or name below experiments/, or a sweep's YAML file"),
    ],
    full: Annotated[bool, typer.Option("--full/--quick", help="all arms and seeds, or the quick form")] = False,
    workers: Annotated[int | None, typer.Option(min=1, max=1024, help="processes; default: one a core")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, max=100_000, help="seeds a cell; default: the sweep's")] = None,
    overrides: Overrides = None,
    out: Out = None,
    allow_code: AllowCode = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="check and count the runs, estimate time and disk")
    ] = False,
    new: Annotated[bool, typer.Option("--new", help="begin a new folder instead of continuing")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="play failed runs again")] = False,
    many: Annotated[bool, typer.Option("--yes", help="play more than a million runs")] = False,
    shard: Annotated[str | None, typer.Option(metavar="I/N", help="only the I-th of N shares, for job arrays")] = None,
    backend: Annotated[str, typer.Option(metavar="KIND", help="where: serial, local, dask or slurm")] = "local",
    address: Annotated[
        str | None, typer.Option(help="a Dask scheduler: tcp://host:port, or its scheduler file")
    ] = None,
    site: Annotated[Path | None, typer.Option(metavar="FILE", help="what this cluster's SLURM wants")] = None,
) -> None:
    """Run a sweep, compare its cells and draw the answer; the same command again continues.

    Every finished run is kept: after Ctrl-C, a crash or a full disk only what was being played is played again.
    """
    with exit_codes():
        from sim.runs.backends import BackendOptions
        from sim.runs.experiment import Form, experiment_command

        experiment_command(
            where,
            Form(full, seeds, tuple(overrides or ()), many),
            BackendOptions(backend, workers, address, site),  # type: ignore[arg-type]
            out=out,
            allow_code=allow_code,
            dry_run=dry_run,
            new=new,
            shard=shard,
            retry_failed=retry_failed,
        )


@app.command()
def status(folder: Annotated[Path, typer.Argument(metavar="RESULTS", help="folder of a sweep")]) -> None:
    """Say how far a sweep is: runs done, failed and left, and who is playing it."""
    with exit_codes():
        from sim.runs.status import status_command

        status_command(folder)


@app.command()
def digest(folder: Annotated[Path, typer.Argument(metavar="RESULTS", help="folder of a finished sweep")]) -> None:
    """Print the SHA-256 of all that a finished sweep found: the same wherever and however it was played."""
    with exit_codes():
        from sim.runs.status import digest_command

        digest_command(folder)


@app.command()
def sensitivity(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS", help="results folder of a sweep with a saltelli or morris design")
    ],
    outcome: Annotated[
        list[str], typer.Option("--outcome", metavar="NAME", help="column of runs.parquet; may be repeated")
    ],
    as_json: AsJson = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="one picture of all outcomes; default: one each in RESULTS")
    ] = None,
) -> None:
    """Say which factors of a sweep move an outcome: Sobol' indices or Morris effects."""
    with exit_codes():
        from sim.runs.sensitivity import sensitivity_command

        sensitivity_command(results, outcome, as_json=as_json, out=out)
