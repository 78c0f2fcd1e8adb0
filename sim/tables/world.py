"""`World`: every array of the model, and nothing else."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from sim.tables import layout
from sim.terms.handle import Holder

INT = np.dtype(np.int64)
FLOAT = np.dtype(np.float64)


class World(Holder):
    """Rows: trader t; position p = instrument * n_traders + t; margin account a: t is the wallet (and the
    cross account), n_traders + p the isolated account of position p."""

    columns: ClassVar[Mapping[str, tuple[np.dtype, int]]] = {
        "clock": (layout.CLOCK, 1),  # 1 row
        "venues": (layout.VENUES, 1),
        "funds": (layout.FUNDS, 1),  # one a venue
        "instruments": (layout.INSTRUMENTS, 1),
        "tiers": (layout.TIERS, 1),  # maintenance and initial schedules of all instruments
        "dynamics": (layout.DYNAMICS, 1),  # two an instrument, or none
        "moves": (INT, 2),  # (dynamics, window) |returns| in 1e-9, a ring
        "populations": (layout.POPULATIONS, 1),
        "desks": (layout.DESKS, 1),  # population * n_instruments + instrument
        "market_view": (layout.VIEW, 1),  # one an instrument
        "traders": (layout.TRADERS, 1),
        "positions": (layout.POSITIONS, 1),  # open orders of each position row
        "legs": (layout.LEGS, 1),  # (positions,) or none; pairs of hedge mode
        "position_size": (INT, 1),  # (positions,) signed lots
        "entry_value": (INT, 1),  # (positions,) atoms, signed cost; ranking and reports, never conservation
        "quote_balance": (INT, 1),  # (accounts,) atoms
        "safe_radius": (FLOAT, 2),  # (2, accounts) relative fall and rise from the anchor below which no check is due
        "safe_block": (FLOAT, 2),  # (2, accounts / 32) least radii of a block of accounts
        "safe_section": (FLOAT, 2),  # (2, accounts / 1024) and of a section of blocks
        "look_radius": (FLOAT, 2),  # (2, accounts) the moves below which its owner's look finds nothing to do
        "look_block": (FLOAT, 2),  # (2, accounts / 32) least of them in a block of accounts
        "account_case": (INT, 1),  # (accounts,) row in cases or -1
        "cases": (layout.CASES, 1),
        "switches": (layout.SWITCHES, 1),
        "account_call": (INT, 1),  # (accounts,) row in calls or -1; one row where no venue has calls
        "calls": (layout.CALLS, 1),
        "sales": (layout.SALES, 1),  # case * n_instruments + instrument
        "levels": (layout.LEVELS, 1),
        "orders": (layout.ORDERS, 1),
        "stops": (layout.STOPS, 1),
        "stop_levels": (layout.STOP_LEVELS, 1),
        "woken": (INT, 1),  # (stops,) keys of the stops that wake together: sequence and row
        "inbox": (layout.INBOX, 1),
        "fills": (layout.FILLS, 1),
        "quotes": (layout.QUOTES, 1),
        "distances": (layout.DISTANCES, 1),
        "queue": (INT, 2),  # (2, capacity) breached accounts and their sort keys
        "ranking": (INT, 2),  # (n_instruments, capacity) candidates for auto-deleveraging
        "index_path": (INT, 2),  # (n_instruments, steps + 1) thousandths of a tick
        "basis_samples": (INT, 2),  # (n_instruments, window) mid minus index, thousandths of a tick
        "mids": (FLOAT, 2),  # (n_instruments, window) ticks, ring over steps
        "events": (layout.EVENTS, 1),
        "steps": (layout.STEPS, 1),
        "profits": (layout.PROFITS, 1),  # holder * n_instruments + instrument
        "profit_steps": (layout.PROFIT_STEPS, 1),
    }
    clock: np.ndarray
    venues: np.ndarray
    funds: np.ndarray
    instruments: np.ndarray
    tiers: np.ndarray
    dynamics: np.ndarray
    moves: np.ndarray
    populations: np.ndarray
    desks: np.ndarray
    market_view: np.ndarray
    traders: np.ndarray
    positions: np.ndarray
    legs: np.ndarray
    position_size: np.ndarray
    entry_value: np.ndarray
    quote_balance: np.ndarray
    safe_radius: np.ndarray
    safe_block: np.ndarray
    safe_section: np.ndarray
    look_radius: np.ndarray
    look_block: np.ndarray
    account_case: np.ndarray
    cases: np.ndarray
    switches: np.ndarray
    account_call: np.ndarray
    calls: np.ndarray
    sales: np.ndarray
    levels: np.ndarray
    orders: np.ndarray
    stops: np.ndarray
    stop_levels: np.ndarray
    woken: np.ndarray
    inbox: np.ndarray
    fills: np.ndarray
    quotes: np.ndarray
    distances: np.ndarray
    queue: np.ndarray
    ranking: np.ndarray
    index_path: np.ndarray
    basis_samples: np.ndarray
    mids: np.ndarray
    events: np.ndarray
    steps: np.ndarray
    profits: np.ndarray
    profit_steps: np.ndarray
