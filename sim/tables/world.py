"""`World`: every array of the model, and nothing else. Kernels take it whole or a few of its tables."""

from typing import NamedTuple

import numpy as np


class World(NamedTuple):
    """Rows: trader t; position p = instrument * n_traders + t; margin account a: t is the wallet (and the
    cross account), n_traders + p the isolated account of position p."""

    clock: np.ndarray  # CLOCK, 1 row
    venues: np.ndarray  # VENUES
    funds: np.ndarray  # FUNDS, one a venue
    instruments: np.ndarray  # INSTRUMENTS
    tiers: np.ndarray  # TIERS, maintenance and initial schedules of all instruments
    populations: np.ndarray  # POPULATIONS
    desks: np.ndarray  # DESKS, population * n_instruments + instrument
    market_view: np.ndarray  # VIEW, one an instrument
    traders: np.ndarray  # TRADERS
    positions: np.ndarray  # POSITIONS, open orders of each position row
    position_size: np.ndarray  # (positions,) int64 signed lots
    entry_value: np.ndarray  # (positions,) int64 atoms, signed cost; ranking and reports, never conservation
    quote_balance: np.ndarray  # (accounts,) int64 atoms
    safe_radius: np.ndarray  # (accounts,) float64 relative move from the anchor below which no check is due
    block_radius: np.ndarray  # (accounts / 64,) float64 least radius of a block
    account_case: np.ndarray  # (accounts,) int64 row in cases or -1
    cases: np.ndarray  # CASES
    levels: np.ndarray  # LEVELS
    orders: np.ndarray  # ORDERS
    stops: np.ndarray  # STOPS
    inbox: np.ndarray  # INBOX
    fills: np.ndarray  # FILLS
    quotes: np.ndarray  # QUOTES
    queue: np.ndarray  # (2, capacity) int64 breached accounts and their sort keys
    ranking: np.ndarray  # (n_instruments, n_traders) int64 candidates for auto-deleveraging
    index_path: np.ndarray  # (n_instruments, steps + 1) int64 thousandths of a tick
    basis_samples: np.ndarray  # (n_instruments, window) int64 mid minus index, thousandths of a tick
    mids: np.ndarray  # (n_instruments, window) float64 ticks, ring over steps
    events: np.ndarray  # EVENTS
    steps: np.ndarray  # STEPS
