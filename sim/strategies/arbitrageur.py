"""Arbitrageurs: trade the gap between book and index, up to a cap of money a second, and lay off outside."""

from typing import Literal

from sim.parts import ASSUMED, PROTOTYPE, Name, Record, dial


class Arbitrageur(Record):
    """Dials of the arbitrageurs of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["arbitrageur"] = "arbitrageur"
    name: Name = dial("arbitrage", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    count: int = dial(4, "arbitrageurs", unit="rows", source=ASSUMED, ge=1, le=1_000)
    capital: float = dial(1.0e9, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    band_bp: float = dial(3.0, "gap between book and index that is left alone", unit="bp", source=PROTOTYPE, ge=0, le=5_000)
    speed_per_bp: float = dial(20_000.0, "money a second for each bp beyond the band", unit="quote/s/bp", source=PROTOTYPE, ge=0, le=1e10)
    cap_per_s: float = dial(2.4e6, "most money a second, all of them together", unit="quote/s", source=PROTOTYPE, ge=0, le=1e12)
    inventory_limit: float = dial(9.6e8, "largest inventory of all of them together", unit="quote", source=PROTOTYPE, ge=0, le=1e13)
    layoff_half_life_s: float = dial(130.0, "inventory is laid off outside with this half-life", unit="s", source=PROTOTYPE, ge=1, le=1e7)
