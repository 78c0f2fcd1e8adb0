"""Leveraged speculators: positions taken at earlier prices, heavy-tailed sizes, a stated distribution of leverage."""

from typing import Literal

from sim.parts import ASSUMED, MARGIN_SCOPE, PROTOTYPE, MarginScope, Name, Record, dial
from sim.strategies.desk import drawn_lots, send_taker, whole_part
from sim.strategies.reactions import Reactions
from sim.strategies.sizing import affordable_lots
from sim.strategies.stop_user import StopUse
from sim.streams import below, draw, uniform
from sim.terms import kernel
from sim.terms.vocabulary import DRAW_ORDER, DRAW_SIZE, FLAG_REDUCE_ONLY

SIZE_SOURCE = "liquidation sizes of Binance, Aave and Hyperliquid: sigma of log 2.1 to 2.3, Pareto tail 0.9 to 1.4"


class LeveragedSpeculator(Record):
    """Dials of the leveraged speculators of one venue; money is for one instrument at liquidity_scale 1."""

    kind: Literal["leveraged_speculator"] = "leveraged_speculator"
    name: Name = dial("speculators", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    margin_scope: MarginScope = dial("venue", MARGIN_SCOPE)
    count: int = dial(20_000, "traders", unit="rows", source=PROTOTYPE, ge=1, le=1_000_000)
    open_interest: float = dial(
        3.456e9, "notional of their long positions", unit="quote", source=PROTOTYPE, gt=0, le=1e13
    )
    long_share: float = dial(0.84, "longs over longs and shorts of them", source=PROTOTYPE, ge=0, le=1)
    both_instruments_share: float = dial(
        0.4, "share of traders with a position in every instrument", source=ASSUMED, ge=0, le=1
    )
    size_sigma: float = dial(2.2, "sigma of the log-normal body of sizes", source=SIZE_SOURCE, ge=0, le=5)
    tail_share: float = dial(0.02, "share of traders in the Pareto tail", source=PROTOTYPE, ge=0, le=1)
    tail_exponent: float = dial(1.1, "exponent of the Pareto tail", source=SIZE_SOURCE, ge=0.3, le=10)
    largest_share: float = dial(
        0.01, "no account holds more than this share of the notional", source=PROTOTYPE, gt=0, le=1
    )
    leverage_median: float = dial(5.0, "median of the chosen leverage", source=PROTOTYPE, ge=1, le=1_000)
    leverage_sigma: float = dial(0.8, "sigma of its logarithm", source=PROTOTYPE, ge=0, le=3)
    leverage_min: float = dial(1.5, "smallest leverage", source=PROTOTYPE, ge=0.01, le=1_000)
    leverage_rule: Literal["chosen", "quantile_of_admissible"] = dial(
        "chosen", "chosen: the draw, clipped to what is admissible; quantile_of_admissible: its quantile of that range"
    )
    age_hours: float = dial(
        24.0, "mean age of a position, shorter at high leverage", unit="h", source=PROTOTYPE, ge=0, le=10_000
    )
    history_volatility_bp: float = dial(
        0.7,
        "volatility of the prices at which positions were taken",
        unit="bp per sqrt(s)",
        source=PROTOTYPE,
        ge=0,
        le=1_000,
    )
    collateral_floor_scale: float = dial(
        0.0,
        "accounts start with 1.25 times the schedule scaled by this at least; 0 is off",
        source=ASSUMED,
        ge=0,
        le=100,
    )
    collateral_allocation: Literal["split", "even", "worst_first", "pool"] = dial(
        "split", "money behind isolated positions: in proportion to what they want, in equal parts, what each needs "
        "and a reserve that goes to the worst first, or one pool (margin is cross then)", source=ASSUMED,
    )  # fmt: skip
    reserve_share: float = dial(
        0.5, "worst_first: kept back of what a position has beyond its need", source=ASSUMED, ge=0, le=1
    )
    reactions: Reactions | None = dial(None, "what they do about their accounts; null: nothing")
    stops: StopUse | None = dial(None, "stop-loss and take-profit; needs reactions, whose looks place them")
    unit_field_density: float | None = dial(
        None,
        "if given, instead of the positions above: longs of one lot in the venue's first instrument, whose liquidation "
        "prices are a Poisson field of this density below the start price; needs arithmetic prices",
        unit="1/tick",
        source=ASSUMED,
        gt=0,
        le=100,
    )
    trades_per_s: float = dial(
        2.0, "ordinary openings and closings of all of them", unit="1/s", source=ASSUMED, ge=0, le=10_000
    )
    trade_median: float = dial(2_000.0, "median notional of such a trade", unit="quote", source=ASSUMED, gt=0, le=1e10)
    trade_sigma: float = dial(1.5, "sigma of its logarithm", source=ASSUMED, ge=0, le=5)
    trade_max: float = dial(2.0e5, "largest such trade", unit="quote", source=ASSUMED, gt=0, le=1e12)
    slippage: float = dial(
        0.005, "limit of such a trade beyond the touch", unit="of price", source=ASSUMED, ge=0, le=0.5
    )


@kernel
def speculate(world, p, t):
    """Ordinary turnover: a random trader adds to or takes from its position by a slice; a flat one opens.

    What is added is cut to what the trader's free equity carries at its chosen leverage.
    """
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    for k in range(venue["first_instrument"], venue["first_instrument"] + venue["n_instruments"]):
        desk = p * world.clock[0]["n_instruments"] + k
        for event in range(whole_part(world, p, t, k, population["rate_per_step"])):
            words = draw(world, p, t, (k << 20) + event, DRAW_ORDER)
            sizes = draw(world, p, t, (k << 20) + event, DRAW_SIZE)
            owner = population["first_trader"] + below(words[0], population["n_traders"])
            held = world.position_size[k * world.clock[0]["n_traders"] + owner]
            lots = drawn_lots(world, p, k, desk, sizes[0], sizes[1])
            flags = int(0)
            long = (uniform(sizes[2]) < population["long_share"]) != (world.clock[0]["mirror"] != 0)
            side = 1 if long else -1
            if held != 0:
                side = 1 if held > 0 else -1
                if words[1] & 1:
                    side = -side
                    flags = FLAG_REDUCE_ONLY
                lots = min(lots, abs(held))
            if flags == 0:
                lots = added_lots(world, p, t, k, owner, side, lots)
            if lots > 0:
                send_taker(world, p, k, words[3], side, owner, lots, flags)


@kernel
def added_lots(world, p, t, k, owner, side, lots):
    """What free equity carries of `lots`; nothing when it is committed to another order of this step."""
    if world.traders[owner]["entered"] > t:
        return int(0)
    lots = affordable_lots(world, p, k, owner, side, float(lots))
    if lots > 0:
        world.traders[owner]["entered"] = t + 1
    return lots
