"""The command `firesale`."""

from sim.cli import query, sweeps
from sim.cli.app import app


def main() -> None:
    """Run the command line."""
    app()


__all__ = ["app", "main", "query", "sweeps"]
