"""Market makers with a reservation price (Avellaneda and Stoikov 2008, Quantitative Finance 8:217-224)."""

from typing import Literal

from sim.parts import ASSUMED, MARGIN_SCOPE, MarginScope, Name, Record, dial
from sim.rules.inbox import post, whole_tick
from sim.strategies.desk import anchor_price
from sim.terms import kernel
from sim.terms.vocabulary import BUY, CANCEL, FLAG_SLIDE, NONE, POST_ONLY

PAPER = "Avellaneda and Stoikov 2008, section 3.3"
NO_LIMIT = 1e18


class AvellanedaStoikov(Record):
    """Dials of makers who quote one order a side around S - q g v (T - t), g v (T - t) + (2 / g) ln(1 + g / k) apart.

    S: the centre; q: inventory in orders; g: risk aversion; v: variance of the price a second; k: fill decay.
    """

    kind: Literal["avellaneda_stoikov"] = "avellaneda_stoikov"
    name: Name = dial("stoikov_makers", "name of the population")
    venue: Name = dial(..., "venue that they quote on")
    margin_scope: MarginScope = dial("cross", MARGIN_SCOPE)
    count: int = dial(1, "makers, each with an inventory of its own", unit="rows", source=ASSUMED, ge=1, le=1_000)
    capital: float = dial(1.0e8, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    order_notional: float = dial(
        1_000.0, "size of each quote, in lots of the start price", unit="quote", source=ASSUMED, gt=0, le=1e12
    )
    risk_aversion: float = dial(
        0.1, "g: dislike of inventory, an order held", unit="1/quote", source=PAPER, gt=0, le=1e6
    )
    fill_decay: float = dial(
        1.5, "k: how fast fills become rare with distance from the centre", unit="1/quote", source=PAPER, gt=0, le=1e6
    )
    volatility_bp: float | None = dial(
        None, "volatility of the start price that they reckon with; null: a filter of the mid's moves",
        unit="bp per sqrt(s)", source=ASSUMED, gt=0, le=10_000,
    )  # fmt: skip
    volatility_half_life_s: float = dial(120.0, "memory of that filter", unit="s", source=ASSUMED, ge=1e-6, le=1e6)
    horizon_s: float = dial(60.0, "T: time until inventory is valued", unit="s", source=ASSUMED, gt=0, le=1e7)
    horizon: Literal["rolling", "fixed"] = dial(
        "rolling", "rolling: always that far away, for long markets; fixed: the time runs out, as in the paper"
    )
    symmetric: bool = dial(False, "quote around the centre, the mean spread of the horizon apart, whatever is held")
    inventory_limit: float | None = dial(
        None, "orders held at which the side that adds to them is not quoted; null: none", unit="orders",
        source=ASSUMED, gt=0, le=1e6,
    )  # fmt: skip
    centre: Literal["mid", "index"] = dial("mid", "S: the price around which they quote")


@kernel
def quote_reservation(world, p, t):
    """All old quotes leave at the start of the step, before anything else arrives; then the new ones come."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    for i in range(venue["n_instruments"]):
        k = venue["first_instrument"] + i
        _filter_variance(world, p, k)
        first = population["first_quote"] + i * population["n_quotes"]
        for q in range(first, first + population["n_quotes"]):
            post(world, int(0), CANCEL, BUY, k, NONE, NONE, int(0), NONE, int(0), q, NONE)
        for q in range(first, first + population["n_quotes"]):
            _post_quote(world, p, t, k, q)


@kernel
def _filter_variance(world, p, k):
    """Variance of the mid a step, in squared ticks; a keep of 1 leaves a given one alone."""
    keep, desk = world.populations[p]["volatility_keep"], world.desks[p * world.clock[0]["n_instruments"] + k]
    move = world.market_view[k]["mid"] - desk["previous_mid"]
    desk["variance"] = keep * desk["variance"] + (1.0 - keep) * move * move
    desk["previous_mid"] = world.market_view[k]["mid"]


@kernel
def _post_quote(world, p, t, k, q):
    """One side of one maker, rounded away from the reservation price; the touch of others is not crossed."""
    population, quote = world.populations[p], world.quotes[q]
    desk = world.desks[p * world.clock[0]["n_instruments"] + k]
    away, owner, lots = quote["away"], quote["owner"], quote["lots"]
    held = float(world.position_size[k * world.clock[0]["n_traders"] + owner]) / float(lots)
    if -float(away) * held >= population["inventory_limit"]:
        return
    steps = population["horizon_steps"]
    left = steps if population["rolling"] != 0 else max(steps - t, 0)
    centre = anchor_price(world, p, k)
    # size_factor: risk aversion in 1 / tick, so that this is the skew of one order in ticks.
    skew = desk["size_factor"] * desk["variance"]
    half_spread = quote["distance"] + 0.5 * skew * float(left)
    if population["symmetric"] != 0:
        half_spread = quote["distance"] + (0.25 if population["rolling"] == 0 else 0.5) * skew * float(steps)
    else:
        centre -= held * skew * float(left)
    price = whole_tick(world, k, -away, centre + float(away) * half_spread)
    post(world, int(0), POST_ONLY, -away, k, owner, price, lots, NONE, FLAG_SLIDE, q, NONE)
