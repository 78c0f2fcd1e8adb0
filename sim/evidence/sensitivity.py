"""Which factor moves an outcome: Sobol' indices, Morris effects, and how much of what is seen is the seeds' noise.

Outcomes come as (points, seeds) in the order of the design; a point's outcome is its mean over the seeds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BOOTSTRAP_SEED = 20_231  # not zero: the library takes zero for no seed at all
RESAMPLES = 1000
RESAMPLED_CELLS = 20_000_000  # base samples x resamples held at once
LEVEL = 0.95
COLUMNS = ("index", "factor", "with", "estimate", "low", "high")


@dataclass(frozen=True)
class Noise:
    """Where the variance of one run comes from, as shares; and the share of noise in the variance of points' means.

    All None with one seed, or where nothing varies.
    """

    seeds: int
    factors: float | None = None
    common: float | None = None  # the seed alone: it moves all points alike and cancels in their differences
    joint: float | None = None  # seed and point together: what a mean over seeds still holds a part of
    of_means: float | None = None


def seed_noise(outcomes: Floats) -> Noise:
    """Variance components of (points, seeds) outcomes, every point with the same seeds; a two-way table, no repeats."""
    points, seeds = outcomes.shape
    if seeds < 2 or points < 2:
        return Noise(seeds)
    rows, columns = outcomes.mean(axis=1), outcomes.mean(axis=0)
    rest = outcomes - rows[:, None] - columns[None, :] + outcomes.mean()
    joint = float((rest**2).sum()) / ((points - 1) * (seeds - 1))
    of_rows, of_columns = float(rows.var(ddof=1)), float(columns.var(ddof=1))
    factors = max(of_rows - joint / seeds, 0.0)
    common = max(of_columns - joint / points, 0.0)
    total = factors + common + joint
    if total == 0.0 or of_rows == 0.0:
        return Noise(seeds)
    return Noise(seeds, factors / total, common / total, joint / total, min(joint / seeds / of_rows, 1.0))


def is_constant(outcomes: Floats) -> bool:
    """Whether the points' means are the same but for rounding, so that no index is defined."""
    means = outcomes.mean(axis=1)
    return bool(np.ptp(means) <= 1e-12 * max(float(np.abs(means).max()), 1e-300))


def sobol_indices(outcomes: Floats, names: Sequence[str], second_order: bool) -> pd.DataFrame:
    """First and total, and second order where asked for, of a saltelli design; bootstrap intervals, always the same.

    Rows: index (`first`, `total`, `second`), factor, with (the other of a pair), estimate, low, high. Raises ValueError
    where the number of points is none of such a design, or nothing varies.
    """
    from SALib.analyze import sobol

    d = len(names)
    block = (2 * d if second_order else d) + 2
    if len(outcomes) % block or not len(outcomes):
        raise ValueError(f"{len(outcomes)} points are no multiple of {block}, as a saltelli design of {d} factors has")
    _refuse_constant(np.concatenate([outcomes[::block], outcomes[block - 1 :: block]]))  # the two that are scaled by
    found = sobol.analyze(
        _problem(names), outcomes.mean(axis=1), calc_second_order=second_order,
        num_resamples=_resamples(len(outcomes) // block), conf_level=LEVEL, seed=BOOTSTRAP_SEED,
    )  # fmt: skip
    rows = [
        _row(index, name, "", found[key][j], found[f"{key}_conf"][j])
        for index, key in (("first", "S1"), ("total", "ST"))
        for j, name in enumerate(names)
    ]
    if second_order:
        rows += [
            _row("second", names[j], names[k], found["S2"][j, k], found["S2_conf"][j, k])
            for j, k in combinations(range(d), 2)
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def morris_effects(outcomes: Floats, sample: Floats, names: Sequence[str], levels: int) -> pd.DataFrame:
    """Mean, mean absolute value and standard deviation of the elementary effects of a morris design.

    sample: (points, factors) shares of each factor's range; an effect is the outcome's change over the whole range.
    Rows as above, index `mu` (t interval), `mu_star` (bootstrap) or `sigma` (no interval). Raises ValueError.
    """
    from SALib.analyze import morris
    from scipy.special import stdtrit

    if sample.shape != (len(outcomes), len(names)) or len(outcomes) % (len(names) + 1):
        raise ValueError(f"{len(outcomes)} points are no trajectories of {len(names)} factors")
    _refuse_constant(outcomes)
    trajectories = len(outcomes) // (len(names) + 1)
    found = morris.analyze(
        _problem(names), np.asarray(sample, float), outcomes.mean(axis=1), num_resamples=_resamples(trajectories),
        conf_level=LEVEL, num_levels=levels, seed=BOOTSTRAP_SEED,
    )  # fmt: skip
    sigma = np.asarray(found["sigma"], float)
    half = float(stdtrit(trajectories - 1, 0.5 + LEVEL / 2)) * sigma / math.sqrt(trajectories)
    rows = [_row("mu", name, "", found["mu"][j], half[j]) for j, name in enumerate(names)]
    rows += [_row("mu_star", name, "", found["mu_star"][j], found["mu_star_conf"][j]) for j, name in enumerate(names)]
    rows += [_row("sigma", name, "", sigma[j], math.nan) for j, name in enumerate(names)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _refuse_constant(outcomes: Floats) -> None:
    if is_constant(outcomes):
        raise ValueError("the outcome is the same at every point")


def _resamples(n: int) -> int:
    return int(min(RESAMPLES, max(100, RESAMPLED_CELLS // n)))


def _problem(names: Sequence[str]) -> dict[str, object]:
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def _row(index: str, factor: str, other: str, estimate: float, half: float) -> tuple[object, ...]:
    middle, wide = float(estimate), float(half)
    return index, factor, other, middle, middle - wide, middle + wide
