"""A Dutch auction: the price at which a position is offered falls from above the mark until somebody takes it."""

from typing import Literal

from sim.parts import ASSUMED, Record, dial
from sim.rules.rounding import ceil_div
from sim.terms import kernel
from sim.terms.vocabulary import NONE

MAKER = "assumed; Maker's liquidations 2.0 begin at 1.2 to 1.3 and fall by a cut a step"


class Auction(Record):
    """Prices are shares of the mark at the auction's start; for a short they lie as far on the other side of it."""

    start: float = dial(1.05, "first price", unit="of mark", source=MAKER, gt=0, lt=2)
    floor: float = dial(0.8, "last price", unit="of mark", source=ASSUMED, gt=0, lt=2)
    duration_steps: int = dial(60, "steps until the floor", unit="steps", source=ASSUMED, ge=1, le=100_000)
    fall: Literal["linear", "exponential"] = dial("linear", "in a line, or by the same cut each time")
    cut: float = dial(
        0.99, "exponential: what is left of the price after a cut", unit="of price", source=MAKER, gt=0, lt=1
    )
    every_steps: int = dial(1, "steps from one price to the next", unit="steps", source=ASSUMED, ge=1, le=100_000)
    resets: int = dial(0, "times that it begins anew, at the mark of then, before the next layer", ge=0, le=1_000)


@kernel
def price_parts(world, v, elapsed):
    """Price of an auction after so many steps, as parts of the mark at its start."""
    venue, scale = world.venues[v], world.clock[0]["fee_scale"]
    if elapsed >= venue["auction_steps"]:
        return venue["auction_floor"]
    cuts = elapsed // venue["auction_every"]
    if venue["auction_cut"] == 0:
        fallen = (venue["auction_start"] - venue["auction_floor"]) * cuts * venue["auction_every"]
        return venue["auction_start"] - fallen // venue["auction_steps"]
    parts = venue["auction_start"]
    for _ in range(cuts):
        parts = max(parts * venue["auction_cut"] // scale, venue["auction_floor"])
    return parts


@kernel
def auction_tick(world, v, sale, k, sign, t):
    """(price of the auction now, whether the last that counts has ended); an ended one begins anew at the next look.

    So what the next layer leaves is never offered at the price of an old mark. Rounded in the account's favour.
    """
    if sale["rested_step"] == NONE:
        sale["rested_step"] = t
        sale["auction_mark"] = world.instruments[k]["mark_price"]
    elapsed = t - sale["rested_step"]
    scale = world.clock[0]["fee_scale"]
    away = price_parts(world, v, elapsed) - scale
    tick = sale["auction_mark"] + sign * ceil_div(sale["auction_mark"] * away, scale)
    resets = world.venues[v]["auction_resets"]
    if elapsed >= world.venues[v]["auction_steps"]:
        sale["auctions"] = min(sale["auctions"] + 1, resets + 1)
        sale["rested_step"] = NONE
    return tick, sale["auctions"] > resets
