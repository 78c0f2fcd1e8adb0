"""At which earlier prices positions were taken: a walk that ends at the start price, and who survived it."""

from dataclasses import dataclass

import numpy as np

from sim.scenario.records import Scenario
from sim.scenario.schedules import maintenance_rows
from sim.streams import Dice

STREAM_HISTORY = 2
HOURS = 72
MINUTES = 60 * HOURS
REDRAWS = 40
AGE_OF_LEVERAGE = 12.0  # a position at this leverage has the mean age of the dial; higher leverage is younger


@dataclass
class Entries:
    """Entry prices in ticks, (n_instruments, rows) int64."""

    ticks: np.ndarray

    @classmethod
    def young(cls, scenario: Scenario, count: int) -> "Entries":
        """Everybody entered at the start price."""
        return cls(np.stack([np.full(count, start_tick(scenario, k)) for k in range(len(scenario.instruments))]))


def start_tick(scenario: Scenario, k: int) -> int:
    """Start price of instrument k in ticks."""
    instrument = scenario.instruments[k]
    return round(instrument.start_price / scenario.contract_of(instrument).tick_size)


def history(scenario: Scenario, dice: Dice, volatility_bp: float) -> np.ndarray:
    """(n_instruments, MINUTES + 1) relative prices, newest last and equal to 1; correlated like the indices."""
    n = len(scenario.instruments)
    correlation = np.full((n, n), scenario.index_correlation) + (1.0 - scenario.index_correlation) * np.eye(n)
    root = np.linalg.cholesky(correlation + 1e-12 * np.eye(n))
    moves = root @ dice.generator(STREAM_HISTORY).standard_normal((n, MINUTES)) * volatility_bp * 1e-4 * np.sqrt(60.0)
    walk = np.concatenate([np.zeros((n, 1)), np.cumsum(moves, axis=1)], axis=1)
    walk -= walk[:, -1:]
    return 1.0 + walk if scenario.prices == "arithmetic" else np.exp(walk)


def entry_prices(
    scenario: Scenario,
    dice: Dice,
    stream: int,
    leverage: np.ndarray,
    sign: np.ndarray,
    notional: np.ndarray,
    age_hours: float,
    volatility_bp: float,
) -> Entries:
    """Entry of each row: its age is exponential; rows that the walk would have liquidated draw again.

    Survival is judged by the venue's unscaled schedule in every regime, so that positions are the same in all.
    """
    rng = dice.generator(STREAM_HISTORY, stream)
    paths = history(scenario, dice, volatility_bp)
    lowest = np.minimum.accumulate(paths[:, ::-1], axis=1)
    highest = np.maximum.accumulate(paths[:, ::-1], axis=1)
    mean_minutes = 60.0 * age_hours * np.clip(AGE_OF_LEVERAGE / leverage, 0.1, 3.0)
    rate = np.zeros(notional.shape)
    for k, instrument in enumerate(scenario.instruments):
        rows = maintenance_rows(scenario, instrument, 1.0)
        floors = np.array([float(floor) for floor, _ in rows])
        rates = np.array([float(value) for _, value in rows])
        rate[k] = rates[np.clip(np.searchsorted(floors, notional[k], side="right") - 1, 0, None)]
    age = np.zeros(leverage.shape, np.int64)
    open_rows = np.arange(leverage.shape[0])
    for _ in range(REDRAWS):
        drawn = np.minimum(rng.exponential(1.0, open_rows.shape[0]) * mean_minutes[open_rows], MINUTES)
        age[open_rows] = drawn.astype(np.int64)
        dead = np.zeros(open_rows.shape[0], bool)
        for k in range(notional.shape[0]):
            held = notional[k, open_rows] > 0
            entry = paths[k, MINUTES - age[open_rows]]
            worst = np.where(sign[open_rows] > 0, lowest[k, age[open_rows]], highest[k, age[open_rows]])
            side = sign[open_rows]
            if scenario.contract_of(scenario.instruments[k]).contract == "inverse":  # in coins, a long is a short
                entry, worst, side = 1.0 / entry, 1.0 / worst, -side
            equity = entry / leverage[open_rows] + side * (worst - entry)
            dead |= held & (equity <= rate[k, open_rows] * worst)
        open_rows = open_rows[dead]
        if open_rows.shape[0] == 0:
            break
    age[open_rows] = 0
    ticks = [
        np.rint(start_tick(scenario, k) * paths[k, MINUTES - age]).astype(np.int64) for k in range(notional.shape[0])
    ]
    return Entries(np.stack(ticks))
