"""Figures beside the values that they must have: bands, standard errors, and one word of judgement each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sim.evidence.analysis import Analysis

SIGMAS = 4.0  # a true value is farther from its estimate than so many standard errors once in 16,000 times


@dataclass(frozen=True)
class Check:
    """A measured figure, its standard error, the value it must have and how far from it it may lie."""

    name: str
    estimate: float
    error: float
    target: float
    band: float
    digits: int = 3

    @property
    def word(self) -> str:
        """In, out, or undecided: outside its band by less than the samples can tell."""
        distance = abs(self.estimate - self.target)
        if distance <= self.band:
            return "in"
        return "undecided" if distance <= SIGMAS * self.error else "out"

    @property
    def sharp(self) -> bool:
        """True when the samples suffice: the sampling error is smaller than the band."""
        return SIGMAS * self.error <= self.band


def mean_error(values: Sequence[float]) -> tuple[float, float]:
    """(mean, its standard error) of independent values; one value has no error that could be known (infinite)."""
    series = pd.Series(values, dtype=float)
    error = float(series.std(ddof=1)) / math.sqrt(len(series)) if len(series) > 1 else math.inf
    return float(series.mean()), error


def judged(
    title: str, checks: Sequence[Check], figures: dict[str, bytes], remark: str = "", brief: Sequence[Check] = ()
) -> Analysis:
    """The answer of an experiment that is a list of checks; `brief` are those for a terminal (default: all)."""
    outside = [check.name for check in checks if check.word == "out"]
    blunt = sum(not check.sharp for check in checks)
    undecided = [check.name for check in checks if check.word == "undecided"]
    verdict = f"{len(checks) - len(outside) - len(undecided)} of {len(checks)} figures are in their bands."
    if outside:
        verdict += " Outside: " + "; ".join(outside) + "."
    if undecided:
        verdict += " Too few samples to tell: " + "; ".join(undecided) + "."
    if blunt:
        verdict += f" For {blunt} of them {SIGMAS:g} standard errors are wider than the band: play the full form."
    facts: dict[str, Any] = {"outside": outside, "undecided": undecided, "too_few_samples": blunt}
    numbers = [
        {
            "quantity": check.name, "estimate": check.estimate, "standard_error": check.error,
            "target": check.target, "band": check.band, "verdict": check.word,
        }
        for check in checks
    ]  # fmt: skip
    shown = {title: _texts(brief or checks).drop(columns=["s.e.", "band"])}
    words = verdict + ("\n" + remark if remark else "")
    return Analysis(_texts(checks), shown, pd.DataFrame(numbers), figures, words, facts)


def _texts(checks: Sequence[Check]) -> pd.DataFrame:
    rows = []
    for check in checks:
        digits = check.digits
        rows.append(
            {
                "quantity": check.name,
                "measured": f"{check.estimate:.{digits}f}",
                "s.e.": f"{check.error:.{digits + 1}f}",
                "target": f"{check.target:.{digits}f}",
                "band": f"+- {check.band:.{digits}f}",
                "verdict": check.word,
            }
        )
    return pd.DataFrame(rows)
