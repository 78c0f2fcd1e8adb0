"""How fast a venue closes a position: a share or an amount a turn, a pause between turns, a smaller first order."""

from sim.parts import ASSUMED, Record, dial
from sim.rules.bankruptcy import value_at_mark
from sim.rules.rounding import ceil_div, rate_of
from sim.terms import kernel

HYPERLIQUID = "Hyperliquid documentation, 2026: 20 % of positions above 100,000 USDC, the rest after 30 s"


class TwoPhase(Record):
    """Of a large position only a part at first, and all of the rest after a pause."""

    above: float = dial(
        100_000.0, "positions of more notional than this", unit="quote", source=HYPERLIQUID, ge=0, le=1e13
    )
    first_fraction: float = dial(
        0.2, "share of the position in the first order", unit="of position", source=HYPERLIQUID, gt=0, le=1
    )
    cooldown_steps: int = dial(
        30, "steps between the first and the second order", unit="steps", source=HYPERLIQUID, ge=1, le=1_000_000
    )


class Throttle(Record):
    """Limits on the sales of one account. An order closes a lot at least, so every throttle comes to an end."""

    max_fraction: float | None = dial(
        None, "most of a position in one order; null: all", unit="of position", source=ASSUMED, gt=0, le=1
    )
    max_notional: float | None = dial(
        None, "most notional of an account that is sold in one step; null: no limit", unit="quote", gt=0, le=1e13
    )
    min_notional: float = dial(
        0.0, "max_fraction never makes an order smaller than this", unit="quote", source=ASSUMED, ge=0, le=1e13
    )
    cooldown_steps: int = dial(
        1, "steps from one order of a position to its next", unit="steps", source=ASSUMED, ge=1, le=1_000_000
    )
    two_phase: TwoPhase | None = dial(None, "a smaller first order of large positions; null: none")


@kernel
def is_large(world, v, row, value):
    """True for the first order of a position that is sold in two phases."""
    above = world.venues[v]["two_phase_atoms"]
    return above >= 0 and world.sales[row]["orders"] == 0 and value > above


@kernel
def throttled_lots(world, v, case, k, held, lots, t):
    """Lots of `lots` that the throttle lets through now; a lot at least when it is the position's turn."""
    venue = world.venues[v]
    if venue["throttled"] == 0:
        return lots
    row = case * world.clock[0]["n_instruments"] + k
    if t < world.sales[row]["ready_step"]:
        return 0
    scale = world.clock[0]["fee_scale"]
    one = value_at_mark(world, k, 1)
    if venue["sale_share"] >= 0:
        lots = min(lots, max(rate_of(held, venue["sale_share"], scale), ceil_div(venue["sale_least_atoms"], one)))
    if is_large(world, v, row, held * one):
        lots = min(lots, rate_of(held, venue["first_share"], scale))
    if venue["sale_most_atoms"] >= 0:
        sold = world.cases[case]["sold_atoms"] if world.cases[case]["sold_step"] == t else 0
        least = 1 if sold == 0 else 0
        lots = min(lots, max((venue["sale_most_atoms"] - sold) // one, least))
    return lots


@kernel
def note_sale(world, v, case, k, held, lots, t):
    """`lots` of `held` were sold on the book: the next order of this position waits."""
    if world.venues[v]["throttled"] == 0 or lots <= 0:
        return
    row = case * world.clock[0]["n_instruments"] + k
    large = is_large(world, v, row, value_at_mark(world, k, held))
    pause = world.venues[v]["first_cooldown_steps"] if large else world.venues[v]["cooldown_steps"]
    world.sales[row]["ready_step"] = t + pause
    world.sales[row]["orders"] += 1
    if world.cases[case]["sold_step"] != t:
        world.cases[case]["sold_step"] = t
        world.cases[case]["sold_atoms"] = 0
    world.cases[case]["sold_atoms"] += value_at_mark(world, k, lots)
