"""What was understood of a file: the same facts for people and for programs."""

from dataclasses import dataclass, field
from typing import Any

REFUSALS_MAX = 20  # that are named; the others are counted
NOTES_MAX = 20


@dataclass
class Report:
    """Facts of one reading; `rows` counts all rows of data, `refused` those not taken. Times are UTC."""

    file: str
    format: str = ""
    title: str = ""
    gives: str = ""
    container: str = "plain"
    header: bool = False
    instrument: str = ""
    interval: str = ""
    time_unit: str = ""
    first: str = ""
    last: str = ""
    rows: int = 0
    refused: int = 0
    gaps: int = 0
    spacing_s: float | None = None
    longest_spacing_s: float | None = None
    semantics: str = ""
    sides: dict[str, int] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)  # of the file as a whole: it must not be used

    def refuse(self, row: int, reason: str) -> None:
        """A row that was not taken."""
        self.refused += 1
        self._name(row, reason)

    def gap(self, row: int, reason: str) -> None:
        """A row that was taken although something is missing before it."""
        self.gaps += 1
        self._name(row, reason)

    def note(self, text: str) -> None:
        """Something to know that is not wrong."""
        if text not in self.notes and len(self.notes) < NOTES_MAX:
            self.notes.append(text)

    def _name(self, row: int, reason: str) -> None:
        if len(self.problems) < REFUSALS_MAX:
            self.problems.append((row, reason))

    @property
    def further(self) -> int:
        """Problems of rows beyond those that are named."""
        return self.refused + self.gaps - len(self.problems)

    def plain(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "file": self.file,
            "format": self.format,
            "title": self.title,
            "gives": self.gives,
            "container": self.container,
            "header": self.header,
            "instrument": self.instrument or None,
            "interval": self.interval or None,
            "time_unit": self.time_unit or None,
            "zone": "UTC" if self.first else None,
            "first": self.first or None,
            "last": self.last or None,
            "rows": self.rows,
            "rows_taken": self.rows - self.refused,
            "rows_refused": self.refused,
            "gaps": self.gaps,
            "spacing_s": self.spacing_s,
            "longest_spacing_s": self.longest_spacing_s,
            "semantics": self.semantics or None,
            "sides": self.sides,
            "figures": self.figures,
            "notes": self.notes,
            "problems": [{"row": row, "reason": reason} for row, reason in self.problems],
            "further_problems": self.further,
            "faults": self.faults,
        }

    def lines(self) -> list[str]:
        """Return the problems as lines: faults of the file, then of its rows."""
        return [*self.faults, *self.row_lines()]

    def row_lines(self) -> list[str]:
        """Return the problems of rows as lines, and how many more there are."""
        named = [f"row {row}: {reason}" for row, reason in sorted(self.problems)]
        return [*named, f"and {self.further} further rows"] if self.further else named
