"""Zero intelligence: Poisson limit orders at a distance from the opposite best, market orders and cancellations.

Two parametrisations of one flow: rates by distance (Cont, Stoikov, Talreja 2010, Operations Research 58:549-563), and
one rate on every price of a window (Smith, Farmer, Gillemot, Krishnamurthy 2003, Quantitative Finance 3:481-514).
"""

import math
from typing import Annotated, Literal

from pydantic import Field

from sim.parts import ASSUMED, MARGIN_SCOPE, MarginScope, Name, Record, Row, dial
from sim.rules.inbox import TIME_BITS, post
from sim.streams import below, draw, uniform
from sim.terms import kernel
from sim.terms.vocabulary import (
    BUY,
    CANCEL,
    DRAW_CANCELLATION,
    DRAW_FLOW,
    FLAG_PEGGED,
    LIMIT,
    MARKET,
    NONE,
)

CST = "Cont, Stoikov, Talreja 2010: fit to Sky Perfect Communications, Tokyo"
PriceRate = Annotated[float, Field(ge=0, le=10_000)]
CancelRate = Annotated[float, Field(gt=0, le=10_000)]
TIMES = float(1 << TIME_BITS)


class ZeroIntelligence(Record):
    """Dials of a zero-intelligence flow on one venue, for each of its instruments; all orders have one size."""

    kind: Literal["zero_intelligence"] = "zero_intelligence"
    name: Name = dial("zero_intelligence", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    margin_scope: MarginScope = dial("cross", MARGIN_SCOPE)
    count: int = dial(
        200, "traders; one half rests limit orders, the other sends market orders", unit="rows", source=ASSUMED,
        ge=2, le=1_000_000,
    )  # fmt: skip
    capital: float = dial(1.0e7, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    order_notional: float = dial(
        1_000.0, "size of every order, in lots of the start price", unit="quote", source=ASSUMED, gt=0, le=1e12
    )
    arrivals: Literal["by_distance", "uniform"] = dial(
        "by_distance", "limit orders have a rate for each distance, or one rate on every tick of a window"
    )
    limit_rates: Annotated[Row[PriceRate], Field(min_length=1, max_length=1_000)] = dial(
        (1.85, 1.51, 1.09, 0.88, 0.77), "limit orders a side at 1, 2, ... ticks from the opposite best",
        unit="1/s", source=CST,
    )  # fmt: skip
    cancel_rates: Annotated[Row[CancelRate], Field(min_length=1, max_length=1_000)] = dial(
        (0.71, 0.81, 0.68, 0.56, 0.47), "cancellation of each resting order at 1, 2, ... ticks; the last one beyond",
        unit="1/s", source=CST,
    )  # fmt: skip
    market_rate: float = dial(0.94, "market orders a side", unit="1/s", source=CST, ge=0, le=10_000)
    window_ticks: int = dial(
        600, "width of the window of uniform arrivals", unit="ticks", source=ASSUMED, ge=1, le=2**20
    )

    def limit_rate(self) -> float:
        """Limit orders a second and side."""
        return self.limit_rates[0] * self.window_ticks if self.arrivals == "uniform" else sum(self.limit_rates)

    def cancel_rate_at(self, distance: int) -> float:
        """Cancellation rate of an order at this distance in ticks, 1/s."""
        return self.cancel_rates[min(distance, len(self.cancel_rates)) - 1]

    def resting(self) -> float:
        """Orders that would rest on both sides if none were filled and none changed its distance."""
        if self.arrivals == "uniform":
            return 2.0 * self.limit_rate() / self.cancel_rates[0]
        return 2.0 * sum(rate / self.cancel_rate_at(i) for i, rate in enumerate(self.limit_rates, start=1))

    def resting_max(self) -> float:
        """The same with every order at the distance where it lives longest."""
        return 2.0 * self.limit_rate() / min(self.cancel_rates)


@kernel
def arrive_and_leave(world, p, t):
    """Arrivals and cancellations of one step: Poisson processes, each event at its own time within the step."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    for i in range(venue["n_instruments"]):
        k = venue["first_instrument"] + i
        first = population["first_quote"] + i * population["n_quotes"]
        _arrive(world, p, t, k, first)
        _cancel(world, p, t, k, first)


@kernel
def _arrive(world, p, t, k, first):
    """Limit and market orders of both sides. An arrival for which no slot is free is lost."""
    population = world.populations[p]
    limits, markets = population["rate_per_step"], population["market_rate"]
    half = population["n_traders"] // 2
    desk = p * world.clock[0]["n_instruments"] + k
    looked = int(0)
    when = 0.0
    for event in range(1 << 20):
        if limits + markets <= 0.0:
            break
        words = draw(world, p, t, (k << 20) + event, DRAW_FLOW)
        when -= math.log(uniform(words[0])) / (limits + markets)
        if when >= 1.0:
            break
        side = (2 * (words[1] & 1) - 1) * (1 - 2 * world.clock[0]["mirror"])
        time_key = int(when * TIMES)
        pick = uniform(words[2]) * (limits + markets)
        if pick >= limits:
            owner = population["first_trader"] + half + below(words[3], population["n_traders"] - half)
            post(world, time_key, MARKET, side, k, owner, NONE, world.quotes[first]["lots"], NONE, int(0), NONE, NONE)
            continue
        slot = NONE
        while slot < 0 and looked < population["n_quotes"]:
            candidate = world.desks[desk]["active"]
            world.desks[desk]["active"] = (candidate + 1) % population["n_quotes"]
            looked += 1
            if world.quotes[first + candidate]["order_id"] < 0:
                slot = first + candidate
        if slot >= 0:
            world.quotes[slot]["slot"] = t
            owner = population["first_trader"] + below(words[3], half)
            ticks = distance_of(world, p, pick / limits)
            post(
                world, time_key, LIMIT, side, k, owner, ticks, world.quotes[slot]["lots"], NONE, FLAG_PEGGED, slot, NONE
            )


@kernel
def _cancel(world, p, t, k, first):
    """Every slot is struck at the largest cancellation rate; `spared` thins the strikes when they arrive."""
    population = world.populations[p]
    rate = population["cancel_rate"] * float(population["n_quotes"])
    when = 0.0
    for event in range(1 << 20):
        words = draw(world, p, t, (k << 20) + event, DRAW_CANCELLATION)
        when -= math.log(uniform(words[0])) / rate
        if when >= 1.0:
            break
        slot = first + below(words[1], population["n_quotes"])
        quote = world.quotes[slot]
        if quote["order_id"] >= 0 or quote["slot"] == t:  # nothing can rest in the others during this step
            time_key = int(when * TIMES)
            post(world, time_key, CANCEL, BUY, k, NONE, words[2], int(0), NONE, FLAG_PEGGED, slot, NONE)


@kernel
def distance_of(world, p, share):
    """Ticks from the opposite best at which this share of the limit orders has been passed."""
    population = world.populations[p]
    if population["n_distances"] == 0:
        return 1 + min(int(share * float(population["window_ticks"])), population["window_ticks"] - 1)
    first, last = population["first_distance"], population["n_distances"] - 1
    i = 0
    while i < last and share >= world.distances[first + i]["share"]:
        i += 1
    return i + 1


@kernel
def spared(world, row):
    """True when a strike does not cancel the order in its slot: its distance has a lower rate than the largest."""
    strike = world.inbox[row]
    quote = world.quotes[strike["tag"]]
    if quote["order_id"] < 0:
        return True
    population = world.populations[quote["population"]]
    if population["n_distances"] == 0:
        return False
    order, instrument = world.orders[quote["order_id"]], world.instruments[strike["instrument"]]
    gap = instrument["best_ask"] - order["price"] if order["side"] == BUY else order["price"] - instrument["best_bid"]
    place = population["first_distance"] + min(gap, population["n_distances"]) - 1
    return uniform(strike["price"]) >= world.distances[place]["cancellation"]


@kernel
def seed_flow_quote(world, p, k, q, words):
    """Before step 0: one resting order around the start price, at the distances of the arrivals."""
    population = world.populations[p]
    place = (q - population["first_quote"]) % population["n_quotes"]
    if place >= population["n_levels"]:
        return
    side = (2 * (place & 1) - 1) * (1 - 2 * world.clock[0]["mirror"])
    price = world.instruments[k]["last_price"] - side * distance_of(world, p, uniform(words[0]))
    owner = population["first_trader"] + below(words[1], population["n_traders"] // 2)
    post(world, int(0), LIMIT, side, k, owner, price, world.quotes[q]["lots"], NONE, int(0), q, NONE)
