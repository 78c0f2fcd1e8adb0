"""Market makers: quotes at geometric distances on both sides, thinner when prices move or inventory piles up."""

import math
from typing import Literal

from sim.parts import ASSUMED, MARGIN_SCOPE, PROTOTYPE, MarginScope, Name, Record, Row, dial
from sim.rules.inbox import END_OF_STEP, post, shifted, valued_price, whole_tick
from sim.rules.worth import lot_price
from sim.strategies.desk import lay_off, mid_over, value_milli, whole_part
from sim.streams import below, draw, uniform
from sim.terms import kernel
from sim.terms.vocabulary import DRAW_FRESH, DRAW_QUOTE, FLAG_SLIDE, NONE, POST_ONLY

PULL_EXPONENT = 0.33  # the pull to the index weakens with this power of the size factor
FRESH_SLOT = -1  # slot of quotes that are renewed at every step
TOUCH_SLOTS = 2  # the closest quotes of a maker are renewed last in a step, so that the touch is fresh at its end


FITTED = "assumed; fitted to the depth around the low of 10 October 2025 (-80 to -98 %)"
DEPTH_SOURCE = "Binance depth within 1 % of BTCUSDT, 10 October 2025, morning: 240 million a side"


class ProfileBin(Record):
    """What all makers together quote between the bin before (or the centre) and `to_bp`."""

    to_bp: float = dial(..., "far end of the bin", unit="bp", gt=0, le=9_000)
    bid_money: float = dial(..., "cumulative depth of the bids up to there", unit="quote", gt=0, le=1e13)
    ask_money: float = dial(..., "cumulative depth of the asks up to there", unit="quote", gt=0, le=1e13)
    increases_per_s: float = dial(
        ..., "quotes posted inside the bin, both sides together", unit="1/s", gt=0, le=100_000
    )


