"""Basis traders: short here against coins held elsewhere, at low leverage; the other side of the speculators."""

from typing import Literal

from sim.parts import ASSUMED, MARGIN_SCOPE, PROTOTYPE, MarginScope, Name, Record, dial
from sim.rules.inbox import limit_for, post_taker, shifted, valued_price
from sim.strategies.desk import lots_for, mid_over
from sim.streams import below, draw
from sim.terms import kernel
from sim.terms.vocabulary import DRAW_ORDER, FLAG_REDUCE_ONLY


class BasisTrader(Record):
    """Dials of the basis traders of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["basis_trader"] = "basis_trader"
    name: Name = dial("basis", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    margin_scope: MarginScope = dial("cross", MARGIN_SCOPE)
    count: int = dial(300, "traders", unit="rows", source=ASSUMED, ge=1, le=1_000_000)
    leverage: float = dial(1.5, "leverage of their position here", source=ASSUMED, ge=0.01, le=100)
    unleveraged_longs: float = dial(
        2.304e9, "longs of unleveraged holders among them; the rest is short against all others", unit="quote",
        source=PROTOTYPE, ge=0, le=1e13,
    )  # fmt: skip
    long_rows_share: float = dial(0.2, "share of rows that hold those longs", source=ASSUMED, ge=0, le=0.9)
    booked_outside: float = dial(
        0.5, "share of the hedged shorts held by the outside world, whose dealers also take what others lay off: "
        "what they take closes shorts, so open interest falls", source=ASSUMED, ge=0, le=1,
    )  # fmt: skip
    size_sigma: float = dial(1.5, "sigma of the log-normal size", source=ASSUMED, ge=0, le=5)
    unwind_band_bp: float = dial(
        50.0, "discount of the book to the index at which they take profit", unit="bp", source=ASSUMED, ge=0, le=5_000
    )
    unwind_cap_per_s: float = dial(
        0.2e6, "most money a second that they unwind", unit="quote/s", source=ASSUMED, ge=0, le=1e12
    )


@kernel
def unwind_basis(world, p, t):
    """When the book leaves the index, hedged traders whose leg gains from it take profit, slowly."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    for k in range(venue["first_instrument"], venue["first_instrument"] + venue["n_instruments"]):
        index = float(world.instruments[k]["index_milli"]) / 1000.0
        gap = mid_over(world, k, world.instruments[k]["index_milli"]) / valued_price(world, k, index)
        if abs(gap) <= population["unwind_band"] or population["cap"] <= 0.0:
            continue
        side = -1 if gap > 0.0 else 1
        words = draw(world, p, t, k, DRAW_ORDER)
        owner = population["first_trader"] + below(words[0], population["n_traders"])
        held = world.position_size[k * world.clock[0]["n_traders"] + owner]
        if held * side < 0:
            desk = p * world.clock[0]["n_instruments"] + k
            lots = min(lots_for(world, k, desk, population["cap"]), abs(held))
            limit = shifted(world, k, index, -float(side) * population["unwind_band"])
            tick = limit_for(world, k, side, limit)
            post_taker(world, words[3], side, k, owner, tick, lots, FLAG_REDUCE_ONLY)
