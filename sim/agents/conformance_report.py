"""What the conformance suite found: a line a rule."""

from dataclasses import dataclass
from typing import Any


class Broken(Exception):
    """A rule is broken; the text says how."""


@dataclass(frozen=True)
class Result:
    """One rule: its name, what broke it (None: nothing), and what was seen."""

    rule: str
    broken: str | None = None
    seen: str = ""


@dataclass(frozen=True)
class Conformance:
    """What the suite found; printed, a line a rule."""

    name: str
    results: tuple[Result, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the rules that are broken."""
        return tuple(result.rule for result in self.results if result.broken is not None)

    def __str__(self) -> str:
        lines = [f"{self.name}: {len(self.results) - len(self.failed)} of {len(self.results)} rules kept"]
        for result in self.results:
            text = result.broken if result.broken is not None else result.seen
            lines.append(f"  {'ok  ' if result.broken is None else 'FAIL'} {result.rule}{f': {text}' if text else ''}")
        return "\n".join(lines)


class ConformanceError(AssertionError):
    """A strategy that breaks rules; `report` has all of them."""

    def __init__(self, report: Conformance) -> None:
        self.report = report
        super().__init__(str(report))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.report,)
