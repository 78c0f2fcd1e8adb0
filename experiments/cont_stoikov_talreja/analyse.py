"""Share of first moves that went up, by the two queues, beside the solution of the linear system."""

import math
from typing import Any

import numpy as np
import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.canvas import BLUE, GREEN, ORANGE, PINK, RED, new_figure, png, styled
from sim.evidence.checks import Check, judged

QUEUES = range(1, 6)
CELL_BAND, SUM_BAND = 0.012, 0.015
BIRTH, MARKET, CANCEL = 1.85, 0.94, 0.71  # lambda(1), mu, theta(1) of the paper
LONGEST = 40  # queues beyond this have no weight: the death rate is fifteen times the birth rate there


def up_probability() -> np.ndarray:
    """(LONGEST + 1, LONGEST + 1): P(the ask queue empties first), by bid and ask queue; exact but for truncation."""
    size = LONGEST
    equations = np.zeros((size * size, size * size))
    known = np.zeros(size * size)
    for b in range(1, size + 1):
        for a in range(1, size + 1):
            row = (b - 1) * size + a - 1
            births = {(b + 1, a): BIRTH if b < size else 0.0, (b, a + 1): BIRTH if a < size else 0.0}
            deaths = {(b - 1, a): MARKET + b * CANCEL, (b, a - 1): MARKET + a * CANCEL}
            for (to_bid, to_ask), rate in (births | deaths).items():
                equations[row, row] += rate
                if to_ask == 0:
                    known[row] += rate
                elif to_bid > 0 and rate > 0:
                    equations[row, (to_bid - 1) * size + to_ask - 1] -= rate
    table = np.zeros((size + 1, size + 1))
    table[1:, 1:] = np.linalg.solve(equations, known).reshape(size, size)
    return table


def analyse(runs: pd.DataFrame) -> Analysis:
    """25 cells against theory, and the 15 sums that symmetry fixes."""
    good = runs[runs["error"].isna()]
    pooled = good.groupby(["bids", "asks"])[["moves", "up"]].sum()
    share = {cell: float(row["up"] / row["moves"]) for cell, row in pooled.iterrows()}
    moves = {cell: float(row["moves"]) for cell, row in pooled.iterrows()}
    theory = up_probability()
    cells, sums = [], []
    for b in QUEUES:
        for a in QUEUES:
            error = math.sqrt(theory[b, a] * (1.0 - theory[b, a]) / moves[b, a])
            cells.append(Check(f"up from bid {b}, ask {a}", share[b, a], error, float(theory[b, a]), CELL_BAND))
            if b <= a:
                twice = 2.0 * error if a == b else math.hypot(error, error * math.sqrt(moves[b, a] / moves[a, b]))
                total = share[b, a] + share[a, b]
                sums.append(Check(f"up from {b}, {a} plus up from {a}, {b}", total, twice, 1.0, SUM_BAND))
    checks = [*cells, *sums]
    worst = max(cells, key=lambda check: abs(check.estimate - check.target))
    widest = max(sums, key=lambda check: abs(check.estimate - 1.0))
    remark = (
        f"Largest distance of a cell: {abs(worst.estimate - worst.target):.4f} ({worst.name}); of a sum from 1: "
        f"{abs(widest.estimate - 1.0):.4f}. {min(moves.values()):,.0f} first moves a cell."
    )
    figures = {"first_moves": _figure(share, moves, theory)}
    return judged("first move of the mid", checks, figures, remark, [check for check in cells if _shown(check)])


def _shown(check: Check) -> bool:
    return check.name.startswith("up from bid 1") or check.name.startswith("up from bid 3")


def _figure(share: dict[Any, float], moves: dict[Any, float], theory: np.ndarray) -> bytes:
    with styled():
        figure, axes = new_figure(7.2, 4.6)
        panel = axes[0, 0]
        for b, colour in zip(QUEUES, (BLUE, ORANGE, GREEN, RED, PINK), strict=True):
            values = [share[b, a] for a in QUEUES]
            errors = [2.0 * math.sqrt(share[b, a] * (1 - share[b, a]) / moves[b, a]) for a in QUEUES]
            panel.plot(list(QUEUES), [theory[b, a] for a in QUEUES], color=colour, linewidth=1.2)
            panel.errorbar(list(QUEUES), values, yerr=errors, color=colour, fmt="o", markersize=5, capsize=3)
            panel.annotate(
                f"{b} at the bid", (5, theory[b, 5]), xytext=(10, 0), textcoords="offset points", color=colour,
                va="center", fontsize=9,
            )  # fmt: skip
        panel.set_xticks(list(QUEUES))
        panel.set_xlim(0.8, 5.9)
        panel.set_ylim(0.0, 1.0)
        panel.set_xlabel("orders at the best ask")
        panel.set_ylabel("probability that the mid moves up first")
        panel.set_title("First move of the mid: the engine (dots, 2 s.e.) and theory (lines)")
        return png(figure)
