"""Pictures of a market: prices with liquidations on them; open interest, depth and spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.evidence import canvas

BUCKET_S = 15.0  # liquidations closer together than this are drawn as one mark
LARGEST_MARK = 240.0  # square points


@dataclass(frozen=True)
class NewsLeg:
    """A move of the index: from a step to a step, by a share of the price."""

    start_step: int
    end_step: int
    size: float


def price_figure(steps: pd.DataFrame, title: str, step_seconds: float = 1.0, news: Sequence[NewsLeg] = ()) -> bytes:
    """Last, mark and index price of one instrument (rows of steps_frame), liquidations as marks scaled by notional."""
    with canvas.styled():
        figure, grid = canvas.new_figure(10.5, 5.4)
        axes = grid[0, 0]
        time = canvas.minutes(steps["step"], step_seconds)
        last = canvas.floats(steps["last_price"])
        index, mark = canvas.floats(steps["index_price"]), canvas.floats(steps["mark_price"])
        axes.plot(time, index, color=canvas.GREEN, label="index price (outside)", zorder=2)
        axes.plot(time, mark, color=canvas.BLUE, label="mark price", zorder=3)
        axes.plot(time, last, color=canvas.INK, linewidth=1.0, label="last price", zorder=4)
        _liquidation_marks(axes, steps, time, last, step_seconds)
        axes.set(xlabel="minutes since start", ylabel="price, quote units", title=title)
        axes.margins(x=0.01, y=0.09)
        _news_spans(axes, news, step_seconds, labels=True)
        canvas.thousands_axis(axes.yaxis)
        axes.legend(loc="best", handletextpad=0.8, labelspacing=0.7)
        return canvas.png(figure)


def _news_spans(axes: Any, news: Sequence[NewsLeg], step_seconds: float, labels: bool) -> None:
    """Each leg as a grey span from its start to its end, its size at the top."""
    for row, leg in enumerate(news):
        start, end = (canvas.minutes(step, step_seconds) for step in (leg.start_step, leg.end_step))
        axes.axvspan(start, end, color=canvas.GREY, alpha=0.13 if row % 2 == 0 else 0.24, linewidth=0, zorder=0)
        for minute in (start, end):
            axes.axvline(minute, color=canvas.GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        if labels:
            # Neighbours may be narrow: every second label stands a line lower.
            axes.annotate(
                f"{'news ' if row == 0 else ''}{leg.size * 100:+.3g} %", (start, 0.985 - 0.05 * (row % 2)),
                xycoords=("data", "axes fraction"), xytext=(3, 0), textcoords="offset points",
                va="top", color="#6b6b6b", fontsize=9, zorder=6,
            )  # fmt: skip


def _liquidation_marks(axes: Any, steps: pd.DataFrame, time: Any, last: Any, step_seconds: float) -> None:
    bucket = (steps["step"].to_numpy() * step_seconds // BUCKET_S).astype(int)
    sides = (
        ("liquidated_long", "longs liquidated", "v", canvas.RED),
        ("liquidated_short", "shorts liquidated", "^", canvas.PINK),
    )
    groups = {}
    for column, *_ in sides:
        notional = steps[column].to_numpy(dtype=float)
        total = np.bincount(bucket, weights=notional)
        used = np.flatnonzero(total > 0)
        weight = np.where(np.isfinite(last), notional, 0.0)
        price = np.bincount(bucket, weights=weight * np.nan_to_num(last))[used] / np.maximum(total[used], 1e-300)
        minute = np.bincount(bucket, weights=notional * time)[used] / total[used]
        groups[column] = (minute, price, total[used])
    largest = max((float(total.max()) for _, _, total in groups.values() if len(total)), default=0.0)
    for column, label, marker, colour in sides:
        minute, price, total = groups[column]
        if not len(total):
            continue
        text = f"{label}, {canvas.money_text(total.sum())}"
        area = np.maximum(LARGEST_MARK * total / largest, 4.0)
        axes.scatter(
            minute, price, s=area, marker=marker, facecolor=colour, edgecolor="white", linewidth=0.6,
            alpha=0.55, zorder=5,
        )  # fmt: skip
        axes.scatter([], [], s=60, marker=marker, facecolor=colour, edgecolor="white", label=text)
    if largest:
        text = f"(marks: area = notional in {BUCKET_S:.0f} s, largest {canvas.money_text(largest)})"
        axes.scatter([], [], s=0, label=text)


def activity_figure(steps: pd.DataFrame, title: str, step_seconds: float = 1.0, news: Sequence[NewsLeg] = ()) -> bytes:
    """Three panels of one instrument: open interest, quantity within 1 % of mid on both sides, spread in bp."""
    with canvas.styled():
        figure, grid = canvas.new_figure(10.5, 8.0, rows=3, sharex=True)
        interest, depth, spread = grid[:, 0]
        time = canvas.minutes(steps["step"], step_seconds)
        mark = canvas.floats(steps["mark_price"])
        value = steps["open_interest"].to_numpy(dtype=float) * mark
        interest.plot(time, value, color=canvas.BLUE)
        interest.set(title=title, ylabel="open interest,\nquote units at mark")
        interest.set_ylim(0, 1.3 * float(np.nanmax(value, initial=0.0)) or None)  # room above it for the news
        sampled = steps["bid_depth"].notna().to_numpy()
        for column, label, colour in (("bid_depth", "bids", canvas.GREEN), ("ask_depth", "asks", canvas.RED)):
            value = canvas.floats(steps[column])[sampled] * mark[sampled]
            depth.plot(time[sampled], value, color=colour, label=label, linewidth=1.1)
        depth.set(ylabel="depth within 1 % of mid,\nquote units")
        depth.set_ylim(bottom=0)
        depth.legend(loc="best", ncols=2)
        _spread_panel(spread, steps, time, step_seconds)
        for axes in (interest, depth):
            canvas.money_axis(axes.yaxis)
        for axes in (interest, depth, spread):
            axes.margins(x=0.01)
            _news_spans(axes, news, step_seconds, labels=axes is interest)
        return canvas.png(figure)


def _spread_panel(axes: Any, steps: pd.DataFrame, time: Any, step_seconds: float) -> None:
    """Median and maximum of the spread in each minute: single steps would be a hedge of spikes."""
    bid, ask = canvas.floats(steps["best_bid"]), canvas.floats(steps["best_ask"])
    value = (ask - bid) / ((ask + bid) / 2.0) * 1e4
    axes.set(ylabel="spread, bp of mid\n(log scale)", xlabel="minutes since start")
    known = np.isfinite(value) & (value > 0)
    if not known.any():
        canvas.note(axes, "no two-sided book")
        return
    width = max(1.0, step_seconds / 60.0)
    by_minute = pd.Series(value[known]).groupby((time[known] // width) * width + width / 2.0)
    for line, label, colour in ((by_minute.max(), "maximum", canvas.PINK), (by_minute.median(), "median", canvas.INK)):
        axes.plot(line.index, line, color=colour, linewidth=1.2, label=f"{label} of a minute")
    axes.set_yscale("log")
    axes.set_ylim(float(value[known].min()) * 0.8, float(value[known].max()) * 1.4)
    canvas.thousands_axis(axes.yaxis)
    axes.legend(loc="upper right", ncols=2, title=f"median of all: {np.median(value[known]):.3g} bp", alignment="right")
