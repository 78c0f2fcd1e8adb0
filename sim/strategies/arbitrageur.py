"""Arbitrageurs: trade the gap between book and outside price, up to a cap of money a second, and lay off outside."""

from typing import Literal

from sim.parts import ASSUMED, MARGIN_SCOPE, PROTOTYPE, MarginScope, Name, Record, dial
from sim.rules.inbox import limit_for, post_taker, shifted, valued_price
from sim.strategies.desk import lay_off, lots_for, mid_over, value_milli
from sim.streams import draw
from sim.terms import kernel
from sim.terms.vocabulary import DRAW_ORDER


class Arbitrageur(Record):
    """Dials of the arbitrageurs of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["arbitrageur"] = "arbitrageur"
    name: Name = dial("arbitrage", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    margin_scope: MarginScope = dial("cross", MARGIN_SCOPE)
    count: int = dial(4, "arbitrageurs", unit="rows", source=ASSUMED, ge=1, le=1_000)
    capital: float = dial(1.0e9, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    anchor: Literal["index", "value"] = dial(
        "index",
        "what they hold the book against: the index, or its path without what follows this venue's own price",
        source=ASSUMED,
    )
    band_bp: float = dial(
        3.0, "gap between book and anchor that is left alone", unit="bp", source=PROTOTYPE, ge=0, le=5_000
    )
    speed_per_bp: float = dial(
        20_000.0, "money a second for each bp beyond the band", unit="quote/s/bp", source=PROTOTYPE, ge=0, le=1e10
    )
    cap_per_s: float = dial(
        2.4e6, "most money a second, all of them together", unit="quote/s", source=PROTOTYPE, ge=0, le=1e12
    )
    inventory_limit: float = dial(
        9.6e8, "largest inventory of all of them together", unit="quote", source=PROTOTYPE, ge=0, le=1e13
    )
    layoff_half_life_s: float = dial(
        130.0, "inventory is laid off outside with this half-life", unit="s", source=PROTOTYPE, ge=1, le=1e7
    )


@kernel
def arbitrage(world, p, t):
    """Sell the book when it is dear against the anchor, buy it when it is cheap, as fast as money allows."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    for k in range(venue["first_instrument"], venue["first_instrument"] + venue["n_instruments"]):
        lay_off(world, p, k)
        desk = p * world.clock[0]["n_instruments"] + k
        milli = world.instruments[k]["index_milli"] if population["at_index"] != 0 else value_milli(world, k)
        anchor = float(milli) / 1000.0
        gap = mid_over(world, k, milli) / valued_price(world, k, anchor)
        beyond = abs(gap) - population["band"]
        if beyond <= 0.0:
            continue
        side = -1 if gap > 0.0 else 1
        money = min(population["speed"] * beyond, population["cap"])
        owner = population["first_trader"] + t % population["n_traders"]
        held = world.position_size[k * world.clock[0]["n_traders"] + owner]
        room = lots_for(world, k, desk, population["inventory_limit"]) - side * held
        lots = min(lots_for(world, k, desk, money), room)
        if lots > 0:
            limit = shifted(world, k, anchor, -float(side) * population["band"])
            words = draw(world, p, t, k, DRAW_ORDER)
            post_taker(world, words[3], side, k, owner, limit_for(world, k, side, limit), lots, int(0))
