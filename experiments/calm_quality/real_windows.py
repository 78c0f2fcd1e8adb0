"""The figures of the real windows in the pictures, from the recorded files: `python real_windows.py DATA_FOLDER`.

Its output is kept in real_windows.yaml, so that the experiment needs no raw data.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from sim.evidence.book_facts import BookFacts, OrderFacts, book_facts, order_facts
from sim.evidence.book_streams import LevelUpdates, Orders, read_orders, read_updates
from sim.evidence.stylised_facts import autocorrelation, hill, horizon_table, log_returns

MINUTES = {
    "quiet_2023": "prices/btcusdt_perp_1m_2023-07-24_2023-08-03_quiet.csv",
    "normal_2025": "prices/btcusdt_perp_1m_2025-05-12_2025-05-22.csv",
}
BOOK = "book/binance_perp_BTCUSDT_2024-08-08_incremental_book_L2_1pct.csv.gz"
TRADES = "book/binance_perp_BTCUSDT_2024-08-08_trades.csv.gz"
PARTS = {"fit": (1.0, 241.0), "rest": (241.0, 344.0)}  # seconds after the first row
THRESHOLDS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
LAGS = (1, 2, 5, 10, 30, 60, 120, 240)
HORIZONS = (1, 5, 15, 30, 60, 240)
SIZE_EDGES = (1e3, 1e4, 3e4, 1e5, 3e5, 1e6, 1e7)


def minutes_of(path: Path) -> dict[str, list[float] | float]:
    """Figures of one-minute closes, as the experiment has them of a simulated market."""
    prices = pd.read_csv(path)["close"].to_numpy(float)
    returns = log_returns(prices, 1)
    scaled = np.abs(returns) / returns.std()
    return {
        "volatility_bp": float(returns.std() * 1e4),
        "hill": hill(np.abs(returns)) or float("nan"),
        "survival": [float((scaled > threshold).mean()) for threshold in THRESHOLDS],
        "acf": [autocorrelation([returns], lag) for lag in LAGS],
        "acf_of_size": [autocorrelation([np.abs(returns)], lag) for lag in LAGS],
        "kurtosis": [kurtosis for _, _, kurtosis in horizon_table([prices], HORIZONS)],
    }


def recorded(data: Path) -> tuple[LevelUpdates, Orders, float]:
    """Updates, orders and the second of the first row."""
    updates = read_updates(data / BOOK)
    return updates, read_orders(data / TRADES), float(updates.seconds[0])


def part_of(data: Path, name: str) -> tuple[BookFacts, OrderFacts]:
    """Book and orders of the part that was fitted, or of the rest."""
    updates, orders, zero = recorded(data)
    start, stop = PARTS[name]
    return book_facts(updates, zero + start, zero + stop), order_facts(orders, zero + start, zero + stop)


def response(data: Path, delay: float = 5.0) -> list[tuple[float, float, float]]:
    """(mean size, mean signed move of the mid in bp after `delay`, its standard error) by size of marketable order."""
    updates, orders, zero = recorded(data)
    seconds, mids = mids_of(updates)
    kept = (orders.seconds > zero + 2.0) & (orders.seconds < zero + 338.0)
    when, side, money = orders.seconds[kept], orders.side[kept], orders.money[kept]

    def mid(at: np.ndarray) -> np.ndarray:
        return mids[np.maximum(np.searchsorted(seconds, at) - 1, 0)]

    moves = side * np.log(mid(when + delay) / mid(when - 0.05)) * 1e4
    found = []
    for low, high in zip(SIZE_EDGES, SIZE_EDGES[1:], strict=False):
        inside = (money >= low) & (money < high)
        error = float(moves[inside].std() / np.sqrt(inside.sum()))
        found.append((float(money[inside].mean()), float(moves[inside].mean()), error))
    return found


def mids_of(updates: LevelUpdates) -> tuple[np.ndarray, np.ndarray]:
    """Mid before every message; the book is kept as two dictionaries and their best prices."""
    books: dict[int, dict[int, float]] = {1: {}, -1: {}}
    best: dict[int, int | None] = {1: None, -1: None}
    last, seconds, mids = -1, [], []
    columns = (updates.seconds, updates.message, updates.side, updates.tick, updates.amount)
    for second, message, side, tick, amount in zip(*(column.tolist() for column in columns), strict=True):
        if message != last:
            last = message
            if best[1] is not None and best[-1] is not None:
                seconds.append(second)
                mids.append((best[1] + best[-1]) / 2.0 * updates.tick_size)
        touch = best[side]
        if amount > 0.0:
            books[side][tick] = amount
            if touch is None or (tick - touch) * side > 0:
                best[side] = tick
        else:
            books[side].pop(tick, None)
            if tick == touch:
                best[side] = (max if side > 0 else min)(books[side], default=None)
    return np.asarray(seconds), np.asarray(mids)


def document(data: Path) -> str:
    """The YAML file."""
    lines = [
        "# Figures of real windows, made by real_windows.py from public market data; no raw data. Times are UTC.",
        "# quiet_2023: BTCUSDT perpetual, Binance, 24 July to 3 August 2023; normal_2025: 12 to 22 May 2025.",
        "# book: BTCUSDT perpetual, Binance, 8 August 2024; fit 23:54:16 to 23:58:16, rest 23:58:16 to 23:59:59.",
        f"thresholds: {list(THRESHOLDS)}",
        f"lags: {list(LAGS)}",
        f"horizons: {list(HORIZONS)}",
        "windows:",
    ]
    for name, path in MINUTES.items():
        lines.append(f"  {name}:")
        lines += [f"    {key}: {_rounded(value)}" for key, value in minutes_of(data / path).items()]
    lines.append("book:")
    for name in PARTS:
        facts, orders = part_of(data, name)
        lines.append(f"  {name}:")
        lines += [f"    {key}: {_rounded(value)}" for key, value in flat(facts, orders).items()]
    lines.append(
        "response:  # mean size, mean signed move of the mid after 5 s in bp, its standard error; whole recording"
    )
    lines += [f"  - {_rounded(list(row))}" for row in response(data)]
    return "\n".join(lines) + "\n"


def flat(facts: BookFacts, orders: OrderFacts) -> dict[str, float | list[float]]:
    """The figures of a window as the file keeps them."""
    return {
        "spread_bp": facts.spread_bp, "one_tick_seconds": facts.one_tick_seconds,
        "one_tick_messages": facts.one_tick_messages, "volatility_bp": facts.second_volatility_bp,
        "bid_depth": list(facts.bid_depth.values()), "ask_depth": list(facts.ask_depth.values()),
        "increases": list(facts.increases), "decreases": list(facts.decreases),
        "increase_mean": facts.increase_mean, "increase_median": facts.increase_median,
        "orders_per_s": orders.per_second, "order_mean": orders.mean, "order_median": orders.median,
        "signs": list(orders.sign_autocorrelation.values()),
    }  # fmt: skip


def _rounded(value: float | list[float]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_rounded(item) for item in value) + "]"
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.4e}"


if __name__ == "__main__":
    sys.stdout.write(document(Path(sys.argv[1])))
