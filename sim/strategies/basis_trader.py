"""Basis traders: short the perpetual against coins held elsewhere, at low leverage; the other side of the speculators."""

from typing import Literal

from sim.parts import ASSUMED, Name, Record, dial


class BasisTrader(Record):
    """Dials of the basis traders of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["basis_trader"] = "basis_trader"
    name: Name = dial("basis", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    count: int = dial(300, "traders", unit="rows", source=ASSUMED, ge=1, le=1_000_000)
    leverage: float = dial(1.5, "leverage of their position here", source=ASSUMED, ge=0.01, le=100)
    open_interest_share: float = dial(
        1.0, "share of the speculators' net position that they hold the other side of", source=ASSUMED, ge=0, le=1
    )
    size_sigma: float = dial(1.5, "sigma of the log-normal size", source=ASSUMED, ge=0, le=5)
    unwind_band_bp: float = dial(50.0, "discount of the book to the index at which they take profit", unit="bp", source=ASSUMED, ge=0, le=5_000)
    unwind_cap_per_s: float = dial(0.2e6, "most money a second that they unwind", unit="quote/s", source=ASSUMED, ge=0, le=1e12)
