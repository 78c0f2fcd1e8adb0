"""One stream of level updates and one of marketable orders, from a recorded feed or from a simulated run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.terms.vocabulary import EVENT_FILL, EVENT_ORDER_REMOVED, EVENT_ORDER_RESTED

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Rows = NDArray[Any]

BOOK_COLUMNS = ("timestamp", "local_timestamp", "is_snapshot", "side", "price", "amount")
TRADE_COLUMNS = ("timestamp", "local_timestamp", "side", "price", "amount")


@dataclass(frozen=True)
class LevelUpdates:
    """Updates in order of arrival: what rests on a level after each. Rows of one message become visible together."""

    seconds: Floats  # since the clock's zero
    message: Integers  # equal for rows of one message, never falling
    side: Integers  # 1 bid, -1 ask
    tick: Integers
    amount: Floats  # base units on the level, afterwards
    opening: NDArray[np.bool_]  # rows that only fill the book: no change of anybody's mind
    tick_size: float


@dataclass(frozen=True)
class Orders:
    """Marketable orders in order of arrival: when, side of the taker and money."""

    seconds: Floats
    side: Integers
    money: Floats


def read_updates(path: Path | str) -> LevelUpdates:
    """A recorded incremental book (`timestamp, local_timestamp, is_snapshot, side, price, amount`; microseconds).

    Time and messages are the recorder's. Raises ValueError when a column is missing or a value cannot be.
    """
    frame = _read(path, BOOK_COLUMNS)
    tick_size = _tick_of(frame["price"].to_numpy(float))
    local = frame["local_timestamp"].to_numpy(np.int64)
    return LevelUpdates(
        seconds=local / 1e6,
        message=np.concatenate([[0], np.cumsum(np.diff(local) != 0)]).astype(np.int64),
        side=_sides(frame["side"], "bid", "ask", path),
        tick=np.rint(frame["price"].to_numpy(float) / tick_size).astype(np.int64),
        amount=frame["amount"].to_numpy(float),
        opening=frame["is_snapshot"].to_numpy(bool),
        tick_size=tick_size,
    )


def read_orders(path: Path | str) -> Orders:
    """Recorded trades as marketable orders: neighbours of one exchange millisecond and one side are one order."""
    frame = _read(path, TRADE_COLUMNS)
    side = _sides(frame["side"], "buy", "sell", path)
    exchange = frame["timestamp"].to_numpy(np.int64) // 1000
    new = np.concatenate([[True], (np.diff(exchange) != 0) | (np.diff(side) != 0)])
    money = frame["price"].to_numpy(float) * frame["amount"].to_numpy(float)
    first = np.flatnonzero(new)
    return Orders(frame["local_timestamp"].to_numpy(float)[first] / 1e6, side[first], np.add.reduceat(money, first))


def simulated_updates(
    events: Rows,
    quantity: Rows,
    ladder: int,
    best_bid: int,
    tick_size: float,
    lot_size: float,
    step_seconds: float = 1.0,
) -> LevelUpdates:
    """The order events of a run of one instrument as level updates, each a message of its own.

    Fills of one order on one level are one update.

    `quantity`: lots on each tick of the ladder (its first tick is `ladder`) before the run; up to `best_bid` they are
    bids. The events of a step are spread evenly over it, in their order.
    """
    resting, removed = events["kind"] == EVENT_ORDER_RESTED, events["kind"] == EVENT_ORDER_REMOVED
    filled = events["kind"] == EVENT_FILL
    kept = resting | removed | filled
    rows = events[kept]
    # A fill takes from the level of the other side than the taker's.
    change = np.where(resting[kept], 1, -1) * np.abs(rows["size"])
    side = np.where(filled[kept], -np.sign(rows["size"]), np.sign(rows["size"]))
    held = np.flatnonzero(quantity)
    sides = np.concatenate([np.where(held + ladder <= best_bid, 1, -1), side]).astype(np.int64)
    ticks = np.concatenate([held + ladder, rows["price"]]).astype(np.int64)
    changes = np.concatenate([quantity[held], change])
    amount = np.zeros(len(changes))
    place = np.lexsort((np.arange(len(changes)), ticks, sides))
    running = np.cumsum(changes[place])
    new = np.concatenate([[True], (np.diff(ticks[place]) != 0) | (np.diff(sides[place]) != 0)])
    first = np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))
    amount[place] = running - running[first] + changes[place][first]
    n = len(held)
    last = np.concatenate([np.ones(n, bool), ~_followed_by_its_own_fill(rows)])
    sides, ticks, amount, rows = sides[last], ticks[last], amount[last], rows[last[n:]]
    return LevelUpdates(
        seconds=np.concatenate([np.zeros(n), _spread_over_steps(rows["step"]) * step_seconds]),
        message=np.concatenate([np.zeros(n, np.int64), np.arange(1, len(rows) + 1)]),
        side=sides,
        tick=ticks,
        amount=amount * lot_size,
        opening=np.concatenate([np.ones(n, bool), np.zeros(len(rows), bool)]),
        tick_size=tick_size,
    )


def simulated_orders(events: Rows, tick_size: float, lot_size: float, step_seconds: float = 1.0) -> Orders:
    """The fills of a run as marketable orders: neighbouring fills of one taker and side in a step are one order."""
    fills = np.flatnonzero(events["kind"] == EVENT_FILL)
    seconds = _spread_over_steps(events["step"])[fills] * step_seconds
    rows = events[fills]
    keys = np.stack([rows["step"], rows["actor"], np.sign(rows["size"])])
    first = np.flatnonzero(np.concatenate([[True], (np.diff(keys) != 0).any(axis=0)]))
    money = np.abs(rows["size"]) * rows["price"] * (tick_size * lot_size)
    return Orders(seconds[first], np.sign(rows["size"])[first].astype(np.int64), np.add.reduceat(money, first))


def _followed_by_its_own_fill(rows: Rows) -> NDArray[np.bool_]:
    """Fills after which the same order goes on filling on the same level: a venue tells such fills as one change."""
    names = ("kind", "step", "actor", "price")
    same = np.all([rows[name][1:] == rows[name][:-1] for name in names], axis=0)
    same &= np.sign(rows["size"][1:]) == np.sign(rows["size"][:-1])
    return np.append(same & (rows["kind"][1:] == EVENT_FILL), False)[: len(rows)]


def _spread_over_steps(step: Rows) -> Floats:
    """Times in steps: rows of one step lie evenly inside it, in their order."""
    _, first, count = np.unique(step, return_index=True, return_counts=True)
    rank = np.arange(len(step)) - np.repeat(first, count)
    return np.asarray(step + (rank + 0.5) / np.repeat(count, count), dtype=np.float64)


def _read(path: Path | str, columns: tuple[str, ...]) -> pd.DataFrame:
    frame = pd.read_csv(path)
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ValueError(f"{Path(path).name} has no column {', '.join(missing)}")
    if frame.empty:
        raise ValueError(f"{Path(path).name} has no rows")
    numbers = frame[["price", "amount"]].to_numpy(float)
    if not np.isfinite(numbers).all() or (numbers[:, 0] <= 0).any() or (numbers[:, 1] < 0).any():
        raise ValueError(f"{Path(path).name} has a price or amount that cannot be")
    if (np.diff(frame["local_timestamp"].to_numpy(np.int64)) < 0).any():
        raise ValueError(f"{Path(path).name} is not in order of arrival")
    return frame


def _sides(column: "pd.Series[Any]", plus: str, minus: str, path: Path | str) -> Integers:
    values = column.to_numpy(str)
    if not np.isin(values, (plus, minus)).all():
        raise ValueError(f"{Path(path).name} has a side other than {plus} and {minus}")
    return np.where(values == plus, 1, -1).astype(np.int64)


def _tick_of(prices: Floats) -> float:
    """The largest power of ten of which all prices are whole multiples."""
    for power in range(2, -9, -1):
        scaled = prices / 10.0**power
        if np.abs(scaled - np.rint(scaled)).max() < 1e-6:
            return float(10.0**power)
    raise ValueError("prices have no common tick")
