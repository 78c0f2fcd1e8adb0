"""Dials of the zero-intelligence flow and of reservation-price makers as table rows."""

from math import log1p, sqrt

import numpy as np

from sim.strategies import AvellanedaStoikov, Population, ZeroIntelligence
from sim.strategies.avellaneda_stoikov import NO_LIMIT
from sim.tables import layout
from sim.terms.vocabulary import NONE

SLOTS_SHARE, SLOTS_SPREAD, SLOTS_MIN = 1.25, 8.0, 64  # room above the expected number of resting orders


def fill_flow(row: np.void, record: ZeroIntelligence, dt: float, thinning: float) -> None:
    """Rates a step of both sides together; as many order slots as can be needed, and how many are filled at first."""
    row["rate_per_step"] = 2.0 * record.limit_rate() * dt / thinning
    row["market_rate"] = 2.0 * record.market_rate * dt / thinning
    row["cancel_rate"] = max(record.cancel_rates) * dt
    most = record.resting_max() / thinning
    row["n_quotes"] = int(SLOTS_SHARE * most + SLOTS_SPREAD * sqrt(most)) + SLOTS_MIN
    row["n_levels"] = min(round(record.resting() / thinning), int(row["n_quotes"]))
    row["window_ticks"] = record.window_ticks
    row["n_distances"] = 0 if record.arrivals == "uniform" else max(len(record.limit_rates), len(record.cancel_rates))


def flow_distances(populations: tuple[Population, ...], table: np.ndarray) -> np.ndarray:
    """DISTANCES of all populations; `table` (POPULATIONS, institutions first) gets the first row of each."""
    rows: list[tuple[float, float]] = []
    for p, record in enumerate(populations, start=1):
        if isinstance(record, ZeroIntelligence) and table[p]["n_distances"]:
            table[p]["first_distance"] = len(rows)
            total, fastest = record.limit_rate(), max(record.cancel_rates)
            for i in range(1, int(table[p]["n_distances"]) + 1):
                share = sum(record.limit_rates[:i]) / total if total > 0 else 1.0
                rows.append((share, record.cancel_rate_at(i) / fastest))
    distances = np.zeros(max(len(rows), 1), layout.DISTANCES)
    for place, (share, cancellation) in enumerate(rows):
        distances[place]["share"], distances[place]["cancellation"] = share, cancellation
    return distances


def flow_quotes(row: np.void, lots: int) -> np.ndarray:
    """QUOTES of a flow in one instrument: slots for its resting orders."""
    table = np.zeros(int(row["n_quotes"]), layout.QUOTES)
    table["lots"], table["slot"] = lots, NONE
    return table


def fill_stoikov(row: np.void, record: AvellanedaStoikov, dt: float) -> None:
    """Horizon in steps, inventory limit in orders, two quotes a maker."""
    row["n_quotes"] = 2 * record.count
    row["horizon_steps"] = max(round(record.horizon_s / dt), 1)
    row["rolling"], row["symmetric"] = int(record.horizon == "rolling"), int(record.symmetric)
    row["at_index"] = int(record.centre == "index")
    row["inventory_limit"] = NO_LIMIT if record.inventory_limit is None else record.inventory_limit


def stoikov_quotes(record: AvellanedaStoikov, row: np.void, tick: float, lots: int) -> np.ndarray:
    """QUOTES of makers in one instrument: an ask and a bid each, half of the spread's constant part in ticks."""
    table = np.zeros(int(row["n_quotes"]), layout.QUOTES)
    maker = np.arange(len(table)) // 2
    table["owner"] = int(row["first_trader"]) + maker
    table["away"] = np.where(np.arange(len(table)) % 2 == 0, 1, -1)
    table["distance"] = log1p(record.risk_aversion / record.fill_decay) / record.risk_aversion / tick
    table["lots"] = lots
    return table


def fill_stoikov_desk(desk: np.void, record: AvellanedaStoikov, start_price: float, tick: float, dt: float) -> None:
    """Risk aversion in 1 / tick, and the variance of the price a step in squared ticks if it is given."""
    desk["size_factor"] = record.risk_aversion * tick
    if record.volatility_bp is not None:
        desk["variance"] = (record.volatility_bp * 1e-4 * start_price / tick) ** 2 * dt
