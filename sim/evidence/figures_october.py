"""The October scenario beside the real evening: price, open interest, depth and forced flow, minute by minute."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.evidence.canvas import BLUE, GREY, INK, ORANGE, RED, money_axis, new_figure, png, styled
from sim.evidence.price_path import filled_prices
from sim.terms.vocabulary import NONE

Floats = NDArray[np.float64]
MINUTE_S = 60.0
NEWS_MINUTE = 10.0  # minute of the scenario that stands for 20:50 UTC

# One-minute closes of the mark price of Binance's coin-margined BTC perpetual, 10 October 2025, every fifth minute from
# 20:45 UTC and the minutes 21:13 to 21:24 of the fall: (minutes after 20:50, price). Binance archive, markPriceKlines.
REAL_PRICE = (
    (-5, 117_002), (0, 116_400), (6, 114_291), (10, 114_613), (14, 115_057), (20, 114_322), (23, 111_568),
    (26, 109_690), (27, 107_592), (28, 109_475), (29, 104_953), (30, 104_560), (31, 107_456), (34, 109_009),
    (36, 107_000), (40, 109_964), (45, 111_844), (50, 111_441), (55, 112_452), (60, 112_826), (65, 113_404),
    (70, 113_793), (75, 112_024), (80, 113_372), (85, 113_823), (90, 113_704), (95, 113_007), (100, 112_550),
)  # fmt: skip
REAL_START = 117_002.0
# Resting asks within 1 % of the BTCUSDT perpetual over the 344 million USD of 20:50 (Binance bookDepth, same evening).
REAL_DEPTH = ((0, 1.0), (24, 0.488), (30, 0.241), (32, 0.192), (50, 0.424))


@dataclass(frozen=True)
class MarketPath:
    """(minutes,) columns of one run: last price and open interest over their start, depth over calm, money a minute."""

    price: Floats
    index: Floats
    open_interest: Floats
    depth: Floats
    liquidated: Floats
    deleveraged: Floats


def market_path(steps: NDArray[Any], atom: float, step_seconds: float = 1.0) -> MarketPath:
    """The first instrument of a run by minutes, from STEPS rows. Depth: mean of both sides over its calm median."""
    rows = steps[steps["instrument"] == 0]
    stride = max(1, round(MINUTE_S / step_seconds))
    count = len(rows) // stride
    last = filled_prices(rows["last_price"])
    quantity = (rows["bid_depth"] + rows["ask_depth"]).astype(np.float64)
    quantity[(rows["bid_depth"] == NONE) | (rows["ask_depth"] == NONE)] = np.nan
    calm = np.nanmedian(quantity[: max(1, round(NEWS_MINUTE * stride))])

    def minutes(column: NDArray[Any]) -> Floats:
        return np.asarray(column[: count * stride], dtype=np.float64).reshape(count, stride)

    return MarketPath(
        price=minutes(last)[:, -1] / last[0],
        index=minutes(rows["index_price"])[:, -1] / float(rows["index_price"][0]),
        open_interest=minutes(rows["open_interest"])[:, -1] / float(rows["open_interest"][0]),
        depth=np.nanmean(minutes(quantity), axis=1) / calm,
        liquidated=minutes(rows["liquidated_long"] + rows["liquidated_short"]).sum(axis=1) * atom,
        deleveraged=minutes(rows["adl_value"]).sum(axis=1) * atom,
    )


def october_figure(paths: Sequence[MarketPath]) -> bytes:
    """Four panels over minutes since 20:50 UTC: medians and 10 to 90 % of the runs, and the real figures as points."""
    with styled():
        figure, axes = new_figure(11.0, 7.2, 2, 2, sharex=True)
        minute = np.arange(1, len(paths[0].price) + 1) - NEWS_MINUTE
        _fan(axes[0][0], minute, [100.0 * path.price for path in paths], BLUE, "simulated last price")
        index = np.median([100.0 * path.index for path in paths], axis=0)
        axes[0][0].plot(minute, index, color=ORANGE, lw=1.2, ls="--", label="simulated index (median)")
        real = np.array(REAL_PRICE, dtype=np.float64)
        axes[0][0].plot(
            real[:, 0], 100.0 * real[:, 1] / REAL_START, "o-", color=INK, ms=3.5, lw=0.8,
            label="10 October 2025, mark price",
        )  # fmt: skip
        axes[0][0].set(title="Price", ylabel="per cent of the start")
        _fan(axes[0][1], minute, [100.0 * path.open_interest for path in paths], BLUE, "simulated")
        axes[0][1].set(title="Open interest", ylabel="per cent of the start")
        _fan(axes[1][0], minute, [100.0 * path.depth for path in paths], BLUE, "simulated, both sides")
        depth = np.array(REAL_DEPTH, dtype=np.float64)
        axes[1][0].plot(depth[:, 0], 100.0 * depth[:, 1], "o", color=INK, ms=4.0, label="10 October 2025, asks")
        axes[1][0].set(title="Depth within 1 %", ylabel="per cent of calm", xlabel="minutes after 20:50 UTC")
        _fan(axes[1][1], minute, [path.liquidated for path in paths], RED, "liquidated")
        _fan(axes[1][1], minute, [path.deleveraged for path in paths], GREY, "of it auto-deleveraged")
        axes[1][1].set(title="Forced closing, a minute", ylabel="quote units", xlabel="minutes after 20:50 UTC")
        money_axis(axes[1][1].yaxis)
        for row in axes:
            for panel in row:
                panel.legend(loc="best")
        figure.suptitle(
            f"The October scenario beside the real evening: median and 10 to 90 % of {len(paths)} seeds",
            x=0.01, ha="left", fontsize=12, fontweight="bold",
        )  # fmt: skip
        return png(figure)


def _fan(axes: Any, minute: NDArray[Any], curves: Sequence[Floats], colour: str, label: str) -> None:
    low, middle, high = np.quantile(np.array(curves), [0.1, 0.5, 0.9], axis=0)
    axes.fill_between(minute, low, high, color=colour, alpha=0.2, lw=0)
    axes.plot(minute, middle, color=colour, label=label)
