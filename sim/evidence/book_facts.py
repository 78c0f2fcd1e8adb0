"""What a book looks like and how fast it is renewed: spread, depth by distance, level changes and marketable orders.

A recorded feed and a simulated run become the same stream of level updates first, so one piece of code judges both.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.evidence.book_streams import LevelUpdates, Orders

Floats = NDArray[np.float64]

BP = 1e-4
DEPTH_BP = (1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0)
RATE_EDGES_BP = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0)
NEAR_BP = 10.0  # sizes of increases are read within this distance


@dataclass(frozen=True)
class BookFacts:
    """Figures of one window. Money in quote units, rates a second, both sides together unless said.

    one_tick_*: share of the second marks and of the messages at which the spread was one tick.
    """

    seconds: float
    spread_bp: float  # mean over second marks
    one_tick_seconds: float
    one_tick_messages: float
    bid_depth: dict[float, float]  # median money within each distance, bp
    ask_depth: dict[float, float]
    increases: tuple[float, ...]  # per second, by the bins of RATE_EDGES_BP
    decreases: tuple[float, ...]
    increase_median: float  # money, within NEAR_BP
    increase_mean: float
    mid: float = 0.0  # median
    second_volatility_bp: float = 0.0  # of the mid between second marks


@dataclass
class _Tally:
    """What a replay collects."""

    ups: list[int] = field(default_factory=lambda: [0] * (len(RATE_EDGES_BP) - 1))
    downs: list[int] = field(default_factory=lambda: [0] * (len(RATE_EDGES_BP) - 1))
    sizes: list[float] = field(default_factory=list)
    spreads: list[float] = field(default_factory=list)
    mids: list[float] = field(default_factory=list)
    depths: list[tuple[Floats, Floats]] = field(default_factory=list)
    messages: int = 0
    tight: int = 0


def book_facts(updates: LevelUpdates, start: float, stop: float) -> BookFacts:
    """Figures of the window [start, stop) in seconds of the updates' clock, at whole seconds after `start`.

    Rows before `start` build the book and count for nothing. Raises ValueError when the window has no two-sided book.
    """
    tally = _replay(updates, start, stop)
    if not tally.spreads:
        raise ValueError(f"no two-sided book between {start:g} and {stop:g} s")
    span = stop - start
    mids, sizes = np.asarray(tally.mids), np.asarray(tally.sizes)
    bids = np.median([bid for bid, _ in tally.depths], axis=0)
    asks = np.median([ask for _, ask in tally.depths], axis=0)
    return BookFacts(
        seconds=span,
        spread_bp=float(np.mean(np.asarray(tally.spreads) / mids) / BP) * updates.tick_size,
        one_tick_seconds=float(np.mean(np.asarray(tally.spreads) == 1)),
        one_tick_messages=tally.tight / max(tally.messages, 1),
        bid_depth=dict(zip(DEPTH_BP, bids.tolist(), strict=True)),
        ask_depth=dict(zip(DEPTH_BP, asks.tolist(), strict=True)),
        increases=tuple(count / span for count in tally.ups),
        decreases=tuple(count / span for count in tally.downs),
        increase_median=float(np.median(sizes)) if len(sizes) else 0.0,
        increase_mean=float(sizes.mean()) if len(sizes) else 0.0,
        mid=float(np.median(mids)),
        second_volatility_bp=float(np.diff(np.log(mids)).std() / BP) if len(mids) > 2 else 0.0,
    )


def _replay(updates: LevelUpdates, start: float, stop: float) -> _Tally:
    """Play the updates on two ladders and count inside the window."""
    tally, low = _Tally(), int(updates.tick.min()) - 1
    width = int(updates.tick.max()) - low + 2
    ladders = {1: [0.0] * width, -1: [0.0] * width}
    best = {1: 0, -1: width - 1}
    columns = (updates.seconds, updates.message, updates.side, updates.tick - low, updates.amount, updates.opening)
    last_message, mark, twice_mid = -1, start, 0.0
    for seconds, message, side, tick, amount, opening in zip(*(c.tolist() for c in columns), strict=True):
        if message != last_message:
            if best[1] > 0 and best[-1] < width - 1:
                twice_mid = best[1] + best[-1]
                if last_message >= 0 and start <= seconds < stop:
                    tally.messages += 1
                    tally.tight += best[-1] - best[1] == 1
            while mark <= seconds and mark < stop:
                _mark(tally, ladders, best, low, updates.tick_size)
                mark += 1.0
            if seconds >= stop:
                break
            last_message = message
        ladder = ladders[side]
        before = ladder[tick]
        ladder[tick] = amount
        if amount > 0.0:
            if (tick - best[side]) * side > 0:
                best[side] = tick
        elif tick == best[side]:
            while 0 < best[side] < width - 1 and ladder[best[side]] == 0.0:
                best[side] -= side
        if not opening and start <= seconds and amount != before and twice_mid > 0.0:
            away = abs(2 * tick - twice_mid) / (twice_mid + 2 * low)
            _count(tally, away, amount - before, (tick + low) * updates.tick_size)
    return tally


def _count(tally: _Tally, distance: float, change: float, price: float) -> None:
    bp = distance / BP
    if bp >= RATE_EDGES_BP[-1]:
        return
    place = 0
    while bp >= RATE_EDGES_BP[place + 1]:
        place += 1
    if change > 0.0:
        tally.ups[place] += 1
        if bp < NEAR_BP:
            tally.sizes.append(change * price)
    else:
        tally.downs[place] += 1


def _mark(tally: _Tally, ladders: dict[int, list[float]], best: dict[int, int], low: int, tick_size: float) -> None:
    """A second mark: spread, mid and cumulative money by distance, when both sides have orders."""
    bid, ask = best[1], best[-1]
    width = len(ladders[1])
    if bid <= 0 or ask >= width - 1 or ask <= bid:
        return
    mid = (bid + ask) / 2.0 + low
    tally.spreads.append(float(ask - bid))
    tally.mids.append(mid * tick_size)
    sides = []
    for side, touch in ((1, bid), (-1, ask)):
        reach = min(int(mid * DEPTH_BP[-1] * BP) + 2, touch if side > 0 else width - 1 - touch)
        ticks = touch - side * np.arange(reach + 1)
        ladder = ladders[side]
        amounts = np.asarray(ladder[touch - reach : touch + 1][::-1] if side > 0 else ladder[touch : touch + reach + 1])
        money = np.cumsum(amounts * (ticks + low) * tick_size)
        distance = np.abs(ticks + low - mid) / mid / BP
        place = np.searchsorted(distance, DEPTH_BP, side="right") - 1
        sides.append(np.where(place >= 0, money[np.maximum(place, 0)], 0.0))
    tally.depths.append((sides[0], sides[1]))


@dataclass(frozen=True)
class OrderFacts:
    """Marketable orders of one window."""

    per_second: float
    money_per_second: float
    median: float
    mean: float
    largest: float
    sign_autocorrelation: dict[int, float]  # by lag in orders


def order_facts(orders: Orders, start: float, stop: float, lags: tuple[int, ...] = (1, 5, 10, 50)) -> OrderFacts:
    """Rate, sizes and persistence of signs in [start, stop). Raises ValueError when the window has no order."""
    inside = (orders.seconds >= start) & (orders.seconds < stop)
    money, signs = orders.money[inside], orders.side[inside].astype(float)
    if not len(money):
        raise ValueError(f"no marketable order between {start:g} and {stop:g} s")
    span = stop - start
    return OrderFacts(
        per_second=len(money) / span,
        money_per_second=float(money.sum()) / span,
        median=float(np.median(money)),
        mean=float(money.mean()),
        largest=float(money.max()),
        sign_autocorrelation={lag: float(np.mean(signs[lag:] * signs[:-lag])) for lag in lags if lag < len(signs)},
    )
