"""Fundamentalists: trade towards their own slowly moving estimate of the value, in proportion to the gap."""

from typing import Literal

from sim.parts import ASSUMED, MARGIN_SCOPE, MarginScope, Name, Record, dial
from sim.rules.inbox import shifted, valued_price
from sim.strategies.signals import follow_average, looker, lookers, trade_signal
from sim.streams import draw, normal
from sim.terms import kernel
from sim.terms.vocabulary import DRAW_OPINION, DRAW_ORDER

CHIARELLA = "assumed; form of the extended Chiarella model (Majewski, Ciliberti, Bouchaud 2020), level not fitted"


class Fundamentalist(Record):
    """Dials of the fundamentalists of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["fundamentalist"] = "fundamentalist"
    name: Name = dial("fundamental", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    margin_scope: MarginScope = dial("cross", MARGIN_SCOPE)
    count: int = dial(
        200, "traders; rows take turns at the instruments", unit="rows", source=ASSUMED, ge=1, le=1_000_000
    )
    capital: float = dial(1.0e6, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    orders_per_s: float = dial(0.5, "looks of all of them, Poisson", unit="1/s", source=ASSUMED, ge=0, le=10_000)
    kappa: float = dial(
        500.0, "money a second for each bp between value and price", unit="quote/s/bp", source=CHIARELLA, ge=0, le=1e10
    )
    value_half_life_s: float = dial(
        1_800.0, "half-life with which their value follows the index", unit="s", source=CHIARELLA, ge=1, le=1e8
    )
    opinion_sigma_bp: float = dial(
        10.0, "spread of the traders' own values around it, lasting", unit="bp", source=ASSUMED, ge=0, le=5_000
    )
    position_limit: float = dial(
        5.0e7, "largest position of all of them together", unit="quote", source=ASSUMED, ge=0, le=1e13
    )
    max_order: float = dial(1.0e6, "largest notional of an order", unit="quote", source=ASSUMED, gt=0, le=1e12)


@kernel
def trade_value(world, p, t):
    """Traders who look buy below and sell above their value, never beyond it."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    for i in range(venue["n_instruments"]):
        k = venue["first_instrument"] + i
        desk = p * world.clock[0]["n_instruments"] + k
        follow_average(world, p, k, desk, float(world.instruments[k]["index_milli"]) / 1000.0)
        mid = world.market_view[k]["mid"]
        looks, first = lookers(world, p, t, i)
        for event in range(looks):
            row, owner = looker(world, p, i, first + event)
            words = draw(world, p, t, (k << 20) + event, DRAW_ORDER)
            views = draw(world, p, int(0), row, DRAW_OPINION)
            opinion = population["opinion_sigma"] * normal(views[0], views[1])
            opinion *= float(1 - 2 * world.clock[0]["mirror"])
            value = shifted(world, k, world.desks[desk]["average"], opinion)
            money = population["speed"] * (value - mid) / valued_price(world, k, mid)
            trade_signal(world, p, k, desk, owner, words[0], money, value)
