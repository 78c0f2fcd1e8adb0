"""Who stands where at step 0: positions taken at earlier prices, their collateral, the wallets of all others.

Drawn with numpy, once a run, from streams addressed by population, so regimes share every account.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.scenario.allotment import allotted_shares
from sim.scenario.contracts import is_inverse, value_of_lot, worth
from sim.scenario.history import Entries, entry_prices
from sim.scenario.margin_forms import maintenance_at_start, whole_rate
from sim.scenario.records import Scenario
from sim.scenario.schedules import initial_rows
from sim.strategies import (
    BasisTrader,
    LeveragedSpeculator,
    LiquidationBuyer,
    Liquidator,
    MarketMaker,
    PythonStrategy,
    SignalTrader,
    TrendFollower,
)
from sim.streams import Dice, Draws, stream_of

STREAM_PEOPLE = 1
SAFETY = 1.05  # equity at the start is at least this multiple of the maintenance margin in force
FLOOR_SAFETY = 1.25  # the same for the schedule named by collateral_floor_scale
DEFAULT_LEVERAGE = 20.0  # chosen by makers, noise traders and arbitrageurs: their capital never binds


@dataclass
class Crowd:
    """Rows of one population before they become integers. (rows,) and (n_instruments, rows) arrays; quote units."""

    leverage: np.ndarray  # (rows,) chosen
    wallet: np.ndarray  # (rows,) all that the trader brings
    lots: np.ndarray  # (n_instruments, rows) int64 signed
    entry_ticks: np.ndarray  # (n_instruments, rows) int64
    weight: np.ndarray  # (n_instruments, rows) shares in which a wallet is allotted to isolated positions
    profile: dict[str, float] = field(default_factory=dict)


def idle_crowd(scenario: Scenario, count: int, capital: float, leverage: float = DEFAULT_LEVERAGE) -> Crowd:
    """Traders with money and no position."""
    n = len(scenario.instruments)
    return Crowd(
        leverage=np.full(count, leverage),
        wallet=np.full(count, capital),
        lots=np.zeros((n, count), np.int64),
        entry_ticks=np.zeros((n, count), np.int64),
        weight=np.full((n, count), 1.0 / n),
    )


def idle_rows(scenario: Scenario, record: Any) -> Crowd:
    """The rows of a population that begins with its capital and no position."""
    if isinstance(record, PythonStrategy | Liquidator):
        return idle_crowd(scenario, record.count, record.capital, record.leverage)
    # Fewer makers with more each, as of all that is thinned.
    thinned = isinstance(record, MarketMaker)
    count = max(round(record.count / scenario.flow_thinning), 1) if thinned else record.count
    return idle_crowd(scenario, count, record.capital)


def heavy_tailed(rng: Draws, count: int, sigma: float, tail: float, exponent: float) -> np.ndarray:
    """Relative sizes: a log-normal body whose upper `tail` share follows a Pareto law of this exponent."""
    sizes = np.exp(sigma * rng.standard_normal(count))
    uniforms = rng.random(count)
    if tail > 0.0:
        threshold = np.quantile(sizes, 1.0 - tail)
        above = sizes > threshold
        sizes[above] = threshold * (1.0 - uniforms[above]) ** (-1.0 / exponent)
    return sizes


def capped_shares(sizes: np.ndarray, largest: float) -> np.ndarray:
    """Sizes as shares of their sum, none above `largest` (or an equal share, where that is more)."""
    shares = sizes / sizes.sum()
    ceiling = max(largest, 1.0 / len(shares))
    for _ in range(50):
        over = shares > ceiling
        if not over.any() or over.all():
            break
        rest = shares[~over].sum()
        shares[~over] *= (1.0 - ceiling * over.sum()) / rest
        shares[over] = ceiling
    return np.asarray(np.minimum(shares, ceiling))


def speculators(scenario: Scenario, record: LeveragedSpeculator, dice: Dice) -> Crowd:
    """Leveraged speculators with positions taken at earlier prices that they have survived."""
    rng = dice.generator(STREAM_PEOPLE, stream_of(record.name))
    count, n = record.count, len(scenario.instruments)
    listed = [k for k, i in enumerate(scenario.instruments) if i.venue == record.venue]
    sizes = heavy_tailed(rng, count, record.size_sigma, record.tail_share, record.tail_exponent)
    long = rng.random(count) < record.long_share
    both = rng.random(count) < record.both_instruments_share
    first = rng.integers(0, len(listed), count)
    normals, crowd = rng.standard_normal(count), idle_crowd(scenario, count, 0.0)
    notional = np.zeros((n, count))
    for i, k in enumerate(listed):
        instrument = scenario.instruments[k]
        holds = both | (first == i)
        longs = record.open_interest * instrument.liquidity_scale
        shorts = longs * (1.0 - record.long_share) / record.long_share if record.long_share > 0 else longs
        for side, total in ((long, longs if record.long_share > 0 else 0.0), (~long, shorts)):
            held = holds & side
            if held.any() and total > 0:
                limit = record.largest_share * (longs + shorts) / total
                notional[k, held] = total * capped_shares(sizes[held], limit)
    crowd.leverage = _chosen_leverage(scenario, record, notional, normals)
    sign = np.where(long, 1, -1)
    _take_positions(scenario, crowd, notional, sign, record, dice)
    return crowd


def _chosen_leverage(
    scenario: Scenario, record: LeveragedSpeculator, notional: np.ndarray, normals: np.ndarray
) -> np.ndarray:
    """(rows,) leverage from one draw each: clipped to what is admissible, or as a quantile of that range."""
    from scipy.special import ndtr, ndtri

    most = np.full(normals.shape, np.inf)
    for k, instrument in enumerate(scenario.instruments):
        # With a collateral floor the same accounts must stand under every scale: the floor's scale decides.
        rows = initial_rows(scenario, instrument, record.collateral_floor_scale or None)
        admissible = 1.0 / whole_rate(rows, notional[k])
        most = np.where(notional[k] > 0, np.minimum(most, admissible), most)
    most = np.maximum(np.where(np.isfinite(most), most, 1.0), 1.0)
    least = np.minimum(record.leverage_min, most)
    centre, sigma = np.log(record.leverage_median), max(record.leverage_sigma, 1e-9)
    if record.leverage_rule == "chosen":
        return np.asarray(np.clip(np.exp(centre + sigma * normals), least, most))
    low, high = ndtr((np.log(least) - centre) / sigma), ndtr((np.log(most) - centre) / sigma)
    inside = np.clip(low + ndtr(normals) * (high - low), 1e-12, 1.0 - 1e-12)
    return np.asarray(np.clip(np.exp(centre + sigma * ndtri(inside)), least, most))


def _take_positions(
    scenario: Scenario,
    crowd: Crowd,
    notional: np.ndarray,
    sign: np.ndarray,
    record: LeveragedSpeculator,
    dice: Dice,
) -> None:
    """Fill lots, entries, wallet and allotment weights; nobody is liquidatable, in cross or in isolated mode."""
    regime = scenario.venues[record.venue].margin
    free = 1.0 - regime.isolated_reserve_share
    needed = np.zeros(notional.shape)
    collateral = np.zeros(notional.shape)
    entries = entry_prices(
        scenario,
        dice,
        stream_of(record.name),
        crowd.leverage,
        sign,
        notional,
        record.age_hours,
        record.history_volatility_bp,
    )
    for k, instrument in enumerate(scenario.instruments):
        contract = scenario.contract_of(instrument)
        tick, lot = contract.tick_size, contract.lot_size
        inverse = contract.contract == "inverse"
        start = round(instrument.start_price / tick)
        each = lot / (start * tick) if inverse else start * tick * lot
        lots = np.rint(notional[k] / each).astype(np.int64)
        flip = -1 if scenario.mirror else 1
        crowd.lots[k] = flip * sign * lots
        crowd.entry_ticks[k] = start + flip * (entries.ticks[k] - start)
        value = lots * start * tick * lot
        profit = sign * lots * (start - entries.ticks[k]) * tick * lot
        cost = lots * entries.ticks[k] * tick * lot
        if inverse:
            value, cost = np.abs(worth(contract, lots, start)), np.abs(worth(contract, lots, entries.ticks[k]))
            profit = sign * (cost - value)
        profit = np.minimum(profit, regime.unrealised_profit_credit * profit)
        collateral[k] = cost / crowd.leverage
        maintenance = SAFETY * maintenance_at_start(scenario, instrument, value, lots, cost)
        if record.collateral_floor_scale > 0:
            floor = maintenance_at_start(scenario, instrument, value, lots, cost, record.collateral_floor_scale)
            maintenance = np.maximum(maintenance, FLOOR_SAFETY * floor)
        needed[k] = np.where(
            lots > 0, np.maximum(maintenance - profit + (each * 1e-6 if inverse else tick * lot), 0.0), 0.0
        )
    wanted = np.maximum(collateral, needed)
    total = wanted.sum(axis=0)
    held = (crowd.lots != 0).sum(axis=0)
    crowd.weight = allotted_shares(record.collateral_allocation, wanted, needed, record.reserve_share)
    spare = 0.0 if is_inverse(scenario) else 1.0
    crowd.wallet = np.where(held > 0, total / free * (1.0 + 1e-6) + spare, total)


def trend_rows(scenario: Scenario, record: TrendFollower, dice: Dice, open_interest: np.ndarray) -> Crowd:
    """Flat traders whose wallets, at their leverage, add up to the budget of later entries."""
    rng = dice.generator(STREAM_PEOPLE, stream_of(record.name))
    crowd = idle_crowd(scenario, record.count, 0.0)
    listed = [k for k, i in enumerate(scenario.instruments) if i.venue == record.venue]
    orders = record.order_median * np.exp(record.size_sigma * rng.standard_normal(record.count))
    orders = np.minimum(orders, record.max_order)
    normals = rng.standard_normal(record.count)
    for i, k in enumerate(listed):
        rows = np.arange(record.count) % len(listed) == i
        if rows.any():
            budget = record.budget_of_open_interest * open_interest[k]
            orders[rows] = np.minimum(
                orders[rows] * budget / orders[rows].sum(), max(record.max_order, budget / rows.sum())
            )
            schedule = initial_rows(scenario, scenario.instruments[k], record.collateral_floor_scale or None)
            most = 1.0 / whole_rate(schedule, orders[rows])
            drawn = record.leverage_median * np.exp(record.leverage_sigma * normals[rows])
            crowd.leverage[rows] = np.clip(drawn, 1.0, most)
    crowd.wallet = orders / crowd.leverage / 0.9
    return crowd


def buyer_rows(scenario: Scenario, record: LiquidationBuyer, dice: Dice, open_interest: np.ndarray) -> Crowd:
    """Flat traders whose wallets, at their leverage, add up to the budget of those who step in after a fall."""
    rng = dice.generator(STREAM_PEOPLE, stream_of(record.name))
    crowd = idle_crowd(scenario, record.count, 0.0, record.leverage)
    listed = [k for k, i in enumerate(scenario.instruments) if i.venue == record.venue]
    orders = np.exp(record.size_sigma * rng.standard_normal(record.count))
    for i, k in enumerate(listed):
        rows = np.arange(record.count) % len(listed) == i
        if rows.any():
            orders[rows] *= record.budget_of_open_interest * open_interest[k] / orders[rows].sum()
    crowd.wallet = orders / record.leverage / 0.9
    return crowd


def signal_rows(scenario: Scenario, record: SignalTrader, dice: Dice) -> Crowd:
    """Flat traders with log-normal wallets that add up to count x capital, and a leverage that the venue allows."""
    rng = dice.generator(STREAM_PEOPLE, stream_of(record.name))
    crowd = idle_crowd(scenario, record.count, 0.0)
    weights = np.exp(record.capital_sigma * rng.standard_normal(record.count))
    crowd.wallet = record.count * record.capital * weights / weights.sum()
    drawn = record.leverage_median * np.exp(record.leverage_sigma * rng.standard_normal(record.count))
    for i, k in enumerate(k for k, item in enumerate(scenario.instruments) if item.venue == record.venue):
        listed = sum(1 for item in scenario.instruments if item.venue == record.venue)
        rows = np.arange(record.count) % listed == i
        most = 1.0 / whole_rate(initial_rows(scenario, scenario.instruments[k]), np.zeros(1))[0]
        crowd.leverage[rows] = np.clip(drawn[rows], 1.0, max(most, 1.0))
    return crowd


def basis_rows(scenario: Scenario, record: BasisTrader, dice: Dice, net_lots: np.ndarray) -> Crowd:
    """Unleveraged longs, and shorts at low leverage against everybody else: the rest stands with the outside world."""
    rng = dice.generator(STREAM_PEOPLE, stream_of(record.name))
    crowd = idle_crowd(scenario, record.count, 0.0, max(record.leverage, 1.0))
    n_long = min(int(record.long_rows_share * record.count), record.count - 1)
    shares = np.exp(record.size_sigma * rng.standard_normal(record.count))
    listed = [k for k, i in enumerate(scenario.instruments) if i.venue == record.venue]
    flip = -1 if scenario.mirror else 1
    ages = Entries.young(scenario, record.count)
    value = np.zeros(record.count)
    for k in listed:
        instrument = scenario.instruments[k]
        unit = value_of_lot(scenario, instrument)
        if n_long > 0:
            total = record.unleveraged_longs * instrument.liquidity_scale / unit
            crowd.lots[k, :n_long] = flip * np.floor(total * shares[:n_long] / shares[:n_long].sum()).astype(np.int64)
        against = round((int(net_lots[k]) + int(crowd.lots[k].sum())) * (1.0 - record.booked_outside))
        short = shares[n_long:] / shares[n_long:].sum()
        crowd.lots[k, n_long:] = -np.sign(against) * np.floor(abs(against) * short).astype(np.int64)
        crowd.lots[k, n_long] -= against + int(crowd.lots[k, n_long:].sum())
        crowd.entry_ticks[k] = ages.ticks[k]
        value += np.abs(crowd.lots[k]) * unit
    crowd.wallet = value / record.leverage + (0.0 if is_inverse(scenario) else 1.0)
    for k in listed:
        unit = value_of_lot(scenario, scenario.instruments[k])
        crowd.weight[k] = np.where(value > 0, np.abs(crowd.lots[k]) * unit / np.maximum(value, 1e-300), crowd.weight[k])
    return crowd
