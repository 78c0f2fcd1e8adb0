"""Chartists: trade with the trend of past returns, with a demand that saturates."""

import math
from typing import Literal

from sim.parts import ASSUMED, Name, dial
from sim.rules.inbox import shifted
from sim.strategies.signals import CHIARELLA, DemandTrader, follow_average, looker, lookers, trade_signal
from sim.streams import draw
from sim.terms import kernel
from sim.terms.vocabulary import DRAW_ORDER


class Chartist(DemandTrader):
    """Dials of the chartists of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["chartist"] = "chartist"
    name: Name = dial("chartists", "name of the population")
    beta: float = dial(
        5_000.0, "money a second that they trade at full trend", unit="quote/s", source=CHIARELLA, ge=0, le=1e12
    )
    gamma_per_bp: float = dial(
        0.05, "how fast demand saturates: it is beta x tanh(gamma x trend)", unit="1/bp", source=CHIARELLA, ge=0, le=100
    )
    trend_half_life_s: float = dial(
        600.0, "half-life of the returns that make the trend", unit="s", source=CHIARELLA, ge=1, le=1e8
    )
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