class MarketMaker(Record):
    """Dials of the market makers of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["market_maker"] = "market_maker"
    name: Name = dial("makers", "name of the population")
    venue: Name = dial(..., "venue that they quote on")
    margin_scope: MarginScope = dial("cross", MARGIN_SCOPE)
    count: int = dial(12, "makers", unit="rows", source=PROTOTYPE, ge=1, le=1_000)
    capital: float = dial(2.0e8, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    depth: float = dial(240e6, "nominal depth a side within inner_bp", unit="quote", source=DEPTH_SOURCE, gt=0, le=1e13)
    inner_bp: float = dial(100.0, "distance where the profile bends", unit="bp", source=PROTOTYPE, gt=0, le=5_000)
    inner_exponent: float = dial(
        1.15, "cumulative depth grows as distance to this power inside", source=PROTOTYPE, gt=0, le=5
    )
    outer_exponent: float = dial(0.6, "the same power outside inner_bp", source=PROTOTYPE, gt=0, le=5)
    closest_bp: float = dial(0.02, "distance of the closest quote", unit="bp", source=ASSUMED, ge=0.001, le=1_000)
    farthest_bp: float = dial(800.0, "distance of the farthest quote", unit="bp", source=PROTOTYPE, gt=0, le=9_000)
    levels: int = dial(16, "quotes a side of each maker", source=PROTOTYPE, ge=1, le=64)
    jitter: float = dial(0.3, "quoted sizes vary by up to this share", source=PROTOTYPE, ge=0, le=0.95)
    quote_life_s: float = dial(
        8.0, "mean life of a quote before it is renewed", unit="s", source=PROTOTYPE, ge=1, le=86_400
    )
    profile: Row[ProfileBin] | None = dial(
        None, "depth and order rates by distance, instead of the power law", source="a recorded book", max_length=64
    )
    fresh_bp: float = dial(
        0.0, "with a profile: closer quotes are renewed at every step, not at random", unit="bp",
        source=ASSUMED, ge=0, le=1_000,
    )  # fmt: skip
    reprice_bp: float = dial(
        0.0, "shift of the centre when takers of one step took one nominal depth", unit="bp",
        source=ASSUMED, ge=0, le=5_000,
    )  # fmt: skip
    reprice_exponent: float = dial(
        0.5, "the shift grows with what was taken to this power", source="recorded response of the mid to one second's "
        "signed volume, Binance BTCUSDT perpetual, 8 August 2024", gt=0, le=2,
    )  # fmt: skip
    volatility_half_life_s: float = dial(
        120.0, "memory of the volatility filter", unit="s", source=PROTOTYPE, ge=1, le=86_400
    )
    volatility_threshold_bp: float | None = dial(
        9.0, "volatility at which quoted size is halved; null: never thinner", unit="bp per sqrt(s)", source=FITTED,
        gt=0, le=10_000,
    )  # fmt: skip
    return_time_s: float = dial(
        800.0, "time constant of coming back after a withdrawal", unit="s", source=PROTOTYPE, ge=1, le=1e6
    )
    size_floor: float = dial(0.03, "share of nominal size that is always quoted", source=PROTOTYPE, ge=0, le=1)
    staying_share: float = dial(
        0.08, "cooperation threshold: share of size whose makers stay whatever happens", source=PROTOTYPE, ge=0, le=1
    )
    leave_volatility_bp: float | None = dial(
        None,
        "volatility at which the others take their quotes away; null: never",
        unit="bp per sqrt(s)",
        gt=0,
        le=10_000,
    )
    leave_inventory: float | None = dial(
        None, "inventory at which they do, as a share of inventory_limit; null: never", gt=0, le=10
    )
    return_delay_s: float = dial(
        120.0, "they come back when the cause has been gone for this long", unit="s", ge=0, le=1e6
    )
    inventory_limit: float = dial(
        0.58,
        "inventory of all makers together at which only those who stay still add to it",
        unit="of nominal depth",
        source=PROTOTYPE,
        gt=0,
        le=100,
    )
    layoff_half_life_s: float = dial(
        115.0, "inventory is laid off outside with this half-life", unit="s", source=PROTOTYPE, ge=1, le=1e7
    )
    skew_bp: float = dial(
        1.5, "shift of the centre at the inventory limit", unit="bp", source=PROTOTYPE, ge=0, le=1_000
    )
    index_pull_per_s: float = dial(
        0.05, "share of the gap to the index closed a second", unit="1/s", source=PROTOTYPE, ge=0, le=1
    )


@kernel
def make_markets(world, p, t):
    """Update the desk of every instrument, lay inventory off, renew a random share of the quotes."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    for i in range(venue["n_instruments"]):
        k = venue["first_instrument"] + i
        desk = p * world.clock[0]["n_instruments"] + k
        taken = inventory_of(world, p, k) - world.desks[desk]["inventory"]
        lay_off(world, p, k)
        update_desk(world, p, k, desk, taken)
        take_leave(world, p, t, desk)
        first = population["first_quote"] + i * population["n_quotes"]
        fresh = population["n_fresh"]
        for event in range(fresh):
            words = draw(world, p, t, (k << 20) + event, DRAW_FRESH)
            renew_quote(world, p, k, desk, first + event, words)
        patient = population["n_quotes"] - fresh
        renewals = whole_part(world, p, t, k, population["refresh_share"] * float(patient))
        for event in range(renewals):
            words = draw(world, p, t, (k << 20) + event, DRAW_QUOTE)
            renew_quote(world, p, k, desk, first + fresh + below(words[0], patient), words)


@kernel
def inventory_of(world, p, k):
    """Lots that all rows of the population hold, as a float."""
    inventory = 0
    first = k * world.clock[0]["n_traders"] + world.populations[p]["first_trader"]
    for held in range(first, first + world.populations[p]["n_traders"]):
        inventory += world.position_size[held]
    return float(inventory)


