"""Intervals that a reader may trust: t for means and paired differences, Wilson for shares, bootstrap for medians.

A missing value (None or NaN) is dropped and counted, never read as zero. A censored value (one that is only known to be
at least so large) stays in and is counted, and the interval then says `>=` when written out.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Value = float | int | None


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval. None where the data cannot say; n used, missing dropped, censored kept.

    difference: of two censored values, so that not even a bound is known.
    """

    estimate: float | None
    low: float | None
    high: float | None
    n: int
    missing: int = 0
    censored: int = 0
    difference: bool = False

    @property
    def side(self) -> int:
        """1 where the whole interval is above zero, -1 where it is below, 0 where it holds zero or is not known."""
        if self.low is None or self.high is None:
            return 0
        return 1 if self.low > 0.0 else -1 if self.high < 0.0 else 0

    def text(self, digits: int = 3, factor: float = 1.0) -> str:
        """`estimate [low, high]`, times a factor; `>=` before an estimate that censored values pull down."""
        if self.estimate is None:
            return "-"
        mark = ("censored: " if self.difference else ">= ") if self.censored else ""
        if self.low is None or self.high is None:
            return f"{mark}{self.estimate * factor:z.{digits}f}"
        low, high = self.low * factor, self.high * factor
        return f"{mark}{self.estimate * factor:z.{digits}f} [{low:z.{digits}f}, {high:z.{digits}f}]"


def _array(values: Iterable[Value]) -> NDArray[np.float64]:
    return np.asarray([math.nan if value is None else float(value) for value in values], dtype=np.float64)


def mean_interval(values: Iterable[Value], censored: int = 0) -> Interval:
    """Mean with a 95 % t interval; one value has no interval."""
    every = _array(values)
    kept = every[np.isfinite(every)]
    missing = len(every) - len(kept)
    if len(kept) == 0:
        return Interval(None, None, None, 0, missing, censored)
    mean = float(kept.mean())
    if len(kept) == 1:
        return Interval(mean, None, None, 1, missing, censored)
    from scipy.special import stdtrit  # far cheaper to import than scipy.stats, and the same quantile

    half = float(stdtrit(len(kept) - 1, 0.975)) * float(kept.std(ddof=1)) / math.sqrt(len(kept))
    return Interval(mean, mean - half, mean + half, len(kept), missing, censored)


def paired_difference(first: Sequence[Value], second: Sequence[Value], censored: int = 0) -> Interval:
    """Mean of second - first with a 95 % t interval over pairs; a pair with a missing half is dropped.

    Raises ValueError when the two are not of one length.
    """
    if len(first) != len(second):
        raise ValueError(f"pairs need equal lengths, not {len(first)} and {len(second)}")
    plain = mean_interval((_array(second) - _array(first)).tolist(), censored)
    return replace(plain, difference=True)


def wilson_interval(successes: int, n: int) -> Interval:
    """Share of successes with a 95 % Wilson interval. Raises ValueError unless 0 <= successes <= n."""
    if not 0 <= successes <= n:
        raise ValueError(f"successes {successes} must lie between 0 and n = {n}")
    if n == 0:
        return Interval(None, None, None, 0)
    z = 1.959963984540054
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low = 0.0 if successes == 0 else centre - half  # exactly 0 and 1 at the ends, not 1e-17
    high = 1.0 if successes == n else centre + half
    return Interval(share, low, high, n)


def share_true(values: Iterable[bool | None]) -> Interval:
    """Share of true values with a Wilson interval; None is missing."""
    every = list(values)
    known = [value for value in every if value is not None]
    plain = wilson_interval(sum(map(bool, known)), len(known))
    return Interval(plain.estimate, plain.low, plain.high, plain.n, len(every) - len(known))


def median_interval(values: Iterable[Value], resamples: int = 2000, seed: int = 0) -> Interval:
    """Median with a 95 % percentile bootstrap interval; the resampling is seeded, so the answer repeats."""
    every = _array(values)
    kept = every[np.isfinite(every)]
    missing = len(every) - len(kept)
    if len(kept) == 0:
        return Interval(None, None, None, 0, missing)
    if len(kept) == 1:
        return Interval(float(kept[0]), None, None, 1, missing)
    draws = np.random.default_rng(seed).integers(0, len(kept), size=(resamples, len(kept)))
    low, high = np.quantile(np.median(kept[draws], axis=1), [0.025, 0.975])
    return Interval(float(np.median(kept)), float(low), float(high), len(kept), missing)


def paired_bootstrap(first: Sequence[Value], second: Sequence[Value], resamples: int = 4000, seed: int = 0) -> Interval:
    """Mean of second - first with a 95 % percentile bootstrap interval over pairs; seeded, so the answer repeats.

    A pair with a missing half is dropped. Raises ValueError when the two are not of one length.
    """
    plain = paired_difference(first, second)
    differences = _array(second) - _array(first)
    kept = differences[np.isfinite(differences)]
    if len(kept) < 2:
        return plain
    draws = np.random.default_rng(seed).integers(0, len(kept), size=(resamples, len(kept)))
    low, high = np.quantile(kept[draws].mean(axis=1), [0.025, 0.975])
    return replace(plain, low=float(low), high=float(high))
