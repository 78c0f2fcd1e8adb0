"""How fast a venue closes a position: a share or an amount a turn, a pause between turns, a smaller first order."""

from sim.parts import ASSUMED, Record, dial
from sim.rules.bankruptcy import value_at_mark
from sim.rules.rounding import ceil_div, rate_of
from sim.terms import kernel

HYPERLIQUID = "Hyperliquid documentation, 2026: 20 % of positions above 100,000 USDC, the rest after 30 s"


DRIFT = "Drift source: initial share and elapsed slots over about 150 slots, a minute"


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


class Window(Record):
    """All accounts of a market together: at most so much in a window, which a sale opens."""

    capacity: float = dial(..., "most notional that is sold of one instrument in a window", unit="quote", gt=0, le=1e13)
    steps: int = dial(..., "length of a window, from its first sale on", unit="steps", ge=1, le=1_000_000)


class Ramp(Record):
    """Of what an account has to sell since its breach only a share, which grows in a line from `start` to all of it."""

    start: float = dial(0.0, "share at the first step", unit="of what is to be sold", source=DRIFT, ge=0, le=1)
    duration_steps: int = dial(60, "steps until all of it", unit="steps", source=DRIFT, ge=1, le=1_000_000)


class Throttle(Record):
    """Limits on the sales of a venue. An order closes a lot at least, so every throttle comes to an end."""

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
    window: Window | None = dial(None, "capacity of each market in a window of time; null: no limit")
    ramp: Ramp | None = dial(None, "a share that grows with the time since the breach; null: all at once")


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
    if venue["ramp_steps"] > 0:
        lots = ramped_lots(world, v, case, row, lots, t)
    if venue["sale_share"] >= 0:
        lots = min(lots, max(rate_of(held, venue["sale_share"], scale), ceil_div(venue["sale_least_atoms"], one)))
    if is_large(world, v, row, held * one):
        lots = min(lots, rate_of(held, venue["first_share"], scale))
    if venue["sale_most_atoms"] >= 0:
        sold = world.cases[case]["sold_atoms"] if world.cases[case]["sold_step"] == t else 0
        least = 1 if sold == 0 else 0
        lots = min(lots, max((venue["sale_most_atoms"] - sold) // one, least))
    if venue["window_steps"] > 0:
        used = used_of_window(world, v, k, t)
        lots = min(lots, max((venue["window_most_atoms"] - used) // one, 1 if used == 0 else 0))
    return lots


@kernel
def ramped_lots(world, v, case, row, lots, t):
    """What of `lots` and of those sold before the ramp allows by now, less those sold."""
    venue, scale = world.venues[v], world.clock[0]["fee_scale"]
    elapsed = min(t - world.cases[case]["step"] - venue["latency_steps"], venue["ramp_steps"])
    share = venue["ramp_start"] + (scale - venue["ramp_start"]) * elapsed // venue["ramp_steps"]
    sold = world.sales[row]["lots"]
    return min(max(rate_of(lots + sold, share, scale) - sold, 0), lots)


@kernel
def used_of_window(world, v, k, t):
    """Atoms sold of an instrument in the window that is open; 0 where none is."""
    instrument = world.instruments[k]
    open_still = t - instrument["window_step"] < world.venues[v]["window_steps"]
    return instrument["window_atoms"] if open_still else 0


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
    value = value_at_mark(world, k, lots)
    world.cases[case]["sold_atoms"] += value
    world.sales[row]["lots"] += lots
    instrument, used = world.instruments[k], used_of_window(world, v, k, t)
    if used == 0:
        instrument["window_step"] = t
    instrument["window_atoms"] = used + value