@kernel
def update_desk(world, p, k, desk, taken):
    """Volatility filter, size factor (down at once, up slowly), centre of the quotes with pull, skew and re-pricing.

    taken: lots bought from takers since the last update (negative: sold).
    """
    population, row, view = world.populations[p], world.desks[desk], world.market_view[k]
    valued = valued_price(world, k, view["mid"])
    move = (view["mid"] - row["previous_mid"]) / valued
    keep = population["volatility_keep"]
    variance = keep * row["variance"] + (1.0 - keep) * move * move
    row["variance"] = variance
    wanted = 1.0 / (1.0 + variance / (population["volatility_threshold"] * population["volatility_threshold"]))
    factor = row["size_factor"]
    factor = wanted if wanted < factor else factor + (wanted - factor) * population["return_share"]
    factor = max(factor, population["size_floor"])
    row["size_factor"] = factor
    value = float(value_milli(world, k)) / 1000.0  # the echo of this book in the index is no news
    gap = -mid_over(world, k, world.instruments[k]["index_milli"])
    centre = view["mid"] + (value - row["previous_value"])
    centre += population["pull"] * gap * math.exp(PULL_EXPONENT * math.log(blended(population, factor)))
    inventory = inventory_of(world, p, k)
    row["inventory"] = inventory
    fullness = inventory / (population["inventory_limit"] * row["scale"] / lot_price(world, k, view["mid"]))
    centre -= population["skew"] * fullness * valued
    if population["reprice"] > 0.0 and taken != 0.0:
        part = abs(taken) / (population["depth"] * row["scale"] / lot_price(world, k, view["mid"]))
        shift = population["reprice"] * math.exp(population["reprice_exponent"] * math.log(part)) * valued
        centre -= shift if taken > 0.0 else -shift
    row["centre"] = centre
    row["fullness"] = fullness
    row["previous_mid"] = view["mid"]
    row["previous_value"] = value


@kernel
def blended(population, factor):
    """Quoted size over nominal size: those who stay, and the others at their size factor."""
    return population["staying"] + (1.0 - population["staying"]) * factor


@kernel
def take_leave(world, p, t, desk):
    """Beyond its limits of volatility and inventory the part that does not stay is away, and back after a delay."""
    population, row = world.populations[p], world.desks[desk]
    leave = population["leave_volatility"]
    if row["variance"] > leave * leave or abs(row["fullness"]) > population["leave_inventory"]:
        row["away_until"] = t + 1 + population["return_delay"]
    row["share"] = blended(population, row["size_factor"] if t >= row["away_until"] else 0.0)


@kernel
def renew_quote(world, p, k, desk, q, words):
    """Replace one quote: cancel what rests, post a new one at a jittered distance and size."""
    population, quote, row = world.populations[p], world.quotes[q], world.desks[desk]
    jitter = population["jitter"]
    distance = quote["distance"] * (1.0 + jitter * (2.0 * uniform(words[1]) - 1.0))
    side = -quote["away"]
    share = row["share"]
    if row["fullness"] * float(side) >= 1.0:
        share = min(share, population["staying"])
    size = int(float(quote["lots"]) * share * (1.0 + jitter * (2.0 * uniform(words[2]) - 1.0)))
    price = shifted(world, k, row["centre"], float(quote["away"]) * distance)
    tick = whole_tick(world, k, side, price)
    arrival = END_OF_STEP if quote["slot"] < TOUCH_SLOTS else words[3] >> 1
    if quote["slot"] == FRESH_SLOT:
        # The side that the centre moves away from goes first, so that the other is not held up by what it leaves.
        away_first = (row["centre"] - world.market_view[k]["mid"]) * float(side) < 0.0
        arrival = END_OF_STEP - 1 if away_first else END_OF_STEP
    post(world, arrival, POST_ONLY, side, k, quote["owner"], tick, size, NONE, FLAG_SLIDE, q, NONE)
