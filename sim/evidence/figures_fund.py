"""The insurance fund over time, and who paid in the end."""

from typing import Any

import numpy as np
import pandas as pd

from sim.evidence import canvas

LITTLE = 0.1  # of the fund at the start: when no more than this moves, the change is drawn instead of the level


def fund_figure(
    steps: pd.DataFrame,
    paid: dict[str, float],
    title: str,
    step_seconds: float = 1.0,
    inexhaustible: bool = False,
) -> bytes:
    """Fund equity, cash and largest need (rows of one instrument of the venue) beside bars of who paid, quote units."""
    with canvas.styled():
        figure, grid = canvas.new_figure(11.5, 4.8, columns=2, width_ratios=[1.55, 1.0])
        fund, bars = grid[0]
        time = canvas.minutes(steps["step"], step_seconds)
        equity = steps["fund_equity"].to_numpy(dtype=float)
        cash = steps["fund_cash"].to_numpy(dtype=float)
        need = steps["fund_need"].to_numpy(dtype=float)
        moved = float(np.max([np.abs(equity - equity[:1]), np.abs(cash - cash[:1]), need])) if len(need) else 0.0
        since = ""
        if inexhaustible or (len(equity) and 0.0 < moved < LITTLE * equity[0]):
            # The level of a fund without an end, or of a huge one, hides what happens: the change since the start.
            equity, cash, since = equity - equity[:1], cash - cash[:1], " (change since start)"
        fund.plot(time, cash, color=canvas.SKY, label=f"cash, positions at cost{since}")
        fund.plot(time, equity, color=canvas.BLUE, label=f"equity, positions at mark{since}")
        fund.plot(time, need, color=canvas.RED, linestyle="--", label="largest need so far")
        fund.axhline(0.0, color=canvas.GREY, linewidth=0.9)
        fund.set(title=title, xlabel="minutes since start", ylabel="quote units")
        fund.margins(x=0.01, y=0.08)
        canvas.money_axis(fund.yaxis)
        fund.legend(loc="best")
        _payer_bars(bars, paid)
        return canvas.png(figure)


def _payer_bars(axes: Any, paid: dict[str, float]) -> None:
    labels = list(paid)[::-1]
    values = np.asarray([paid[label] for label in labels])
    colours = [canvas.GREY, canvas.PINK, canvas.BLUE, canvas.ORANGE]
    axes.barh(labels, values, color=colours[-len(labels) :], height=0.62)
    for row, value in enumerate(values):
        text = canvas.money_text(value) + (" (gained)" if value < 0 else "")
        axes.annotate(
            text, (max(value, 0.0), row), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=9,
        )  # fmt: skip
    axes.set(title="Who paid", xlabel="quote units")
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.2)
    axes.locator_params(axis="x", nbins=4)
    canvas.money_axis(axes.xaxis)
    if not np.any(values):
        axes.set_xlim(0, 1)
        axes.set_xticks([])
        canvas.note(axes, "nobody had to pay")
