"""The headline of an experiment on maintenance: what is sold and how deep it falls, against what the fund pays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.evidence import canvas
from sim.evidence.statistics import Interval


@dataclass(frozen=True)
class Curve:
    """One line: a quantity (already in the unit of its axis) by scale, for one margin mode; a thin one has no band."""

    quantity: str
    mode: str
    scales: Sequence[float]
    intervals: Sequence[Interval]
    thin: bool = False


def headline_figure(
    sold: Sequence[Curve], paid: Sequence[Curve], title: str, note: str, sold_label: str, paid_label: str
) -> bytes:
    """Two panels of one trade-off over the scale of the maintenance schedule (log2), with 95 % bands.

    Colour is the quantity, marker and line style the margin mode; a censored point is drawn hollow.
    """
    with canvas.styled():
        figure, grid = canvas.new_figure(11.5, 5.6, columns=2)
        figure.get_layout_engine().set(wspace=0.08)
        for axes, curves, label, heading in (
            (grid[0, 0], sold, sold_label, "What is sold, and how deep it falls"),
            (grid[0, 1], paid, paid_label, "What the fund pays"),
        ):
            _panel(axes, curves)
            axes.set(ylabel=label, title=heading)
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12.5)
        figure.supxlabel(note, x=0.01, ha="left", fontsize=9, color="#555555")
        return canvas.png(figure)


def _panel(axes: Any, curves: Sequence[Curve]) -> None:
    colours = (canvas.RED, canvas.BLUE, canvas.GREEN, canvas.PINK)
    quantities = list(dict.fromkeys(curve.quantity for curve in curves))
    ticks: set[float] = set()
    for curve in curves:
        colour = colours[quantities.index(curve.quantity) % len(colours)]
        known = [(x, i) for x, i in zip(curve.scales, curve.intervals, strict=True) if i.estimate is not None]
        if not known:
            continue
        x = np.asarray([scale for scale, _ in known])
        middle = np.asarray([interval.estimate for _, interval in known], dtype=float)
        low = np.asarray([i.estimate if i.low is None else i.low for _, i in known], dtype=float)
        high = np.asarray([i.estimate if i.high is None else i.high for _, i in known], dtype=float)
        ticks |= set(x.tolist())
        dashed = curve.mode == "cross"
        if not curve.thin:
            axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(x, middle, color=colour, linestyle="--" if dashed else "-", linewidth=0.9 if curve.thin else 1.6)
        hollow = [bool(interval.censored) for _, interval in known]
        axes.scatter(
            x, middle, marker="s" if dashed else "o", s=16 if curve.thin else 34, zorder=4, edgecolor=colour,
            linewidth=1.4, facecolor=["white" if h else colour for h in hollow],
        )  # fmt: skip
        axes.plot(
            [], [], color=colour, linestyle="--" if dashed else "-", marker="s" if dashed else "o",
            label=f"{curve.quantity}, {curve.mode} margin",
        )  # fmt: skip
    if ticks:
        axes.set_xscale("log", base=2)
        axes.set_xticks(sorted(ticks), [f"{tick:g}×" for tick in sorted(ticks)])
        axes.minorticks_off()
        axes.legend(loc="best")
    else:
        canvas.note(axes, "no run to show")
    axes.set_xlabel("scale of the maintenance schedule")
    low_end, high_end = axes.get_ylim()
    axes.set_ylim(min(0.0, low_end), high_end * 1.02 if high_end > 0 else high_end)
    axes.axhline(0.0, color=canvas.GREY, linewidth=0.9)
