"""How procyclical a margin is: measures of one series of rates, of a portfolio that does not change."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Series = NDArray[Any]
RISE_MINUTES = (1, 5, 30)


def peak_to_trough(rates: Series) -> float | None:
    """Highest over lowest rate; 1 for a flat one, None without any."""
    return float(rates.max() / rates.min()) if len(rates) and rates.min() > 0 else None


def largest_rise(rates: Series, n: int) -> float | None:
    """The largest rate over that of n steps before (Murphy, Vasios and Vause 2014); None in a shorter series."""
    if n < 1 or len(rates) <= n or rates.min() <= 0:
        return None
    return float(np.max(rates[n:] / rates[:-n]))
