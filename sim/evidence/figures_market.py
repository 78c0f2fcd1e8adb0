"""Pictures of a market: prices with liquidations on them; open interest, depth and spread."""

from typing import Any

import numpy as np
import pandas as pd

from sim.evidence import canvas

BUCKET_S = 15.0  # liquidations closer together than this are drawn as one mark
LARGEST_MARK = 620.0  # square points


def price_figure(steps: pd.DataFrame, title: str, step_seconds: float = 1.0, news_step: int | None = None) -> bytes:
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
        _news_line(axes, news_step, step_seconds, "news")
        axes.set(xlabel="minutes since start", ylabel="price, quote units", title=title)
        axes.margins(x=0.01, y=0.09)
        canvas.thousands_axis(axes.yaxis)
        axes.legend(loc="best", handletextpad=0.8, labelspacing=0.7)
        return canvas.png(figure)


def _news_line(axes: Any, news_step: int | None, step_seconds: float, text: str | None) -> None:
    if news_step is None:
        return
    minute = canvas.minutes(news_step, step_seconds)
    axes.axvline(minute, color=canvas.GREY, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    if text:
        axes.annotate(
            text, (minute, 0.985), xycoords=("data", "axes fraction"), xytext=(4, 0), textcoords="offset points",
            va="top", color="#6b6b6b", fontsize=9, zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0},
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
            alpha=0.8, zorder=5,
        )  # fmt: skip
        axes.scatter([], [], s=60, marker=marker, facecolor=colour, edgecolor="white", label=text)
    if largest:
        text = f"(marks: area = notional in {BUCKET_S:.0f} s, largest {canvas.money_text(largest)})"
        axes.scatter([], [], s=0, label=text)


def activity_figure(steps: pd.DataFrame, title: str, step_seconds: float = 1.0, news_step: int | None = None) -> bytes:
    """Three panels of one instrument: open interest, quantity within 1 % of mid on both sides, spread in bp."""
    with canvas.styled():
        figure, grid = canvas.new_figure(10.5, 8.0, rows=3, sharex=True)
        interest, depth, spread = grid[:, 0]
        time = canvas.minutes(steps["step"], step_seconds)
        mark = canvas.floats(steps["mark_price"])
        interest.plot(time, steps["open_interest"].to_numpy(dtype=float) * mark, color=canvas.BLUE)
        interest.set(title=title, ylabel="open interest,\nquote units at mark")
        interest.margins(y=0.16)
        interest.set_ylim(bottom=0)
        sampled = steps["bid_depth"].notna().to_numpy()
        for column, label, colour in (("bid_depth", "bids", canvas.GREEN), ("ask_depth", "asks", canvas.RED)):
            value = canvas.floats(steps[column])[sampled] * mark[sampled]
            depth.plot(time[sampled], value, color=colour, label=label, linewidth=1.1)
        depth.set(ylabel="depth within 1 % of mid,\nquote units")
        depth.set_ylim(bottom=0)
        depth.legend(loc="best", ncols=2)
        _spread_panel(spread, steps, time)
        for axes in (interest, depth):
            canvas.money_axis(axes.yaxis)
        for axes in (interest, depth, spread):
            _news_line(axes, news_step, step_seconds, "news" if axes is interest else None)
            axes.margins(x=0.01)
        return canvas.png(figure)


def _spread_panel(axes: Any, steps: pd.DataFrame, time: Any) -> None:
    bid, ask = canvas.floats(steps["best_bid"]), canvas.floats(steps["best_ask"])
    value = (ask - bid) / ((ask + bid) / 2.0) * 1e4
    axes.plot(time, value, color=canvas.PINK, linewidth=0.8)
    axes.set(ylabel="spread, bp of mid\n(log scale)", xlabel="minutes since start")
    known = value[np.isfinite(value) & (value > 0)]
    if not len(known):
        canvas.note(axes, "no two-sided book")
        return
    axes.set_yscale("log")
    axes.set_ylim(float(known.min()) * 0.8, float(known.max()) * 1.4)
    canvas.thousands_axis(axes.yaxis)
    axes.axhline(float(np.median(known)), color=canvas.INK, linewidth=0.9, linestyle=":")
    axes.annotate(
        f"median {np.median(known):.3g} bp", (0.995, float(np.median(known))), xycoords=("axes fraction", "data"),
        xytext=(0, 4), textcoords="offset points", ha="right", va="bottom", fontsize=9,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
    )  # fmt: skip
