"""The liquidation map as a heat map: where liquidations wait, over time, with the price that walks into them."""

from typing import Any

import numpy as np
import pandas as pd

from sim.evidence import canvas
from sim.evidence.liquidation_map import LiquidationMap, map_edges

DECADES = 2.0  # of notional between the palest and the strongest colour


def map_figure(levels: LiquidationMap, steps: pd.DataFrame, title: str, step_seconds: float = 1.0) -> bytes:
    """Notional by liquidation price over time (log colour), last price on top. Rows of one instrument's steps_frame."""
    with canvas.styled():
        figure, grid = canvas.new_figure(10.5, 5.6)
        axes = grid[0, 0]
        axes.grid(False)
        time = canvas.minutes(steps["step"], step_seconds)
        last = canvas.floats(steps["last_price"])
        matrix = levels.matrix()
        bottom, top = _price_window(last, levels.start_price)
        if matrix.size and matrix.max() > 0:
            _heat(figure, axes, levels, matrix, (bottom, top), float(time[-1]) if len(time) else 0.0, step_seconds)
        else:
            canvas.note(axes, "no leveraged position was open")
        axes.plot(time, last, color="white", linewidth=3.2)
        axes.plot(time, last, color=canvas.RED, linewidth=1.5, label="last price")
        axes.set(xlabel="minutes since start", ylabel="liquidation price, quote units", title=title, ylim=(bottom, top))
        axes.margins(x=0)
        canvas.thousands_axis(axes.yaxis)
        legend = axes.legend(loc="lower left", frameon=True)
        legend.get_frame().set(facecolor="white", edgecolor="none", alpha=0.85)
        return canvas.png(figure)


def _price_window(last: Any, start: float) -> tuple[float, float]:
    """What the price visited and a fifth of the start price around it, so that the walls ahead of it are seen."""
    known = last[np.isfinite(last)]
    low = float(known.min()) if len(known) else start
    high = float(known.max()) if len(known) else start
    return max(low - 0.12 * start, 0.4 * start), min(high + 0.12 * start, 1.6 * start)


def _heat(
    figure: Any, axes: Any, levels: LiquidationMap, matrix: Any, window: tuple[float, float], end: float, seconds: float
) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    edges = map_edges(levels.start_price)
    seen = (edges[1:] > window[0]) & (edges[:-1] < window[1])
    strongest = float(matrix[seen].max()) or float(matrix.max())
    # One bin of one whale must not pale all others: the top of the scale is the 99.8th percentile of what is there.
    present = matrix[seen][matrix[seen] > 0]
    top = float(np.quantile(present, 0.998)) if len(present) else strongest
    starts = canvas.minutes(levels.steps, seconds)
    borders = np.append(starts, max(end, float(starts[-1]) + 1e-9))
    # One hue from light to dark, without the palest tones: a little must still differ from nothing.
    hue = LinearSegmentedColormap.from_list("waiting", colormaps["Blues"](np.linspace(0.12, 1.0, 64)))
    heat = axes.pcolormesh(
        borders, edges, np.where(matrix > 0, matrix, np.nan), cmap=hue,
        norm=LogNorm(vmin=top / 10**DECADES, vmax=top), shading="flat", rasterized=True,
    )  # fmt: skip
    bar = figure.colorbar(heat, ax=axes, pad=0.015, extend="both")
    width = edges[1] - edges[0]
    bar.set_label(f"notional waiting (dark = much),\nquote units per price bin of {width:,.4g}")
    bar.outline.set_visible(False)
    canvas.money_axis(bar.ax.yaxis)
