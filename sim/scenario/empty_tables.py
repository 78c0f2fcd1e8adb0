"""Tables at the start: an empty book, no stop asleep, and nobody's margin checked yet."""

import numpy as np

from sim.rules.radii import DUE
from sim.rules.safe_radius import BLOCK
from sim.tables import layout
from sim.terms.vocabulary import NONE


def empty_book(n_levels: int, n_orders: int, n_stops: int, n_positions: int) -> dict[str, np.ndarray]:
    """Tables of orders and stops by name, rows free and lists empty."""
    positions = np.zeros(n_positions, layout.POSITIONS)
    positions["first_order"] = positions["first_stop"] = NONE
    levels = np.zeros(n_levels, layout.LEVELS)
    levels["head"] = levels["tail"] = NONE
    stop_levels = np.zeros(n_levels, layout.STOP_LEVELS)
    stop_levels["buy"] = stop_levels["sell"] = NONE
    orders, stops = np.zeros(n_orders, layout.ORDERS), np.zeros(n_stops, layout.STOPS)
    for table in (orders, stops):
        table["sequence"] = NONE
        table["next"] = np.append(np.arange(1, len(table)), NONE)
    return {
        "levels": levels,
        "orders": orders,
        "positions": positions,
        "stops": stops,
        "stop_levels": stop_levels,
        "woken": np.zeros(n_stops, np.int64),
    }


def unchecked_accounts(accounts: int) -> dict[str, np.ndarray]:
    """Tables of the radii by name: every account is due."""
    blocks, sections = -(-accounts // BLOCK), -(-accounts // BLOCK**2)
    rows = {
        "safe_radius": accounts,
        "safe_block": blocks,
        "safe_section": sections,
        "look_radius": accounts,
        "look_block": blocks,
    }
    return {name: np.full((2, n), DUE) for name, n in rows.items()}
