"""Users of stops: a stop-loss that competes with liquidations inside the rounds, and a take-profit that rests."""

from typing import Literal

from sim.parts import ASSUMED, Record, dial
from sim.rules.inbox import limit_for, post, shifted
from sim.streams import draw, uniform
from sim.terms import kernel
from sim.terms.vocabulary import (
    CANCEL_ALL,
    DRAW_STOP,
    FLAG_REDUCE_ONLY,
    FLAG_TRIGGER_LAST,
    LIMIT,
    NONE,
    STOP_LIMIT,
    STOP_MARKET,
)


class StopUse(Record):
    """Dials of those traders of a population who protect their positions when they look at them."""

    share: float = dial(0.3, "share of traders who do", source=ASSUMED, ge=0, le=1)
    loss_low: float = dial(
        0.3, "least loss, as a share of notional over leverage, that closes them", source=ASSUMED, gt=0, le=1
    )
    loss_high: float = dial(0.9, "largest such loss; drawn between the two", source=ASSUMED, gt=0, le=1)
    reward_to_risk: float = dial(
        2.0, "distance of the take-profit over that of the stop-loss; 0: none", source=ASSUMED, ge=0, le=100
    )
    slippage: float | None = dial(
        0.005, "limit of the woken stop-loss beyond its trigger; null: a market order", unit="of price", source=ASSUMED,
        ge=0, le=0.5,
    )  # fmt: skip
    trigger: Literal["mark", "last"] = dial("mark", "price that wakes the stop", source=ASSUMED)


@kernel
def uses_stops(world, p, k, row):
    """True for the traders who protect their positions in an instrument."""
    share = world.populations[p]["stop_share"]
    return share > 0.0 and uniform(draw(world, p, int(0), (k << 24) + row, DRAW_STOP)[0]) < share


@kernel
def protect(world, p, t, k, row, size):
    """Place a stop-loss and a take-profit around the present mid, once for as long as the stop sleeps."""
    population = world.populations[p]
    owner = population["first_trader"] + row
    if world.positions[k * world.clock[0]["n_traders"] + owner]["first_stop"] >= 0 or not uses_stops(world, p, k, row):
        return
    words = draw(world, p, int(0), (k << 24) + row, DRAW_STOP)
    low, high = population["stop_low"], population["stop_high"]
    rate = float(world.traders[owner]["initial_rate"]) / float(world.clock[0]["rate_scale"])
    distance = (low + (high - low) * uniform(words[1])) * rate
    side = -1 if size > 0 else 1
    mid = world.market_view[k]["mid"]
    flags = FLAG_REDUCE_ONLY
    if population["stop_last"] != 0:
        flags |= FLAG_TRIGGER_LAST
    arrival = draw(world, p, t, (k << 24) + row, DRAW_STOP)[3] >> 1
    trigger = limit_for(world, k, side, shifted(world, k, mid, float(side) * distance))
    kind = int(STOP_MARKET)
    limit = int(NONE)
    if population["stop_slippage"] >= 0.0:
        kind = int(STOP_LIMIT)
        limit = limit_for(world, k, side, shifted(world, k, float(trigger), float(side) * population["stop_slippage"]))
    post(world, arrival, kind, side, k, owner, limit, abs(size), trigger, flags, NONE, NONE)
    if population["reward_to_risk"] > 0.0:
        profit = shifted(world, k, mid, -float(side) * distance * population["reward_to_risk"])
        tick = limit_for(world, k, side, profit)
        post(world, arrival, LIMIT, side, k, owner, tick, abs(size), NONE, FLAG_REDUCE_ONLY, NONE, NONE)


@kernel
def drop_stops(world, p, t, k, row):
    """The position is gone: cancel what protected it."""
    arrival = draw(world, p, t, (k << 24) + row, DRAW_STOP)[3] >> 1
    owner = world.populations[p]["first_trader"] + row
    post(world, arrival, CANCEL_ALL, int(1), k, owner, NONE, int(0), NONE, int(0), NONE, NONE)
