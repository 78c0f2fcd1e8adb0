"""Tables as numbers in natural units: what agents say about the rows that they stand for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.session import Session
from sim.rules.worth import units
from sim.tables import World

Floats = NDArray[np.float64]
Rows = NDArray[Any]


@dataclass(frozen=True)
class AccountRows:
    """Columns over a range of traders. size: (n_instruments, n) signed base units; the rest in quote units.

    balance: (n,) money without unrealised results; value: (n_instruments, n) signed, at mark; equity: (n,).
    """

    size: Floats
    value: Floats
    balance: Floats
    equity: Floats


def account_rows(session: Session, first: int, last: int) -> AccountRows:
    """Wallets, isolated accounts and positions of the traders in rows first to last - 1, summed as exact integers."""
    world, names = session.world, session.names
    n, n_traders = len(names.instruments), int(world.clock[0]["n_traders"])
    lots = world.position_size.reshape(n, n_traders)[:, first:last]
    entry = world.entry_value.reshape(n, n_traders)[:, first:last]
    money = world.quote_balance.reshape(-1, n_traders)[:, first:last].sum(axis=0)
    pairs = cost_of_all_pairs(world, n, n_traders)[:, first:last]
    value = lots * units(world.instruments, world.instruments["mark_price"])[:, None]
    return AccountRows(
        size=lots * np.asarray(names.lot_size)[:, None],
        value=value * names.atom,
        balance=(money + entry.sum(axis=0) + pairs.sum(axis=0)) * names.atom,
        equity=(money + value.sum(axis=0)) * names.atom,
    )


def mean_price(instrument: Any, lots: int, cost: int) -> float:
    """Price in ticks at which lots were bought for `cost` atoms."""
    if instrument["inverse"]:
        return -lots * int(instrument["tick_value"]) / cost
    return cost / (lots * int(instrument["tick_value"]))


def locked_of(world: World, row: int) -> int:
    """Lots that a position row holds on both sides, in hedge mode."""
    return int(world.legs[row]["locked"]) if row < len(world.legs) else 0


def cost_of_pairs(world: World, row: int) -> tuple[int, int]:
    """What those lots have cost on the long and on the short side, in atoms; the short side's is negative."""
    if row >= len(world.legs):
        return 0, 0
    return int(world.legs[row]["long_value"]), int(world.legs[row]["short_value"])


def cost_of_all_pairs(world: World, n: int, n_traders: int) -> NDArray[np.int64]:
    """(n_instruments, n_traders) cost of the pairs of every position, both sides together."""
    if not len(world.legs):
        return np.zeros((n, n_traders), np.int64)
    return np.asarray(world.legs["long_value"] + world.legs["short_value"]).reshape(n, n_traders)


@dataclass(frozen=True)
class Profit:
    """Profit since the start by part, quote units; the parts sum to equity now less equity then less deposits."""

    price: float
    spread: float
    funding: float
    fees: float
    liquidation: float
    deposits: float
    total: float


def profit_of(session: Session, population: int) -> Profit:
    """The profit of a row of the table of populations, all instruments together, summed as exact integers."""
    world = session.world
    rows = world.profits.reshape(-1, len(session.names.instruments))[2 * len(session.names.venues) + population]
    parts = {name: sum(rows[name].tolist()) for name in ("price", "spread", "funding", "fees", "liquidation")}
    total = sum(parts.values()) * session.names.atom
    money = {name: value * session.names.atom for name, value in parts.items()}
    return Profit(**money, deposits=sum(rows["deposits"].tolist()) * session.names.atom, total=total)


def price_of(session: Session, k: int, column: str) -> float:
    """A price column of an instrument in quote units."""
    return int(session.world.instruments[k][column]) * session.names.tick_size[k]


def open_cases(session: Session) -> Rows:
    """The accounts in breach that are being or wait to be liquidated: CASES rows."""
    return session.world.cases[: int(session.world.clock[0]["n_cases"])]


def traders_of_accounts(session: Session, accounts: Rows) -> Rows:
    """The trader whom each margin account belongs to."""
    return np.asarray(accounts % int(session.world.clock[0]["n_traders"]))


def step_or_none(step: Any) -> int | None:
    """A recorded step; None where it has not happened."""
    return int(step) if step >= 0 else None
