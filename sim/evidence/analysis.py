"""What an experiment's `analyse.py` hands back."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Analysis:
    """The answer of an experiment.

    table: texts with intervals, for readers; brief: narrow tables by title, for a terminal;
    numbers: one row an estimate, for machines; figures: PNG bytes by name, the answer first; verdict: words;
    facts: further keys of summary.json; legend: what the heads of the narrow tables mean.
    """

    table: pd.DataFrame
    brief: dict[str, pd.DataFrame]
    numbers: pd.DataFrame
    figures: dict[str, bytes]
    verdict: str
    facts: dict[str, Any] = field(default_factory=dict)
    legend: str = ""
