"""Trend followers: enter with leverage in the direction of a large recent move, within a budget."""

from typing import Literal

from sim.parts import ASSUMED, MARGIN_SCOPE, PROTOTYPE, MarginScope, Name, Record, dial
from sim.rules.inbox import limit_for, post_taker, shifted
from sim.strategies.desk import lots_of_wallet, whole_part, window_return
from sim.strategies.reactions import Reactions
from sim.strategies.stop_user import StopUse
from sim.streams import draw
from sim.terms import kernel
from sim.terms.vocabulary import DRAW_ORDER

FITTED = "assumed; the smallest round figure at which news of 1 % in five minutes starts no cascade"


class TrendFollower(Record):
    """Dials of the trend followers of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["trend_follower"] = "trend_follower"
    name: Name = dial("trend", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    margin_scope: MarginScope = dial("venue", MARGIN_SCOPE)
    count: int = dial(
        1_500, "traders, each of whom enters at most once", unit="rows", source=PROTOTYPE, ge=1, le=1_000_000
    )
    orders_per_s: float = dial(4.0, "entries while the trigger is met", unit="1/s", source=PROTOTYPE, ge=0, le=10_000)
    trigger_bp: float = dial(
        80.0, "move within the window that lets them enter", unit="bp", source=FITTED, gt=0, le=5_000
    )
    window_s: float = dial(120.0, "window of the move", unit="s", source=PROTOTYPE, ge=1, le=86_400)
    budget_of_open_interest: float = dial(
        0.08, "most notional that all of them may open", unit="of open interest", source=PROTOTYPE, ge=0, le=10
    )
    leverage_median: float = dial(40.0, "median of the chosen leverage", source=PROTOTYPE, ge=1, le=1_000)
    leverage_sigma: float = dial(0.5, "sigma of its logarithm", source=ASSUMED, ge=0, le=3)
    order_median: float = dial(20_000.0, "median notional of an entry", unit="quote", source=ASSUMED, gt=0, le=1e10)
    size_sigma: float = dial(2.0, "sigma of the log-normal entry size", source=ASSUMED, ge=0, le=5)
    max_order: float = dial(5.0e6, "largest notional of an entry", unit="quote", source=ASSUMED, gt=0, le=1e12)
    collateral_floor_scale: float = dial(
        0.0,
        "leverage is admissible under the schedule scaled by this; 0: the scale in force",
        source=ASSUMED,
        ge=0,
        le=100,
    )
    reactions: Reactions | None = dial(None, "what they do about their accounts; null: nothing")
    stops: StopUse | None = dial(None, "stop-loss and take-profit; needs reactions, whose looks place them")
    slippage: float = dial(0.005, "limit of an entry beyond the touch", unit="of price", source=PROTOTYPE, ge=0, le=0.5)


@kernel
def follow_trend(world, p, t):
    """While the price has moved beyond the trigger, traders who hold nothing yet enter with leverage, each once."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    n_traders = world.clock[0]["n_traders"]
    for i in range(venue["n_instruments"]):
        k = venue["first_instrument"] + i
        move = window_return(world, k, t, population["window_steps"])
        if abs(move) <= population["trigger"]:
            continue
        side = 1 if move > 0.0 else -1
        desk = p * world.clock[0]["n_instruments"] + k
        for event in range(whole_part(world, p, t, k, population["rate_per_step"])):
            turn = world.desks[desk]["active"] * venue["n_instruments"] + i
            if turn >= population["n_traders"]:
                break
            world.desks[desk]["active"] += 1
            owner = population["first_trader"] + turn
            lots = lots_of_wallet(world, k, owner)
            if lots > 0 and world.position_size[k * n_traders + owner] == 0:
                words = draw(world, p, t, (k << 20) + event, DRAW_ORDER)
                limit = shifted(world, k, world.market_view[k]["mid"], float(side) * population["slippage"])
                post_taker(world, words[3], side, k, owner, limit_for(world, k, side, limit), lots, int(0))
