"""A book of constant depth: orders of one size on every tick of a range, placed before step 0 and never renewed."""

from typing import Literal

from sim.parts import ASSUMED, MARGIN_SCOPE, MarginScope, Name, Record, dial
from sim.rules.book import no_ask, no_bid
from sim.rules.inbox import post
from sim.terms import kernel
from sim.terms.vocabulary import LIMIT, NONE


class StaticBook(Record):
    """Dials of a book that stands still; for teaching, and for tests whose answer is known exactly."""

    kind: Literal["static_book"] = "static_book"
    name: Name = dial("book", "name of the population")
    venue: Name = dial(..., "venue whose instruments they quote")
    margin_scope: MarginScope = dial("cross", MARGIN_SCOPE)
    count: int = dial(1, "traders who own the orders in turn", unit="rows", source=ASSUMED, ge=1, le=1_000)
    capital: float = dial(1.0e12, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    lots_per_tick: int = dial(1, "size of the order on every tick", unit="lots", source=ASSUMED, ge=1, le=1_000_000)
    closest_ticks: int = dial(
        1, "first tick with an order, from the start price", unit="ticks", source=ASSUMED, ge=1, le=2**20
    )
    depth_ticks: int = dial(100, "ticks with an order a side", unit="ticks", source=ASSUMED, ge=1, le=2**20)


@kernel
def seed_static_level(world, p, k, level, side):
    """Post the order of one tick, unless the price ladder ends before it; levels count from 0 outwards."""
    population, instrument = world.populations[p], world.instruments[k]
    price = instrument["last_price"] - side * (population["window_ticks"] + level)
    if price <= no_bid(instrument) or price >= no_ask(instrument):
        return
    owner = population["first_trader"] + level % population["n_traders"]
    post(world, int(0), LIMIT, side, k, owner, price, population["order_lots"], NONE, int(0), NONE, NONE)
