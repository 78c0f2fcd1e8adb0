"""Margin rates of equal mean: how they go through a fall, and what each leaves behind."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim.evidence import canvas
from sim.evidence.figures_venues import Panel

COLOURS = (canvas.INK, canvas.RED, canvas.BLUE, canvas.GREEN, canvas.ORANGE, canvas.PINK)
DASHES = ("--", "-", "-", "-", "-", "-")


def procyclical_figure(
    rates: Mapping[str, Sequence[float]], panels: Sequence[Panel], news_minutes: Sequence[float], title: str
) -> bytes:
    """Left: mean maintenance rate of each arm by minute; right: the change of each figure against the first arm.

    rates: per cent, one value a minute; news_minutes: when each leg of the news begins.
    """
    with canvas.styled():
        ratios = [2.1, *([1.0] * len(panels))]
        figure, grid = canvas.new_figure(
            5.2 + 2.1 * len(panels), 4.2, columns=1 + len(panels), gridspec_kw={"width_ratios": ratios}
        )
        axes = grid[0, 0]
        for place, (arm, path) in enumerate(rates.items()):
            style = {"color": COLOURS[place % len(COLOURS)], "linestyle": DASHES[place % len(DASHES)]}
            axes.plot(np.arange(len(path)), path, label=arm.replace("_", " "), **style)
        for minute in news_minutes:
            axes.axvline(minute, color=canvas.GREY, linewidth=0.9, linestyle=":")
        axes.set_xlabel("minutes; dotted: legs of the news")
        axes.set_ylabel("maintenance rate of the first tier, %")
        axes.set_ylim(bottom=0.0)
        axes.legend(loc="upper left")
        _dots(grid[0, 1:], list(rates), panels)
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12.5)
        note = (
            "Left: means over seeds. Right: mean change against the first over paired seeds, 95 % bootstrap intervals."
        )
        figure.supxlabel(note, x=0.01, ha="left", fontsize=9, color="#555555")
        return canvas.png(figure)


def _dots(columns: Any, arms: Sequence[str], panels: Sequence[Panel]) -> None:
    for number, (axes, panel) in enumerate(zip(columns, panels, strict=True)):
        axes.axvline(0.0, color=COLOURS[0], linewidth=0.9, linestyle=":")
        for row, interval in enumerate(panel.intervals):
            if interval.estimate is None:
                continue
            colour, middle = COLOURS[row % len(COLOURS)], interval.estimate * panel.factor
            ends = (interval.estimate if end is None else end for end in (interval.low, interval.high))
            axes.plot([end * panel.factor for end in ends], [row, row], color=colour, linewidth=1.6)
            axes.scatter([middle], [row], color=colour, s=30, zorder=4)
        axes.set_xlabel(panel.label)
        axes.margins(x=0.12)
        axes.grid(axis="y", visible=False)
        axes.set_yticks(range(len(arms)), [arm.replace("_", " ") if number == 0 else "" for arm in arms])
        axes.invert_yaxis()
