"""What an experiment's `analyse.py` hands back."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Analysis:
    """A table to print, PNG pictures by file name, the verdict in words, and facts for summary.json."""

    table: pd.DataFrame
    figures: dict[str, bytes]
    verdict: str
    facts: dict[str, Any] = field(default_factory=dict)
