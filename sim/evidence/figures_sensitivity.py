"""Which factor matters: bars of Sobol' indices, and Morris effects with mean size against spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.evidence import canvas

LABEL_ROOM = 0.055  # of a panel's height, between two labels
LABEL_LETTERS = 24  # of a name beside its point


@dataclass(frozen=True)
class Answer:
    """One outcome's indices: rows of `evidence/sensitivity.py`, the heading and the remark of its panel."""

    heading: str
    indices: pd.DataFrame
    remark: str


def sobol_figure(answers: Sequence[Answer], title: str) -> bytes:
    """First and total indices with 95 % intervals, the factor with the largest total on top; a panel an answer."""
    factors = max(answer.indices["factor"].nunique() for answer in answers)
    with canvas.styled():
        figure, grid = _panels(answers, 1.6 + 0.62 * factors)
        for axes, answer in zip(grid, answers, strict=True):
            _bars(axes, answer)
        return _finished(figure, title, "Whiskers: 95 % bootstrap intervals over the design's base samples.")


def morris_figure(answers: Sequence[Answer], title: str) -> bytes:
    """Mean absolute effect against the effects' standard deviation, factors by name; a panel an answer."""
    with canvas.styled():
        figure, grid = _panels(answers, 4.8)
        for axes, answer in zip(grid, answers, strict=True):
            _scatter(axes, answer)
        note = (
            "An effect is the change of the outcome over a factor's whole range.\n"
            "Whiskers: 95 % bootstrap intervals. Above the dotted line a factor's effect\n"
            "varies by more than its size: it is bent, or hangs on other factors."
        )
        return _finished(figure, title, note)


def _panels(answers: Sequence[Answer], height: float) -> tuple[Any, list[Any]]:
    columns = min(len(answers), 2)
    rows = -(-len(answers) // columns)
    figure, grid = canvas.new_figure(6.4 * columns, height * rows + 0.9, rows=rows, columns=columns)
    figure.get_layout_engine().set(wspace=0.06, hspace=0.08)
    flat = list(grid.ravel())
    for axes in flat[len(answers) :]:
        axes.set_visible(False)
    return figure, flat[: len(answers)]


def _finished(figure: Any, title: str, note: str) -> bytes:
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12.5)
    figure.supxlabel(note, x=0.01, ha="left", fontsize=9, color="#555555")
    return canvas.png(figure)


def _bars(axes: Any, answer: Answer) -> None:
    single = answer.indices[answer.indices["index"].isin(["first", "total"])]
    wide = single.pivot(index="factor", columns="index", values=["estimate", "low", "high"])
    wide = wide.sort_values(("estimate", "total"), kind="stable")
    places = np.arange(len(wide), dtype=float)
    for name, shift, colour, label in (
        ("total", -0.19, canvas.SKY, "total: with all interactions"),
        ("first", 0.19, canvas.BLUE, "first order: alone"),
    ):
        middle, low, high = (wide[part, name].to_numpy(float) for part in ("estimate", "low", "high"))
        axes.barh(
            places + shift, middle, height=0.34, color=colour, label=label, xerr=[middle - low, high - middle],
            error_kw={"ecolor": canvas.INK, "elinewidth": 1.1, "capsize": 2.5},
        )  # fmt: skip
    axes.set_yticks(places, wide.index)
    axes.axvline(0.0, color=canvas.GREY, linewidth=0.9)
    axes.grid(axis="y", visible=False)
    left, right = axes.get_xlim()
    axes.set_xlim(left, max(right, 1.0))
    axes.set_xlabel(f"share of the outcome's variance\n{answer.remark}")
    axes.set_title(answer.heading)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="lower right")


def _scatter(axes: Any, answer: Answer) -> None:
    wide = answer.indices.pivot(index="factor", columns="index", values=["estimate", "low", "high"])
    size, sigma = wide["estimate", "mu_star"].to_numpy(float), wide["estimate", "sigma"].to_numpy(float)
    whiskers = [size - wide["low", "mu_star"].to_numpy(float), wide["high", "mu_star"].to_numpy(float) - size]
    axes.errorbar(
        size, sigma, xerr=whiskers, fmt="o", color=canvas.BLUE, ecolor=canvas.SKY, elinewidth=1.4, capsize=2.5,
        markersize=6,
    )  # fmt: skip
    right, top = float((size + whiskers[1]).max()), float(max(sigma.max(), size.max() * 0.25))
    axes.plot([0.0, max(right, top)], [0.0, max(right, top)], color=canvas.GREY, linewidth=1.0, linestyle=":")
    axes.set_xlim(min(0.0, float((size - whiskers[0]).min())) - 0.02 * right, right * 1.28)
    axes.set_ylim(-0.04 * top, top * 1.12)
    for name, x, y, height in zip(wide.index, size + whiskers[1], sigma, _spread(sigma / top), strict=True):
        axes.annotate(
            _short(str(name)), (x, y), xytext=(x + 0.02 * right, height * top), va="center", fontsize=9,
            color=canvas.INK,
            arrowprops={"arrowstyle": "-", "color": "#bbbbbb", "linewidth": 0.7, "shrinkA": 0, "shrinkB": 2},
        )  # fmt: skip
    axes.set_xlabel(f"mean absolute effect (mu*), in the outcome's unit\n{answer.remark}")
    axes.set_ylabel("standard deviation of the effects (sigma)")
    axes.set_title(answer.heading)


def _short(name: str) -> str:
    return name if len(name) <= LABEL_LETTERS else name[: LABEL_LETTERS - 3] + "..."


def _spread(heights: Any) -> Any:
    """Heights of labels, moved up where two would lie on each other."""
    moved, floor = np.array(heights, dtype=float), -np.inf
    for place in np.argsort(moved, kind="stable"):
        moved[place] = floor = max(float(moved[place]), floor + LABEL_ROOM)
    return moved
