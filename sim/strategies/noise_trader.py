"""Noise traders: marketable orders of random side and heavy-tailed size, or with a limit that reaches a random way."""

import math
from typing import Literal

from sim.parts import ASSUMED, MARGIN_SCOPE, MarginScope, Name, Record, dial
from sim.rules.inbox import limit_for, post_taker, shifted
from sim.strategies.desk import anchor_price, closer_of_two, drawn_lots, send_flow, whole_part
from sim.streams import draw, uniform
from sim.terms import kernel
from sim.terms.vocabulary import DRAW_ORDER, DRAW_REACH, DRAW_SIZE

FLOW_SOURCE = (
    "Binance BTCUSDT perpetual, 8 August 2024, 344 s: 15.6 marketable orders a second, mean 28 k, largest 4.4 million"
)


class NoiseTrader(Record):
    """Dials of the noise traders of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["noise_trader"] = "noise_trader"
    name: Name = dial("noise", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    margin_scope: MarginScope = dial("cross", MARGIN_SCOPE)
    count: int = dial(1_000, "traders", unit="rows", source=ASSUMED, ge=1, le=1_000_000)
    capital: float = dial(1.0e7, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    orders_per_s: float = dial(
        15.0, "marketable orders of all of them", unit="1/s", source=FLOW_SOURCE, ge=0, le=10_000
    )
    mean_order: float = dial(28_000.0, "mean notional of an order", unit="quote", source=FLOW_SOURCE, gt=0, le=1e10)
    size_sigma: float = dial(2.3, "sigma of the log-normal order size", source=FLOW_SOURCE, ge=0, le=5)
    max_order: float = dial(4.4e6, "largest notional of an order", unit="quote", source=FLOW_SOURCE, gt=0, le=1e12)
    slippage: float = dial(0.01, "limit of an order beyond the touch", unit="of price", source=ASSUMED, ge=0, le=0.5)
    reach: Literal["fixed", "exponential"] = dial(
        "fixed",
        "fixed: limits at slippage beyond the mid; exponential: each step one order a side, whose limit lies d or "
        "farther beyond the anchor with probability min(1, orders a step and side x exp(-d / reach_bp))",
    )
    reach_bp: float = dial(5.0, "scale of the exponential reach", unit="bp of price", source=ASSUMED, gt=0, le=10_000)
    anchor: Literal["mid", "index"] = dial("mid", "the price from which an exponential reach is measured")


@kernel
def trade_noise(world, p, t):
    """Marketable orders of random side and heavy-tailed size; of two random traders the one who closes goes first."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    for k in range(venue["first_instrument"], venue["first_instrument"] + venue["n_instruments"]):
        desk = p * world.clock[0]["n_instruments"] + k
        if population["reach"] > 0.0:
            _reach_out(world, p, t, k, desk)
            continue
        for event in range(whole_part(world, p, t, k, population["rate_per_step"])):
            words = draw(world, p, t, (k << 20) + event, DRAW_ORDER)
            sizes = draw(world, p, t, (k << 20) + event, DRAW_SIZE)
            side = (2 * (words[0] & 1) - 1) * (1 - 2 * world.clock[0]["mirror"])
            send_flow(world, p, k, desk, side, words, sizes)


@kernel
def _reach_out(world, p, t, k, desk):
    """One order a side: its limit is so far out that the chance of passing d is the rate times exp(-d / reach)."""
    population = world.populations[p]
    rate = 0.5 * population["rate_per_step"]
    for event in range(2 if rate > 0.0 else 0):
        words = draw(world, p, t, (k << 20) + event, DRAW_REACH)
        sizes = draw(world, p, t, (k << 20) + event, DRAW_SIZE)
        side = (1 - 2 * event) * (1 - 2 * world.clock[0]["mirror"])
        distance = population["reach"] * math.log(rate / uniform(words[0]))
        limit = shifted(world, k, anchor_price(world, p, k), float(side) * distance)
        owner = closer_of_two(world, p, k, side, words[1], words[2])
        lots = drawn_lots(world, p, k, desk, sizes[0], sizes[1])
        post_taker(world, words[3], side, k, owner, limit_for(world, k, side, limit), lots, int(0))
