"""Stylised facts of a return series: tails, memory, aggregation and impact, each with an interval where it has one.

Returns are plain arrays, or lists of arrays for independent days: no figure ever looks across the seam of two days.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.evidence.statistics import Interval

Floats = NDArray[np.float64]
Days = Sequence[Floats]

TAIL_SHARE = 0.05  # top share of |returns| for the Hill exponent, as for the real windows
RESAMPLES = 400


def log_returns(prices: Floats, stride: int) -> Floats:
    """Log returns over `stride` samples, not overlapping. Raises ValueError for a price that is not positive."""
    kept = np.asarray(prices, dtype=float)[::stride]
    if not (np.isfinite(kept).all() and (kept > 0).all()):
        raise ValueError("prices must be positive and finite")
    return np.diff(np.log(kept))


def hill(values: Floats, share: float = TAIL_SHARE) -> float | None:
    """Hill exponent k / sum of ln(x_i / x_(k+1)) over the k = share * n largest values; None when k < 2.

    Values below or at zero never enter: pass |returns|, or -returns for falls only.
    """
    largest = np.sort(values[values > 0])[::-1]
    k = int(share * len(values))
    if k < 2 or len(largest) <= k or not np.log(largest[:k] / largest[k]).sum() > 0:
        return None
    return float(k / np.log(largest[:k] / largest[k]).sum())


def autocorrelation(days: Days, lag: int) -> float:
    """Autocorrelation of returns at a lag, pairs within days only; mean and variance are those of all days."""
    every = np.concatenate(list(days))
    mean, variance = every.mean(), every.var()
    products = [(day[lag:] - mean) * (day[:-lag] - mean) for day in days if len(day) > lag]
    if not products or not variance > 0:
        return float("nan")
    return float(np.concatenate(products).mean() / variance)


def excess_kurtosis(values: Floats) -> float:
    """Fourth central moment over the squared variance, less 3."""
    centred = values - values.mean()
    return float((centred**4).mean() / (centred**2).mean() ** 2 - 3.0)


def block_bootstrap(days: Days, figure: "Statistic", block: int, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """Estimate of `figure(days)` with a 95 % percentile interval over circular blocks of `block` returns.

    Each resampled day has the length of the day that it stands for, and is put together from blocks of all days.
    """
    rng = np.random.default_rng(seed)
    every = np.concatenate(list(days))
    length = min(block, len(every))
    found = []
    for _ in range(resamples):
        drawn = []
        for day in days:
            starts = rng.integers(0, len(every), -(-len(day) // length))
            places = (starts[:, None] + np.arange(length)).reshape(-1)[: len(day)] % len(every)
            drawn.append(every[places])
        found.append(figure(drawn))
    values = np.asarray([value for value in found if value is not None and np.isfinite(value)], dtype=float)
    estimate = figure(days)
    if estimate is None or not len(values):
        return Interval(estimate, None, None, len(every))
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(float(estimate), float(low), float(high), len(every))


class Statistic:
    """A figure of many days, by name: what a block bootstrap resamples."""

    def __init__(self, name: str, lag: int = 1, share: float = TAIL_SHARE) -> None:
        self.name, self.lag, self.share = name, lag, share

    def __call__(self, days: Days) -> float | None:
        """Return the figure of these days."""
        if self.name == "autocorrelation":
            return autocorrelation(days, self.lag)
        if self.name == "autocorrelation_of_size":
            return autocorrelation([np.abs(day) for day in days], self.lag)
        every = np.concatenate(list(days))
        if self.name == "hill":
            return hill(np.abs(every), self.share)
        if self.name == "kurtosis":
            return excess_kurtosis(every)
        if self.name == "volatility":
            return float(every.std())
        raise ValueError(f"no figure called {self.name}")


def horizon_table(paths: Sequence[Floats], horizons: Sequence[int]) -> list[tuple[int, float, float]]:
    """(horizon in samples, standard deviation, excess kurtosis) of log returns of independent price paths."""
    rows = []
    for horizon in horizons:
        returns = np.concatenate([log_returns(path, horizon) for path in paths])
        rows.append((horizon, float(returns.std()), excess_kurtosis(returns)))
    return rows


@dataclass(frozen=True)
class PowerLaw:
    """response = scale * size ** exponent, fitted in logarithms; decades of size that the fit covers."""

    exponent: float
    low: float | None  # 95 % interval over resampled pairs
    high: float | None
    scale: float
    r_squared: float
    decades: float


def impact_law(sizes: Floats, responses: Floats, resamples: int = RESAMPLES, seed: int = 0) -> PowerLaw:
    """Power law through the mean response at each size.

    sizes: (n,); responses: (pairs, n), each row one state of the market in which every size was tried. Least squares
    in logarithms of the means, so no single response is ever dropped for being negative; a size whose mean is not
    positive raises ValueError. The interval resamples rows.
    """
    means = responses.mean(axis=0)
    if not (means > 0).all():
        bad = ", ".join(f"{size:g}" for size in sizes[means <= 0])
        raise ValueError(f"the mean response is not positive at size {bad}: more pairs are needed")
    exponent, constant = np.polyfit(np.log(sizes), np.log(means), 1)
    fitted = constant + exponent * np.log(sizes)
    total = ((np.log(means) - np.log(means).mean()) ** 2).sum()
    rng = np.random.default_rng(seed)
    slopes = []
    for _ in range(resamples):
        drawn = responses[rng.integers(0, len(responses), len(responses))].mean(axis=0)
        if (drawn > 0).all():
            slopes.append(float(np.polyfit(np.log(sizes), np.log(drawn), 1)[0]))
    low, high = np.quantile(slopes, [0.025, 0.975]) if len(responses) > 1 and slopes else (None, None)
    return PowerLaw(
        exponent=float(exponent),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        scale=float(np.exp(constant)),
        r_squared=float(1.0 - ((np.log(means) - fitted) ** 2).sum() / total) if total > 0 else 1.0,
        decades=float(np.log10(sizes.max() / sizes.min())),
    )
