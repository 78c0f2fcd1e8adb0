"""Chartists: trade with the trend of past returns, with a demand that saturates."""

import math
from typing import Literal

from sim.parts import ASSUMED, MARGIN_SCOPE, MarginScope, Name, Record, dial
from sim.rules.inbox import shifted
from sim.strategies.fundamentalist import CHIARELLA
from sim.strategies.signals import follow_average, looker, lookers, trade_signal
from sim.streams import draw
from sim.terms import kernel
from sim.terms.vocabulary import DRAW_ORDER


class Chartist(Record):
    """Dials of the chartists of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["chartist"] = "chartist"
    name: Name = dial("chartists", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    margin_scope: MarginScope = dial("cross", MARGIN_SCOPE)
    count: int = dial(
        200, "traders; rows take turns at the instruments", unit="rows", source=ASSUMED, ge=1, le=1_000_000
    )
    capital: float = dial(1.0e6, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    orders_per_s: float = dial(0.5, "looks of all of them, Poisson", unit="1/s", source=ASSUMED, ge=0, le=10_000)
    beta: float = dial(
        5_000.0, "money a second that they trade at full trend", unit="quote/s", source=CHIARELLA, ge=0, le=1e12
    )
    gamma_per_bp: float = dial(
        0.05, "how fast demand saturates: it is beta x tanh(gamma x trend)", unit="1/bp", source=CHIARELLA, ge=0, le=100
    )
    trend_half_life_s: float = dial(
        600.0, "half-life of the returns that make the trend", unit="s", source=CHIARELLA, ge=1, le=1e8
    )
    position_limit: float = dial(
        5.0e7, "largest position of all of them together", unit="quote", source=ASSUMED, ge=0, le=1e13
    )
    max_order: float = dial(1.0e6, "largest notional of an order", unit="quote", source=ASSUMED, gt=0, le=1e12)
    slippage: float = dial(0.005, "limit of an order beyond the touch", unit="of price", source=ASSUMED, ge=0, le=0.5)


@kernel
def trade_charts(world, p, t):
    """Traders who look trade with the exponentially weighted trend."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    for i in range(venue["n_instruments"]):
        k = venue["first_instrument"] + i
        desk = p * world.clock[0]["n_instruments"] + k
        trend = follow_average(world, p, k, desk, world.market_view[k]["mid"])
        money = population["cap"] * math.tanh(population["sensitivity"] * trend)
        side = 1.0 if money > 0.0 else -1.0
        limit = shifted(world, k, world.market_view[k]["mid"], side * population["slippage"])
        looks, first = lookers(world, p, t, i)
        for event in range(looks):
            owner = looker(world, p, i, first + event)[1]
            words = draw(world, p, t, (k << 20) + event, DRAW_ORDER)
            trade_signal(world, p, k, desk, owner, words[0], money, limit)
