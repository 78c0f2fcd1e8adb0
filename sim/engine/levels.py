"""The liquidation map: at which price of one instrument, all else as it is, would each account be liquidated?"""

import numpy as np

from sim.tables import World


def requirement(world: World, k: int, value: np.ndarray) -> np.ndarray:
    """Maintenance in atoms (float64) of notionals in atoms, by the instrument's marginal tiers; same shape."""
    instrument = world.instruments[k]
    rows = world.tiers[int(instrument["first_tier"]) : int(instrument["first_tier"] + instrument["n_tiers"])]
    scale = float(world.clock[0]["rate_scale"])
    lines = (rows["rate"][:, None] * value[None, :] - rows["deduction"][:, None]) / scale
    return np.maximum(lines.max(axis=0), 0.0)


def liquidation_levels(
    world: World, k: int, traders: np.ndarray, tick_size: float, atom: float
) -> tuple[np.ndarray, np.ndarray]:
    """(price, signed notional) in quote units of each open position of `traders` in instrument k.

    Closed form per tier: equity without this position, plus its value, equals the requirement. Positions that no
    positive price liquidates are left out. Float, for pictures; the engine judges in integers.
    """
    n_traders, n_instruments = int(world.clock[0]["n_traders"]), int(world.clock[0]["n_instruments"])
    isolated = world.populations["isolated"][world.traders["population"][traders]] != 0
    sizes = world.position_size.reshape(n_instruments, n_traders)[:, traders].astype(float)
    balances = world.quote_balance.reshape(-1, n_traders).astype(float)
    own = balances[1 + k if len(balances) > 1 else 0, traders]
    other = world.quote_balance[traders].astype(float)
    for j in range(n_instruments):
        value = sizes[j] * float(world.instruments[j]["mark_price"] * world.instruments[j]["tick_value"])
        if j != k:
            other = other + value - requirement(world, j, np.abs(value))
    rest = np.where(isolated, own, other)
    held = sizes[k] != 0
    size, rest = sizes[k][held], rest[held]
    instrument = world.instruments[k]
    rows = world.tiers[int(instrument["first_tier"]) : int(instrument["first_tier"] + instrument["n_tiers"])]
    rate = rows["rate"].astype(float)[:, None] / float(world.clock[0]["rate_scale"])
    deduction = rows["deduction"].astype(float)[:, None] / float(world.clock[0]["rate_scale"])
    tick_value = float(instrument["tick_value"])
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = -(rest + deduction) / ((size - np.abs(size) * rate) * tick_value)
    price = np.where(size > 0, np.nanmax(roots, axis=0), np.nanmin(roots, axis=0)) * tick_size
    kept = np.isfinite(price) & (price > 0)
    notional = size * tick_value * float(instrument["mark_price"]) * atom
    return price[kept], notional[kept]
