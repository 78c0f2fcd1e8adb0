"""Size of cascades beside Borel's law, and the branching ratio of the causal forest beside rho x impact."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.canvas import BLUE, GREEN, ORANGE, new_figure, png, styled
from sim.evidence.checks import Check, judged

MEAN_BAND, VARIANCE_BAND, SHARE_BAND, RATIO_BAND = 0.02, 0.08, 0.006, 0.02
SIZES = range(1, 31)


def borel(n: float, size: int) -> float:
    """P(S = size) of a cascade in which everyone has Poisson(n) children."""
    return math.exp(-n * size + (size - 1) * math.log(n * size) - math.lgamma(size + 1))


@dataclass(frozen=True)
class Cell:
    """All sales at one density."""

    density: float
    rows: pd.DataFrame

    def total(self, name: str) -> float:
        return float(self.rows[name].astype(float).sum())

    def moment(self, k: int) -> float:
        return self.total(f"power_{k}") / self.total("sales")

    @property
    def ratio(self) -> tuple[float, float]:
        """Branching ratio of the forest and its standard error."""
        ratio = 1.0 - self.total("roots") / self.total("liquidations")
        return ratio, math.sqrt(self.total("ratio_variance")) / len(self.rows)

    def share(self, size: int) -> float:
        return self.total(f"size_{size}") / self.total("sales")


def checks_of(cell: Cell) -> list[Check]:
    """Eight figures of one density."""
    n, sales = cell.density, cell.total("sales")
    label = f"n = {n:g}: "
    mean, second, third, fourth = (cell.moment(k) for k in range(1, 5))
    variance = second - mean**2
    central = fourth - 4.0 * mean * third + 6.0 * mean**2 * second - 3.0 * mean**4
    theory = 1.0 / (1.0 - n), n / (1.0 - n) ** 3
    errors = math.sqrt(variance / sales), math.sqrt(max(central - variance**2, 0.0) / sales)
    shares = [
        Check(f"{label}P({s})", cell.share(s), math.sqrt(borel(n, s) / sales), borel(n, s), SHARE_BAND, 4)
        for s in range(1, 6)
    ]
    return [
        Check(f"{label}mean size", mean, errors[0], theory[0], MEAN_BAND * theory[0]),
        Check(f"{label}variance of size", variance, errors[1], theory[1], VARIANCE_BAND * theory[1]),
        *shares,
        Check(f"{label}branching ratio", *cell.ratio, n, RATIO_BAND),
    ]


def analyse(runs: pd.DataFrame) -> Analysis:
    """Eight figures a density with impact, one without; and the ticks that the price moved beyond one a sale."""
    good = runs[runs["error"].isna()]
    checks, cells = [], []
    for density in sorted(good["density"].unique().tolist()):
        rows = good[good["density"] == density]
        cells.append(Cell(density, rows[rows["impact"] == "on"]))
        off = Cell(density, rows[rows["impact"] == "off"])
        checks += [
            *checks_of(cells[-1]),
            Check(f"n = {density:g}: branching ratio, no impact", off.ratio[0], 0.0, 0.0, 0.0),
        ]
    on = good[good["impact"] == "on"]
    astray = float((on["ticks_fallen"] - on["sales"] - on["liquidations"]).abs().sum())
    checks.append(Check("ticks that the price moved beyond one a sale", astray, 0.0, 0.0, 0.0, 0))
    sales = " / ".join(f"{cell.total('sales'):,.0f}" for cell in cells)
    remark = f"Ordinary sales at n = {' / '.join(f'{cell.density:g}' for cell in cells)}: {sales}."
    brief = [check for check in checks if "P(" not in check.name]
    return judged("unit impact", checks, {"cascade_sizes": _figure(cells)}, remark, brief)


def _figure(cells: list[Cell]) -> bytes:
    with styled():
        figure, axes = new_figure(9.0, 4.0, columns=2, width_ratios=[1.6, 1.0])
        sizes, ratios = axes[0]
        for cell, colour in zip(cells, (BLUE, ORANGE, GREEN), strict=False):
            seen = [s for s in SIZES if cell.total(f"size_{s}") >= 5]
            errors = [2.0 * math.sqrt(cell.share(s) / cell.total("sales")) for s in seen]
            sizes.plot(list(SIZES), [borel(cell.density, s) for s in SIZES], color=colour, linewidth=1.2)
            sizes.errorbar(
                seen, [cell.share(s) for s in seen], yerr=errors, color=colour, fmt="o", markersize=4,
                label=f"n = {cell.density:g}",
            )  # fmt: skip
            ratio, error = cell.ratio
            ratios.errorbar([cell.density], [ratio], yerr=[2.0 * error], color=colour, fmt="o", markersize=7, capsize=4)
        sizes.set_xscale("log")
        sizes.set_yscale("log")
        sizes.set_ylim(1e-5, 1.5)
        sizes.set_xticks([1, 2, 5, 10, 20, 30], ["1", "2", "5", "10", "20", "30"])
        sizes.minorticks_off()
        sizes.set_xlabel("sales in a cascade, the ordinary one included")
        sizes.set_ylabel("share of cascades")
        sizes.set_title("Size: the engine (dots, 2 s.e.) and Borel's law (lines)")
        sizes.legend(loc="lower left")
        line = np.array([0.2, 0.8])
        ratios.plot(line, line, color="#666666", linewidth=1.0)
        ratios.set_xlabel("n = density x impact")
        ratios.set_ylabel("1 - roots / liquidations")
        ratios.set_title("Branching ratio of the forest")
        return png(figure)
