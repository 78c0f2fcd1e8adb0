"""Market makers: quotes at geometric distances on both sides, thinner when prices move or inventory piles up."""

from typing import Literal

from sim.parts import ASSUMED, PROTOTYPE, Name, Record, dial

DEPTH_SOURCE = "Binance depth within 1 % of BTCUSDT, 10 October 2025, morning: 240 million a side"


class MarketMaker(Record):
    """Dials of the market makers of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["market_maker"] = "market_maker"
    name: Name = dial("makers", "name of the population")
    venue: Name = dial(..., "venue that they quote on")
    count: int = dial(12, "makers", unit="rows", source=PROTOTYPE, ge=1, le=1_000)
    capital: float = dial(2.0e8, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    depth: float = dial(240e6, "nominal depth a side within inner_bp", unit="quote", source=DEPTH_SOURCE, gt=0, le=1e13)
    inner_bp: float = dial(100.0, "distance where the profile bends", unit="bp", source=PROTOTYPE, gt=0, le=5_000)
    inner_exponent: float = dial(1.15, "cumulative depth grows as distance to this power inside", source=PROTOTYPE, gt=0, le=5)
    outer_exponent: float = dial(0.6, "the same power outside inner_bp", source=PROTOTYPE, gt=0, le=5)
    closest_bp: float = dial(0.1, "distance of the closest quote", unit="bp", source=ASSUMED, ge=0.001, le=1_000)
    farthest_bp: float = dial(800.0, "distance of the farthest quote", unit="bp", source=PROTOTYPE, gt=0, le=9_000)
    levels: int = dial(16, "quotes a side of each maker", source=PROTOTYPE, ge=1, le=64)
    jitter: float = dial(0.3, "quoted sizes vary by up to this share", source=PROTOTYPE, ge=0, le=0.95)
    quote_life_s: float = dial(8.0, "mean life of a quote before it is renewed", unit="s", source=PROTOTYPE, ge=1, le=86_400)
    volatility_half_life_s: float = dial(120.0, "memory of the volatility filter", unit="s", source=PROTOTYPE, ge=1, le=86_400)
    volatility_threshold_bp: float = dial(
        11.0, "volatility at which quoted size is halved", unit="bp per sqrt(s)", source=PROTOTYPE, gt=0, le=10_000
    )
    return_time_s: float = dial(800.0, "time constant of coming back after a withdrawal", unit="s", source=PROTOTYPE, ge=1, le=1e6)
    size_floor: float = dial(0.03, "share of nominal size that is always quoted", source=PROTOTYPE, ge=0, le=1)
    inattentive_share: float = dial(0.08, "share of size that ignores volatility", source=PROTOTYPE, ge=0, le=1)
    inventory_limit: float = dial(
        0.58, "largest inventory of all makers together", unit="of nominal depth", source=PROTOTYPE, gt=0, le=100
    )
    layoff_half_life_s: float = dial(115.0, "inventory is laid off outside with this half-life", unit="s", source=PROTOTYPE, ge=1, le=1e7)
    skew_bp: float = dial(1.5, "shift of the centre at the inventory limit", unit="bp", source=PROTOTYPE, ge=0, le=1_000)
    index_pull_per_s: float = dial(0.05, "share of the gap to the index closed a second", unit="1/s", source=PROTOTYPE, ge=0, le=1)
