"""Liquidation buyers: money that waits outside and steps in after a fall, the later the deeper, and leaves with it."""

from typing import Literal

from sim.parts import ASSUMED, MARGIN_SCOPE, MarginScope, Name, Record, dial
from sim.rules.inbox import limit_for, post_taker, shifted, valued_price
from sim.rules.worth import entry_price
from sim.strategies.desk import lots_of_wallet, whole_part, window_return
from sim.streams import draw
from sim.terms import kernel
from sim.terms.vocabulary import DRAW_EXIT, DRAW_ORDER, FLAG_REDUCE_ONLY


class LiquidationBuyer(Record):
    """Dials of those who buy what others must sell (and sell what others must buy) on one venue."""

    kind: Literal["liquidation_buyer"] = "liquidation_buyer"
    name: Name = dial("dip_buyers", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    margin_scope: MarginScope = dial("cross", MARGIN_SCOPE)
    count: int = dial(400, "traders", unit="rows", source=ASSUMED, ge=1, le=1_000_000)
    budget_of_open_interest: float = dial(
        0.04, "notional that all of them can hold", unit="of open interest", source=ASSUMED, ge=0, le=10
    )
    leverage: float = dial(2.0, "leverage of a position", source=ASSUMED, ge=0.01, le=100)
    size_sigma: float = dial(1.5, "sigma of the log-normal size", source=ASSUMED, ge=0, le=5)
    orders_per_s: float = dial(2.0, "entries while the trigger is met", unit="1/s", source=ASSUMED, ge=0, le=10_000)
    first_trigger_bp: float = dial(
        100.0, "move within the window that lets the first of them enter", unit="bp", source=ASSUMED, gt=0, le=9_000
    )
    last_trigger_bp: float = dial(600.0, "the same for the last of them", unit="bp", source=ASSUMED, gt=0, le=9_000)
    window_s: float = dial(1_800.0, "window of the move", unit="s", source=ASSUMED, ge=1, le=86_400)
    take_profit_bp: float = dial(
        300.0, "gain over the entry price at which they leave", unit="bp", source=ASSUMED, gt=0, le=9_000
    )
    attention_s: float = dial(60.0, "each looks for its gain once in this time", unit="s", ge=1, le=86_400)
    slippage: float = dial(0.005, "limit of an order beyond the mid", unit="of price", source=ASSUMED, ge=0, le=0.5)


@kernel
def buy_liquidations(world, p, t):
    """Enter against a large recent move, one after the other as it deepens; leave with a gain."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    n = population["n_traders"]
    for i in range(venue["n_instruments"]):
        k = venue["first_instrument"] + i
        take_gains(world, p, t, k)
        move = window_return(world, k, t, population["window_steps"])
        beyond = abs(move) - population["trigger"]
        if beyond <= 0.0:
            continue
        side = -1 if move > 0.0 else 1
        width = population["last_trigger"] - population["trigger"]
        allowed = n if beyond >= width else int(float(n) * beyond / width)
        desk = p * world.clock[0]["n_instruments"] + k
        for event in range(whole_part(world, p, t, k, population["rate_per_step"])):
            turn = world.desks[desk]["active"] * venue["n_instruments"] + i
            if turn >= allowed:
                break
            world.desks[desk]["active"] += 1
            owner = population["first_trader"] + turn
            lots = lots_of_wallet(world, k, owner)
            if lots > 0 and world.position_size[k * world.clock[0]["n_traders"] + owner] == 0:
                words = draw(world, p, t, (k << 20) + event, DRAW_ORDER)
                limit = shifted(world, k, world.market_view[k]["mid"], float(side) * population["slippage"])
                post_taker(world, words[3], side, k, owner, limit_for(world, k, side, limit), lots, int(0))


@kernel
def take_gains(world, p, t, k):
    """Those whose turn it is to look close a position that has gained enough."""
    population = world.populations[p]
    period, n = population["look_steps"], population["n_traders"]
    turn = t % period
    mid = world.market_view[k]["mid"]
    for row in range(turn * n // period, (turn + 1) * n // period):
        owner = population["first_trader"] + row
        position = k * world.clock[0]["n_traders"] + owner
        size = world.position_size[position]
        if size == 0:
            continue
        paid = entry_price(world.instruments[k], size, world.entry_value[position])
        gain = (mid - paid) / valued_price(world, k, paid)
        side = -1 if size > 0 else 1
        if -float(side) * gain >= population["take_profit"]:
            words = draw(world, p, t, (k << 24) + row, DRAW_EXIT)
            limit = shifted(world, k, mid, float(side) * population["slippage"])
            tick = limit_for(world, k, side, limit)
            post_taker(world, words[3], side, k, owner, tick, abs(size), FLAG_REDUCE_ONLY)
