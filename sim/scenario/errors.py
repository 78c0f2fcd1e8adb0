"""What is wrong with a scenario: every problem with its file, line, column and path."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Position:
    """A place in a file; lines and columns count from 1. Line 0 is no file but an option or an argument."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, at which path, what, and what is allowed."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: " if self.line else f"{self.file}: "
        named = not self.path or self.file == f"--{self.path}"  # the option --seed names the dial seed
        return f"{where}{self.message}" if named else f"{where}{self.path}: {self.message}"


class ScenarioError(ValueError):
    """A scenario that cannot be run. `problems` holds all that was found; the text has one line for each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type, tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


def problem_at(position: Position, path: str, message: str) -> Problem:
    """Return a problem at a position."""
    return Problem(position.file, position.line, position.column, path, message)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return '; did you mean ...?' for the nearest known word, or the list of known words when none is near."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; known: {', '.join(sorted(known))}" if known else ""


def shown(value: object) -> str:
    """Return a value as a reader would write it, cut to 60 characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int) and value.bit_length() > 128:
        return "a huge whole number"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
