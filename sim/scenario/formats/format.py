"""What a file format is: what it gives, which columns are read, and how a row of cells becomes a clean row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sim.scenario.formats.report import Report

# A clean row: time in microseconds and what follows it; of a tier table: the symbol and its tier.
Row = tuple[Any, ...]
Cells = Sequence[Any]


class Refused(ValueError):
    """A row that is not taken; the text says why."""


class Unreadable(ValueError):
    """A file that is not read, or not to its end; the text says why, and what to do."""


class Reader(Protocol):
    """Reads the rows of one file. It remembers of earlier rows what the checks need and nothing else."""

    def row(self, number: int, cells: Cells) -> Row:
        """Return the clean row. Raises Refused."""

    def conclude(self, report: Report) -> None:
        """Say what only the whole file shows: spacing, gaps, sides, what it stands for."""


@dataclass(frozen=True)
class Format:
    """One format of one line in the registry."""

    name: str
    title: str
    gives: Literal["bars", "ticks", "tiers", "figures"]
    carriers: tuple[str, ...]  # csv, json_rows, json_tiers, feather
    columns: tuple[str, ...]  # that are read, found by the header; in this order they are the cells
    new: Callable[[], Reader]
    exact: bool = False  # a header has these columns in this order and no others
    bare: tuple[tuple[str, ...], ...] = ()  # the columns of files without a header
    aliases: tuple[tuple[str, str], ...] = ()  # other words of headers, and the column that each means
    named: str = ""  # pattern of file names, with the groups symbol and interval
    word: str = ""  # in the file's name: tells formats apart whose columns are the same
    traps: str = ""  # what goes wrong with such files, for the table in the docs
