"""What common random numbers and antithetic pairs save: how many times more runs would be needed without them."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Variances = Callable[[Floats, Floats], tuple[float, float]]  # without the method, and with it

COLUMNS = (
    "outcome",
    "common_draws",
    "common_pairs",
    "common_note",
    "antithetic",
    "antithetic_pairs",
    "antithetic_note",
)
ROUNDING = 1e-12  # of the mean square: what varies by less is constant but for rounding


def variance_reduction(runs: pd.DataFrame, labels: Sequence[str], outcomes: Sequence[str]) -> pd.DataFrame:
    """One row an outcome: two ratios of variances, how many pairs of runs each stands on, or why it is undefined.

    runs: a row a run with `seed`, perhaps `antithetic` (0, 1), `error`; labels: columns that make a cell, `arm` first.
    common_draws: Var(a) + Var(b) over Var(a - b), by seed, of each cell with the first point of its arm and with its
    twin in the first arm, pooled; an antithetic pair counts as its mean. antithetic: variance of the mean of two
    independent runs over that of a pair's mean, pooled over cells. Infinite where the second variance is zero.
    """
    good = runs[runs["error"].isna()] if "error" in runs else runs
    rows = [_row(good, list(labels), outcome) for outcome in outcomes]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"common_draws": float, "antithetic": float})


def reduction_lines(found: pd.DataFrame) -> list[str]:
    """A line an outcome, as in `price_drawdown: common draws 3.1x, antithetic 1.4x`; what is undefined says why."""
    lines = []
    for row in found.to_dict("records"):
        if row["common_note"] and row["common_note"] == row["antithetic_note"]:
            lines.append(f"{row['outcome']}: - ({row['common_note']})")
            continue
        common = _text("common draws", row["common_draws"], row["common_note"])
        halves = _text("antithetic", row["antithetic"], row["antithetic_note"])
        lines.append(f"{row['outcome']}: " + ", ".join(text for text in (common, halves) if text))
    return lines


def _text(name: str, ratio: float, note: str) -> str:
    if math.isnan(ratio):
        return f"{name} - ({note})" if note else ""
    return f"{name} all of it" if math.isinf(ratio) else f"{name} {ratio:.3g}x"


def _row(runs: pd.DataFrame, labels: list[str], outcome: str) -> tuple[object, ...]:
    if outcome not in runs:
        missing = "no such outcome"
        return outcome, None, 0, missing, None, 0, missing if "antithetic" in runs else ""
    values = runs.assign(value=runs[outcome].astype("Float64").to_numpy(dtype=float, na_value=math.nan))
    values = values[np.isfinite(values["value"])]
    if "antithetic" not in runs:
        halves: tuple[float | None, int, str] = (None, 0, "")
    else:
        halves = _ratio(*_halves(values, labels), "no complete pair", _mean_of_two)
    return outcome, *_ratio(*_twins(values, labels), "one cell", _difference), *halves


def _ratio(first: Floats, second: Floats, none: str, variances: Variances) -> tuple[float | None, int, str]:
    """Pooled over (pairs of cells, seeds), NaN where a run is missing: ratio, paired runs, or why there is none."""
    both = np.isfinite(first) & np.isfinite(second)
    counts = both.sum(axis=1)
    used = counts >= 2
    if not used.any():
        return None, 0, "one seed" if counts.any() else none
    one, other = (np.where(both, side, math.nan)[used] for side in (first, second))
    apart, together = variances(one, other)
    scale = float((np.nanmean(one**2, axis=1) + np.nanmean(other**2, axis=1)).sum())
    runs = int(counts[used].sum())
    if apart <= ROUNDING * scale:
        return None, runs, "constant outcome"
    if together <= ROUNDING * scale:
        return math.inf, runs, "nothing of it is left"
    return apart / together, runs, ""


def _variance(rows: Floats) -> float:
    return float(np.nanvar(rows, axis=1, ddof=1).sum())


def _difference(first: Floats, second: Floats) -> tuple[float, float]:
    return _variance(first) + _variance(second), _variance(first - second)


def _mean_of_two(first: Floats, second: Floats) -> tuple[float, float]:
    return (_variance(first) + _variance(second)) / 4.0, _variance((first + second) / 2.0)


def _numbered(values: pd.DataFrame, labels: list[str]) -> pd.Series:
    """Number of each row's combination of labels, in the order in which they first occur."""
    return values.groupby(labels, sort=False, dropna=False).ngroup() if labels else pd.Series(0, index=values.index)


def _twins(values: pd.DataFrame, labels: list[str]) -> tuple[Floats, Floats]:
    """(pairs, seeds): each cell's first point of its arm and its twin in the first arm, and beside them the cell."""
    cells = pd.DataFrame(
        {
            "cell": _numbered(values, labels),
            "arm": _numbered(values, labels[:1]),
            "point": _numbered(values, labels[1:]),
        }
    )
    by_seed = values.assign(cell=cells["cell"]).pivot_table(index="cell", columns="seed", values="value")
    rows = by_seed.to_numpy(dtype=float)
    places = [(int(cell), int(arm), int(point)) for cell, arm, point in cells.drop_duplicates("cell").to_numpy()]
    known = {(arm, point): cell for cell, arm, point in places}
    first_point = {arm: point for _, arm, point in reversed(places)}
    pairs = [
        (other, cell)
        for cell, arm, point in places
        for other in {known[arm, first_point[arm]], known.get((0, point), cell)} - {cell}
    ]
    chosen = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return rows[chosen[:, 0]], rows[chosen[:, 1]]


def _halves(values: pd.DataFrame, labels: list[str]) -> tuple[Floats, Floats]:
    """(cells, seeds) of the first and of the second runs of pairs."""
    marked = values.assign(cell=_numbered(values, labels))
    cells, seeds = sorted(set(marked["cell"])), sorted(set(marked["seed"]))
    first, second = (
        marked[marked["antithetic"] == half]
        .pivot_table(index="cell", columns="seed", values="value")
        .reindex(index=cells, columns=seeds)
        .to_numpy(dtype=float)
        for half in (0, 1)
    )
    return first, second
