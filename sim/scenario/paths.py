"""Index paths: a correlated process, or given points with a bridge between; volatility may cluster; news on top."""

from itertools import accumulate

import numpy as np

from sim.scenario.errors import Position, ScenarioError, problem_at
from sim.scenario.records import Instrument, Scenario
from sim.streams import generator

STREAM_INDEX = 3
STREAM_VOLATILITY = 5
MILLI = 1000
LARGEST_MILLI = 1000.0 * 2**31
FAR = "the drawn path leaves every price ladder; lower volatility_bp, jumps_per_hour, jump_size_bp or steps"


def index_paths(
    scenario: Scenario, seed: int, points: dict[str, list[tuple[float, float]]], antithetic: bool = False
) -> np.ndarray:
    """(n_instruments, steps + 1) int64, thousandths of a tick.

    `points`: for instruments whose index is not a process, rows of (step, price). The same seed gives the same
    path under every margin regime. antithetic: every shock and jump has the other sign, and volatility, tails and
    times of jumps stay: the moves are the mirror image of the plain ones, and have their law.
    """
    n, steps = len(scenario.instruments), scenario.steps
    correlation = np.full((n, n), scenario.index_correlation) + (1.0 - scenario.index_correlation) * np.eye(n)
    root = np.linalg.cholesky(correlation + 1e-12 * np.eye(n))
    shocks = root @ generator(seed, STREAM_INDEX).standard_normal((n, steps))
    sign = -1.0 if antithetic else 1.0
    shocks = sign * shocks * _volatility(scenario, seed, root)
    rows = []
    for k, instrument in enumerate(scenario.instruments):
        moves = _moves(scenario, instrument, seed, k, shocks[k], sign)
        moves = _bridged(moves, instrument, points.get(instrument.name))
        for news in instrument.news:
            moves = moves + _news_moves(scenario, news.start_step, news.duration_steps, news.size)
        level = np.concatenate([[0.0], np.cumsum(moves)])
        relative = level if scenario.prices == "arithmetic" else np.expm1(level)
        start = round(instrument.start_price / scenario.contract_of(instrument).tick_size)
        flip = -1.0 if scenario.mirror else 1.0
        change = flip * np.rint(relative * start * MILLI)
        if not np.all(np.abs(change) < LARGEST_MILLI):
            raise ScenarioError(
                [problem_at(Position("seed " + str(seed)), f"instruments.{instrument.name}.index", FAR)]
            )
        rows.append(np.maximum(start * MILLI + change.astype(np.int64), MILLI))
    paths: np.ndarray = np.stack(rows)
    return paths


def _volatility(scenario: Scenario, seed: int, root: np.ndarray) -> np.ndarray | float:
    """(n_instruments, steps) volatility over `volatility_bp`: its logarithm is the sum of two Ornstein-Uhlenbeck parts.

    These start in their stationary law and are correlated over instruments like the moves; the mean square is 1.
    """
    indices = [instrument.index for instrument in scenario.instruments]
    if not any(index.volatility_sigma or index.slow_volatility_sigma for index in indices):
        return 1.0
    draws = generator(seed, STREAM_VOLATILITY).standard_normal((2, *root.shape[:1], scenario.steps))
    logarithm = np.zeros(draws.shape[1:])
    for k, index in enumerate(indices):
        parts = (
            (index.volatility_sigma, index.volatility_half_life_s),
            (index.slow_volatility_sigma, index.slow_volatility_half_life_s),
        )
        for part, (sigma, half_life) in enumerate(parts):
            if sigma > 0.0:
                keep = 0.5 ** (scenario.step_seconds / half_life)
                logarithm[k] += sigma * _autoregressive(root[k] @ draws[part], keep) - sigma**2
    return np.asarray(np.exp(logarithm))


def _autoregressive(normals: np.ndarray, keep: float) -> np.ndarray:
    """A stationary process of unit variance of which a share `keep` survives each step."""
    noise = normals * np.sqrt(1.0 - keep * keep)
    noise[0] = normals[0]
    return np.fromiter(accumulate(noise.tolist(), lambda level, new: keep * level + new), float, len(noise))


def _moves(
    scenario: Scenario, instrument: Instrument, seed: int, k: int, shocks: np.ndarray, sign: float
) -> np.ndarray:
    """Moves a step (log, or fractions of the start price): Gaussian or Student-t, and compound Poisson jumps."""
    index, steps = instrument.index, shocks.shape[0]
    draws = generator(seed, STREAM_INDEX, k + 1)
    if index.distribution == "student_t":
        freedom = index.degrees_of_freedom
        shocks = shocks * np.sqrt((freedom - 2.0) / draws.chisquare(freedom, steps))
    moves: np.ndarray = shocks * index.volatility_bp * 1e-4 * np.sqrt(scenario.step_seconds)
    if index.jumps_per_hour > 0 and index.jump_size_bp > 0:
        counts = draws.poisson(index.jumps_per_hour * scenario.step_seconds / 3600.0, steps)
        moves = moves + sign * draws.standard_normal(steps) * np.sqrt(counts) * index.jump_size_bp * 1e-4
    return moves


def _news_moves(scenario: Scenario, start: int, duration: int, size: float) -> np.ndarray:
    """A move spread evenly over its duration; a start at step s first shows in step s + 1."""
    moves = np.zeros(scenario.steps)
    whole = size if scenario.prices == "arithmetic" else np.log1p(size)
    moves[start : start + duration] = whole / duration
    return moves


def _bridged(moves: np.ndarray, instrument: Instrument, points: list[tuple[float, float]] | None) -> np.ndarray:
    """Tie the process down at given (step, price) points; before the first and after the last it is free."""
    if not points:
        return moves
    level = np.concatenate([[0.0], np.cumsum(moves)])
    steps = np.arange(level.shape[0], dtype=float)
    known = [(float(step), float(np.log(price / instrument.start_price))) for step, price in points]
    if known[0][0] > 0:
        known.insert(0, (0.0, 0.0))
    at = np.array([step for step, _ in known])
    missing = np.array([target for _, target in known]) - np.interp(at, steps, level)
    tied: np.ndarray = level + np.interp(steps, at, missing)
    return np.diff(tied)
