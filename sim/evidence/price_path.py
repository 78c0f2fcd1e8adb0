"""What one instrument's price did: the deepest fall, how much of it came back, spread, volatility and depth."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.evidence.frames import empty_sides
from sim.terms.vocabulary import NONE

Rows = NDArray[Any]
Floats = NDArray[np.float64]

MINUTE_S = 60.0
RECOVERY_S = 3600.0
REBOUND = 0.005  # of price: a rebound that ends a leg of a fall
LEG = 0.015  # of price: a leg that counts


@dataclass(frozen=True)
class Fall:
    """The deepest fall: share lost, and the rows of the high before it and of the low (None when nothing fell)."""

    drawdown: float
    high_row: int | None
    low_row: int | None


def filled_prices(ticks: Rows) -> Floats:
    """Prices with gaps (NONE, before the first trade) closed by the last one known; leading gaps by the first."""
    prices = ticks.astype(np.float64)
    known = np.flatnonzero(ticks > 0)
    if not len(known):
        return np.full(len(ticks), math.nan)
    position = np.maximum(np.searchsorted(known, np.arange(len(ticks)), side="right") - 1, 0)
    return np.asarray(prices[known[position]], dtype=np.float64)


def deepest_fall(prices: Floats) -> Fall:
    """1 - min over t of price_t / max over s <= t of price_s."""
    if not len(prices) or math.isnan(prices[0]):
        return Fall(0.0, None, None)
    peaks = np.maximum.accumulate(prices)
    ratio = prices / peaks
    low = int(ratio.argmin())
    drawdown = 1.0 - float(ratio[low])
    if drawdown <= 0.0:
        return Fall(0.0, None, None)
    return Fall(drawdown, int(prices[: low + 1].argmax()), low)


def fall_recovered(prices: Floats, fall: Fall, step_seconds: float, after_s: float = RECOVERY_S) -> float | None:
    """Share of the fall regained some time after the low; None without a fall or when the run ended before."""
    if fall.low_row is None or fall.high_row is None:
        return None
    later = fall.low_row + round(after_s / step_seconds)
    if later >= len(prices):
        return None
    low, high = prices[fall.low_row], prices[fall.high_row]
    return float((prices[later] - low) / (high - low))


def fall_legs(prices: Floats, fall: Fall, step_seconds: float) -> int | None:
    """Legs from the high to the low on one-minute closes; None without a fall.

    A rebound of 0.5 % ends a leg, and legs of 1.5 % count: 10 October 2025 had three (BTC mark price).
    """
    if fall.low_row is None or fall.high_row is None:
        return None
    stride = max(1, round(MINUTE_S / step_seconds))
    path = [*prices[fall.high_row : fall.low_row : stride].tolist(), float(prices[fall.low_row])]
    top = bottom = path[0]
    legs, rising = 0, False
    for price in path[1:]:
        if rising:
            top = max(top, price)
            if top - price >= REBOUND * top:
                rising, bottom = False, price
        else:
            bottom = min(bottom, price)
            if price - bottom >= REBOUND * bottom:
                legs += int(top - bottom >= LEG * top)
                rising, top = True, price
    return legs + int(not rising and top - bottom >= LEG * top)


def open_interest_lost(rows: Rows, fall: Fall, step_seconds: float) -> float | None:
    """Share of the contracts open at the start that is gone 60 minutes after the low (or at the end)."""
    if fall.low_row is None or not rows["open_interest"][0]:
        return None
    later = min(fall.low_row + round(RECOVERY_S / step_seconds), len(rows) - 1)
    return 1.0 - float(rows["open_interest"][later]) / float(rows["open_interest"][0])


def fall_share_10min(prices: Floats, step_seconds: float) -> float | None:
    """Largest fall from a high at most 10 minutes old over the largest from one at most 60 minutes old."""
    falls = [_window_fall(prices, round(minutes * MINUTE_S / step_seconds)) for minutes in (10, 60)]
    return None if not falls[1] > 0.0 else falls[0] / falls[1]


def _window_fall(prices: Floats, window: int) -> float:
    """1 - the smallest price over the highest of the last `window` rows; NaN without a price."""
    if not len(prices):
        return math.nan
    padded = np.concatenate([np.full(max(window, 1), prices[0]), prices])
    highs = np.lib.stride_tricks.sliding_window_view(padded, max(window, 1) + 1).max(axis=1)
    return 1.0 - float((prices / highs).min())


def overshoot_share(rows: Rows, prices: Floats, fall: Fall) -> float | None:
    """(index - last) at the low over (high - low): the part of the fall that the outside world did not share."""
    if fall.low_row is None or fall.high_row is None:
        return None
    low, high = prices[fall.low_row], prices[fall.high_row]
    return float((rows["index_price"][fall.low_row] - low) / (high - low))


def spread_median_bp(rows: Rows) -> float | None:
    """Median of (ask - bid) / mid in bp over steps where both sides have orders."""
    no_bid, no_ask = empty_sides(rows)
    both = ~(no_bid | no_ask)
    if not both.any():
        return None
    bid = rows["best_bid"][both].astype(np.float64)
    ask = rows["best_ask"][both].astype(np.float64)
    return float(np.median((ask - bid) / ((ask + bid) / 2.0)) * 1e4)


def volatility_bp_per_minute(prices: Floats, step_seconds: float, before_row: int | None) -> float | None:
    """Standard deviation of 1-minute log returns in bp, before the news if there is any; None below three returns."""
    window = prices if before_row is None else prices[:before_row]
    stride = max(1, round(MINUTE_S / step_seconds))
    minutes = window[::stride]
    if len(minutes) < 4 or not np.isfinite(minutes).all():
        return None
    return float(np.diff(np.log(minutes)).std(ddof=1) * 1e4)


def depth_trough_ratio(rows: Rows, fall: Fall, step_seconds: float, news_row: int | None) -> float | None:
    """Mean quantity of both sides within 1 % over the two minutes around the low / its median before the news.

    None without a fall, without news, or when no depth was sampled in one of the two windows.
    """
    if fall.low_row is None or news_row is None:
        return None
    sampled = (rows["bid_depth"] != NONE) & (rows["ask_depth"] != NONE)
    depth = (rows["bid_depth"] + rows["ask_depth"]).astype(np.float64)
    place = np.arange(len(rows))
    near = sampled & (np.abs(place - fall.low_row) <= MINUTE_S / step_seconds)
    calm = sampled & (place < news_row)
    if not near.any() or not calm.any() or np.median(depth[calm]) <= 0.0:
        return None
    return float(depth[near].mean() / np.median(depth[calm]))
