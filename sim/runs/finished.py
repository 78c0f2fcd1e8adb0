"""A finished sweep in its results folder: read, and proved complete for an analysis that needs every point."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.evidence.sensitivity import Floats
from sim.runs import store
from sim.runs.designs import Cell, cells_of
from sim.runs.results import Results
from sim.runs.sweep import Sweep, read_sweep
from sim.scenario.errors import Position, did_you_mean

NOT_OUTCOMES = ("run", "key", "arm", "point", "seed", "antithetic", "error", "traceback")


@dataclass(frozen=True)
class FinishedSweep:
    """What was asked, and one row a run: arm, point, factors, seed, error, summary."""

    folder: Path
    sweep: Sweep
    runs: pd.DataFrame

    @property
    def arms(self) -> list[str]:
        """Names of the arms that were played, in their order."""
        return list(dict.fromkeys(map(str, self.runs["arm"])))

    def outcomes(self) -> list[str]:
        """Columns that are numbers and no labels."""
        labels = {*NOT_OUTCOMES, *self.sweep.factors}
        return [
            str(name) for name in self.runs if name not in labels and pd.api.types.is_numeric_dtype(self.runs[name])
        ]

    def table(self, arm: str, outcome: str) -> Floats:
        """(points, seeds) of one arm in the order of the design; antithetic pairs are their means.

        Raises ScenarioError for an unknown outcome, and where a point lacks a run or a run lacks the outcome.
        """
        if outcome not in self.outcomes():
            raise store.refuse(
                "outcome", f"'{outcome}' is no outcome of this sweep{did_you_mean(outcome, self.outcomes())}"
            )
        rows = self.runs[self.runs["arm"].astype(str) == arm]
        values = rows.assign(value=rows[outcome].astype("Float64").to_numpy(dtype=float, na_value=np.nan))
        if missing := int((~np.isfinite(values["value"])).sum()):
            message = f"'{outcome}' is missing in {missing} of the {len(rows)} runs of arm {arm}; every point is needed"
            raise store.refuse("outcome", message)
        wide = values.pivot_table(index="point", columns="seed", values="value", aggfunc="mean")
        return np.asarray(wide.to_numpy(dtype=float))


def finished_sweep(folder: Path) -> FinishedSweep:
    """Reads the results folder of a sweep that came to its end. Raises ScenarioError for any other folder."""
    if not folder.is_dir():
        raise store.refuse("results", f"{folder} is no folder; give the results folder of a finished sweep")
    for name in ("sweep.yaml", "runs.parquet"):
        if not (folder / name).is_file():
            message = f"{folder} has no {name}, so that it holds no finished sweep; `firesale experiment` finishes one"
            raise store.refuse("results", message)
    return FinishedSweep(folder, read_sweep(folder), _runs(folder))


def refuse_incomplete(found: FinishedSweep) -> list[Cell]:
    """The cells of the design. Raises ScenarioError where a run failed, or the points are not those of the design."""
    runs, where = found.runs, found.folder / "runs.parquet"
    failed = int(runs["error"].notna().sum())
    if failed:
        message = f"{failed} of {len(runs)} runs failed and every point is needed; play them with --retry-failed"
        raise store.refuse("results", f"{message} (the first: {runs.loc[runs['error'].notna(), 'error'].iloc[0]})")
    cells = cells_of(found.sweep.design, found.sweep.factors, Position(str(found.folder / "sweep.yaml")))
    seeds = sorted(set(runs["seed"]))
    each = int(runs["antithetic"].nunique()) if "antithetic" in runs else 1
    for arm in found.arms:
        rows = runs[runs["arm"].astype(str) == arm]
        counts = rows.groupby(["point", "seed"]).size()
        if len(counts) != len(cells) * len(seeds) or not (counts == each).all():
            expected = f"{len(cells)} points x {len(seeds) * each} runs"
            raise store.refuse("results", f"{where} has {len(rows)} runs of arm {arm}, and the design {expected}")
        _refuse_other_points(rows, cells, list(found.sweep.factors), where)
    return cells


def _refuse_other_points(rows: pd.DataFrame, cells: Sequence[Cell], names: Sequence[str], where: Path) -> None:
    """The values that were played are those that the design gives here, so that its order may be relied on."""
    points = rows.drop_duplicates("point").sort_values("point")
    for place, name in enumerate(names):
        drawn = [cell[place] for cell in cells]
        if not all(_same(played, value) for played, value in zip(points[name].tolist(), drawn, strict=True)):
            message = f"column {name} of {where} is not what the design of sweep.yaml draws here; play the sweep again"
            raise store.refuse("results", message)


def _same(played: Any, drawn: Any) -> bool:
    if isinstance(drawn, int | float) and isinstance(played, int | float):
        return abs(float(played) - float(drawn)) <= 1e-9 * max(abs(float(drawn)), 1e-300)
    return bool(played == (drawn if isinstance(drawn, int | float | str) else json.dumps(drawn)))


def _runs(folder: Path) -> pd.DataFrame:
    runs = Results(folder).frame("runs")
    for name in ("arm", "seed", "error"):
        if name not in runs:
            raise store.refuse(
                "results", f"{folder / 'runs.parquet'} has no column '{name}', which every sweep's runs have"
            )
    return runs
