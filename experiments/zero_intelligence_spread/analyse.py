"""Mean spread by u beside the reference values, the wider window and the published law."""

import math

import numpy as np
import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.canvas import BLUE, GREY, ORANGE, new_figure, png, styled
from sim.evidence.checks import Check, judged, mean_error

REFERENCE = {0.01: 0.2505, 0.05: 0.3188, 0.2: 0.5013}
SPREAD_BAND, WINDOW_BAND = 0.03, 0.01


def law(u: float) -> float:
    """The published law of the mean spread in units of mu / alpha."""
    return 0.28 + 1.86 * float(u) ** 0.75


def analyse(runs: pd.DataFrame) -> Analysis:
    """Three spreads, three effects of a wider window, three ratios that are reported."""
    good = runs[runs["error"].isna()]
    windows = sorted(good["window_ticks"].unique().tolist())
    spreads, changes, ratios, points = [], [], [], []
    for u, reference in REFERENCE.items():
        means = {}
        for window in windows:
            values = good[(good["u"].astype(float).round(6) == u) & (good["window_ticks"] == window)]["spread"]
            means[window] = mean_error([float(value) for value in values])
            points.append((u, window, *means[window]))
        mean, error = means[windows[0]]
        spreads.append(Check(f"spread at u = {u:g}", mean, error, reference, SPREAD_BAND * reference, 4))
        wide, wide_error = means[windows[-1]]
        relative = math.hypot(error / mean, wide_error / wide) * wide / mean
        changes.append(
            Check(f"window doubled, u = {u:g}: spread over spread", wide / mean, relative, 1.0, WINDOW_BAND, 4)
        )
        ratios.append(f"{mean / law(u):.3f} at u = {u:g}")
    remark = "Measured spread over the published law 0.28 + 1.86 u^(3/4): " + ", ".join(ratios) + "."
    return judged("mean spread, mu / alpha", [*spreads, *changes], {"spread": _figure(points, windows)}, remark)


def _figure(points: list[tuple[float, int, float, float]], windows: list[int]) -> bytes:
    with styled():
        figure, axes = new_figure(7.2, 4.4)
        panel = axes[0, 0]
        grid = np.geomspace(0.007, 0.3, 60)
        panel.plot(grid, [law(u) for u in grid], color=GREY, linestyle="--", label="published law 0.28 + 1.86 u^(3/4)")
        for window, colour, marker in zip(windows, (BLUE, ORANGE), ("o", "D"), strict=False):
            rows = [point for point in points if point[1] == window]
            panel.errorbar(
                [u for u, *_ in rows], [mean for *_, mean, _ in rows], yerr=[2.0 * error for *_, error in rows],
                color=colour, fmt=marker, markersize=9 if marker == "o" else 4, capsize=3,
                label=f"this engine, window of {window} ticks (2 s.e.)",
            )  # fmt: skip
        panel.plot(
            list(REFERENCE), list(REFERENCE.values()), linestyle="none", marker="_", markersize=26, color="black",
            label="reference, a separate program",
        )  # fmt: skip
        panel.set_xscale("log")
        panel.set_xticks([0.01, 0.05, 0.2], ["0.01", "0.05", "0.2"])
        panel.minorticks_off()
        panel.set_ylim(0.0, 1.1)
        panel.set_xlabel("u = cancellation rate x order size / rate of market orders")
        panel.set_ylabel("mean spread, in units of mu / alpha")
        panel.set_title("Mean spread of a zero-intelligence book")
        panel.legend(loc="upper left")
        return png(figure)
