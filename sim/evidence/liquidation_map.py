"""The liquidation map: how much notional would be liquidated at which price, sampled over the run."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS = 480
LOWEST, HIGHEST = 0.4, 1.6  # of the start price: what lies outside is not on any picture


def map_edges(start_price: float) -> Floats:
    """Edges of the price bins in quote units."""
    return np.linspace(LOWEST, HIGHEST, BINS + 1) * start_price


@dataclass
class LiquidationMap:
    """Samples of one instrument: one column of notional (quote units) a sample, by bins of liquidation price."""

    start_price: float
    steps: list[int] = field(default_factory=list)
    columns: list[Floats] = field(default_factory=list)

    def add(self, step: int, prices: NDArray[Any], notionals: NDArray[Any]) -> None:
        """Adds a sample: liquidation price and signed notional of each open leveraged position."""
        usable = np.isfinite(prices) & (prices > 0)
        counts, _ = np.histogram(
            prices[usable], bins=map_edges(self.start_price), weights=np.abs(notionals[usable]).astype(np.float64)
        )
        self.steps.append(step)
        self.columns.append(counts)

    def matrix(self) -> Floats:
        """(bins, samples) notional in quote units."""
        return np.stack(self.columns, axis=1) if self.columns else np.zeros((BINS, 0))
