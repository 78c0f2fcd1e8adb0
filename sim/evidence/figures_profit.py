"""Who won and lost, and by what: profit by part of each population, and how it came about over time."""

from typing import Any

import numpy as np
import pandas as pd

from sim.evidence import canvas
from sim.evidence.evaluation import PARTS

COLOURS = (canvas.BLUE, canvas.SKY, canvas.YELLOW, canvas.GREY, canvas.RED)
LINES = (canvas.BLUE, canvas.RED, canvas.GREEN, canvas.PINK, canvas.ORANGE, canvas.BROWN, canvas.SKY, canvas.INK)
STYLES = ("-", (0, (5, 2)), (0, (1, 1.5)))
HOLDERS_MAX = 16  # those with the largest profits or losses; more would not be legible


def profit_figure(rows: pd.DataFrame, series: pd.DataFrame, title: str, step_seconds: float = 1.0) -> bytes:
    """Bars by part above, cumulated profit below. rows: of evaluation_frame; series: of profit_frame."""
    moved = rows[rows[list(PARTS)].abs().sum(axis=1) > 0]
    order = moved[list(PARTS)].abs().sum(axis=1).sort_values(ascending=False).index[:HOLDERS_MAX]
    shown = moved.loc[sorted(order)].reset_index(drop=True)
    with canvas.styled():
        height = 1.6 + 0.36 * max(len(shown), 3)
        figure, grid = canvas.new_figure(10.5, height + 4.2, rows=2, height_ratios=(height, 4.2))
        bars, lines = grid[:, 0]
        bars.set_title(title)
        if len(shown):
            _bars(bars, shown)
            _lines(lines, series, list(shown["population"]), step_seconds)
        else:
            canvas.note(bars, "nobody won or lost anything")
            canvas.note(lines, "nobody won or lost anything")
        return canvas.png(figure)


def _bars(axes: Any, rows: pd.DataFrame) -> None:
    """Gains to the right, losses to the left, a diamond at their sum and the sum in words at the edge."""
    place = np.arange(len(rows))
    right, left = np.zeros(len(rows)), np.zeros(len(rows))
    for part, colour in zip(PARTS, COLOURS, strict=True):
        value = rows[part].to_numpy(dtype=float)
        start = np.where(value >= 0, right, left)
        axes.barh(place, value, left=start, color=colour, height=0.68, label=part, edgecolor="white", linewidth=0.4)
        right, left = right + np.maximum(value, 0.0), left + np.minimum(value, 0.0)
    profit = rows["profit"].to_numpy(dtype=float)
    axes.plot(profit, place, "D", color=canvas.INK, markersize=5.5, markeredgecolor="white", label="profit")
    for row, value in enumerate(profit):
        axes.annotate(
            canvas.money_text(value), (1.01, row), xycoords=("axes fraction", "data"), va="center", fontsize=9
        )
    axes.axvline(0.0, color="#666666", linewidth=0.9)
    span = float(right.max() - left.min())
    axes.set_xlim(float(left.min()) - 0.05 * span, float(right.max()) + 0.05 * span)
    axes.set_yticks(place, rows["population"])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set(xlabel="profit of the run by part, quote units (numbers: sum)")
    canvas.money_axis(axes.xaxis)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0 + 0.25 / len(rows)), ncols=6, columnspacing=1.2)
    axes.set_title(axes.get_title(loc="left"), pad=30)


def _lines(axes: Any, series: pd.DataFrame, names: list[str], step_seconds: float) -> None:
    for row, name in enumerate(names):
        own = series[series["population"] == name]
        time = canvas.minutes(own["step"] + 1, step_seconds)
        value = own[list(PARTS)].sum(axis=1).to_numpy(dtype=float)
        axes.plot(
            np.append(0.0, time), np.append(0.0, value), label=name, color=LINES[row % len(LINES)],
            linestyle=STYLES[row // len(LINES) % len(STYLES)],
        )  # fmt: skip
    axes.axhline(0.0, color="#666666", linewidth=0.9, zorder=1)
    largest = float(series[list(PARTS)].sum(axis=1).abs().max())
    if largest > 0.0:  # a population a thousand times smaller is still seen
        axes.set_yscale("symlog", linthresh=largest / 300.0, linscale=0.6)
    axes.set(xlabel="minutes since start", ylabel="profit so far, quote units\n(log scale on both sides of zero)")
    axes.margins(x=0.01)
    canvas.money_axis(axes.yaxis)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
