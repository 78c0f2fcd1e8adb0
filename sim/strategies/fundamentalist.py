"""Fundamentalists: trade towards their own slowly moving estimate of the value, in proportion to the gap."""

from typing import Literal

from sim.parts import ASSUMED, Name, dial
from sim.rules.inbox import shifted, valued_price
from sim.strategies.signals import CHIARELLA, DemandTrader, follow_average, looker, lookers, trade_signal
from sim.streams import draw, drawn_normal
from sim.terms import kernel
from sim.terms.vocabulary import DRAW_OPINION, DRAW_ORDER


class Fundamentalist(DemandTrader):
    """Dials of the fundamentalists of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["fundamentalist"] = "fundamentalist"
    name: Name = dial("fundamental", "name of the population")
    kappa: float = dial(
        500.0, "money a second for each bp between value and price", unit="quote/s/bp", source=CHIARELLA, ge=0, le=1e10
    )
    value_half_life_s: float = dial(
        1_800.0, "half-life with which their value follows the index", unit="s", source=CHIARELLA, ge=1, le=1e8
    )
    opinion_sigma_bp: float = dial(
        10.0, "spread of the traders' own values around it, lasting", unit="bp", source=ASSUMED, ge=0, le=5_000
    )


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
            opinion = population["opinion_sigma"] * drawn_normal(world, views[0], views[1])
            opinion *= float(1 - 2 * world.clock[0]["mirror"])
            value = shifted(world, k, world.desks[desk]["average"], opinion)
            money = population["speed"] * (value - mid) / valued_price(world, k, mid)
            trade_signal(world, p, k, desk, owner, words[0], money, value)
