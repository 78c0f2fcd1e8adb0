"""Margin that follows the market: rates that grow with open interest or volatility, and what holds them still.

An estimate of the first tier's rate is made of past prices alone; every tier moves with it, and stops at one.
"""

import math
from typing import Literal

from sim.parts import ASSUMED, InstrumentName, Record, dial
from sim.rules.forms import FINE, rate_in_force
from sim.rules.rounding import ceil_div
from sim.rules.safe_radius import mark_everybody_dirty
from sim.rules.sorting import sort_keys
from sim.rules.worth import unit
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    FORM_DATED,
    MEASURE_EXPECTED_SHORTFALL,
    MEASURE_FIXED,
    MEASURE_MOVING_AVERAGE,
    MILLI,
    SOURCE_MARK,
)

BELOW = 1.0 - 1e-12  # undoes what a product of floats may be too large by
EMIR = "25 % in Article 28 of Regulation 153/2013; as an option, off by default"
DYDX = "dYdX v4: from 20 to 50 million for a small market"


class OpenInterestRange(Record):
    """Open interest over which the rate rises to one, in a straight line (as on dYdX v4)."""

    low: float = dial(..., "open interest up to which the rate stays", unit="quote", source=DYDX, ge=0, le=1e12)
    high: float = dial(..., "open interest from which the rate is one", unit="quote", source=DYDX, gt=0, le=1e12)


class Volatility(Record):
    """The first tier's rate as a multiple of how far the price may move."""

    measure: Literal["moving_average", "value_at_risk", "expected_shortfall"] = dial(
        "moving_average", "root of the exponentially weighted mean square return, or a tail of past |returns|"
    )
    of: Literal["index", "mark"] = dial("index", "which price's returns; an index that follows no book is exogenous")
    return_steps: int = dial(60, "length of a return", unit="steps", source=ASSUMED, ge=1, le=1_000_000)
    decay: float = dial(
        0.97, "moving_average: what a return leaves to those before it", source="common in studies", ge=0.5, lt=1
    )
    window: int = dial(500, "tails: returns that are looked back on", unit="returns", source=ASSUMED, ge=2, le=20_000)
    quantile: float = dial(0.99, "tails: share of |returns| that is not exceeded", source=ASSUMED, ge=0.5, lt=1)
    horizon_steps: int = dial(
        60, "move over this long, by the square root of time", unit="steps", source=ASSUMED, ge=1, le=10_000_000
    )
    multiple: float = dial(..., "rate over that move: how many moves the margin covers", unit="times", gt=0, le=1_000)
    least_returns: int = dial(
        30,
        "returns to be seen first; the schedule's own rates hold until then",
        unit="returns",
        ge=1,
        le=20_000,
    )


class AntiProcyclicality(Record):
    """What keeps an estimated rate from rising when it hurts most; in this order."""

    stressed_weight: float = dial(0.0, "weight of stressed_rate in the estimate", source=EMIR, ge=0, le=1)
    stressed_rate: float | None = dial(None, "rate of a stressed period", unit="fraction", gt=0, le=1)
    buffer: float = dial(0.0, "share added in calm times", unit="of the rate", source=EMIR, ge=0, le=10)
    released_above: float | None = dial(
        None, "the buffer is drawn from this estimate on: the rate stays until the estimate alone exceeds it",
        unit="fraction", gt=0, le=1,
    )  # fmt: skip
    floor: float | None = dial(None, "the rate is never below", unit="fraction", gt=0, le=1)
    max_step: float | None = dial(None, "largest change an update, up or down", unit="of the rate", gt=0, le=10)


class RateDynamics(Record):
    """How the rates of a schedule move; without volatility and open interest they do not."""

    update_every_steps: int = dial(60, "steps between updates", unit="steps", source=ASSUMED, ge=1, le=1_000_000)
    volatility: Volatility | None = dial(None, "the rates follow an estimate of volatility")
    anti_procyclicality: AntiProcyclicality = dial(AntiProcyclicality(), "what holds that estimate")
    open_interest: dict[InstrumentName, OpenInterestRange] = dial({}, "by contract: rates rise with open interest")


class Dynamics(Record):
    """Margin rates that move. Initial margin is raised with maintenance where it would otherwise fall below it."""

    maintenance: RateDynamics | None = dial(None, "of maintenance margin: a rise can liquidate")
    initial: RateDynamics | None = dial(None, "of initial margin: a rise refuses orders and liquidates nobody")
    applies_to: Literal["all", "new"] = dial(
        "all", "maintenance of all positions, or each keeps the rate at which it was entered, weighted by size"
    )


@kernel
def update_margin_rates(world, t):
    """Sample returns, renew the rates that are due and put them in force; no rows where no venue has dynamics."""
    never_inline()
    for row in range(0, world.dynamics.shape[0], 2):
        changed = renew(world, row, t)
        if renew(world, row + 1, t) or changed:
            put_in_force(world, row)


@kernel
def renew(world, row, t):
    """One side of one instrument at one step; True when what it asks for has changed."""
    terms, instrument = world.dynamics[row], world.instruments[row // 2]
    if terms["measure"] != MEASURE_FIXED and t % terms["return_steps"] == 0:
        sample_return(world, row)
    if t % terms["update_every"] != 0:
        return False
    rate, reached = terms["rate"], terms["reached"]
    if terms["measure"] != MEASURE_FIXED and terms["returns"] >= terms["least_returns"]:
        terms["rate"] = renewed_rate(world, row)
    if terms["high"] > 0:
        price = instrument["reference_price"] if world.clock[0]["arithmetic"] != 0 else instrument["mark_price"]
        value = instrument["open_interest"] * abs(unit(instrument, price))
        terms["reached"] = reached_part(value - terms["low"], terms["high"] - terms["low"])
    return terms["rate"] != rate or terms["reached"] != reached


@kernel
def sample_return(world, row):
    """Take the move since the last sample; in an arithmetic world it is a fraction of the reference price."""
    terms, instrument = world.dynamics[row], world.instruments[row // 2]
    price = instrument["mark_price"] * MILLI if terms["source"] == SOURCE_MARK else instrument["index_milli"]
    before = terms["last_price"]
    terms["last_price"] = price
    if before == 0:
        return
    base = instrument["reference_price"] * MILLI if world.clock[0]["arithmetic"] != 0 else before
    move = float(abs(price - before)) / float(base)
    seen = terms["returns"]
    terms["returns"] = seen + 1
    if terms["measure"] == MEASURE_MOVING_AVERAGE:
        weight = max(1.0 - terms["decay"], 1.0 / float(seen + 1))
        terms["variance"] += weight * (move * move - terms["variance"])
    else:
        world.moves[row, seen % terms["window"]] = int(min(move, 1.0) * FINE)


@kernel
def expected_move(world, row):
    """The estimate over one return, as a fraction of the price."""
    terms = world.dynamics[row]
    if terms["measure"] == MEASURE_MOVING_AVERAGE:
        return math.sqrt(terms["variance"])
    n = min(terms["returns"], terms["window"])
    moves = world.moves[row, :n].copy()
    sort_keys(moves, n)
    if terms["measure"] != MEASURE_EXPECTED_SHORTFALL:
        return float(moves[ceil_div(terms["quantile"] * n, FINE) - 1]) / FINE
    tail = (FINE - terms["quantile"]) * n  # the worst moves of this share, the last of them counted in part
    left, total = tail, 0.0
    for i in range(n - 1, -1, -1):
        part = min(left, FINE)
        total += float(part) * float(moves[i])
        left -= part
    return total / float(tail) / FINE


@kernel
def renewed_rate(world, row):
    """Rate of the first tier in parts of FINE: the estimate, then each rule against procyclicality."""
    terms = world.dynamics[row]
    rate = terms["multiple"] * expected_move(world, row)
    if terms["stressed_weight"] > 0.0:
        rate += terms["stressed_weight"] * (terms["stressed_rate"] - rate)
    if terms["buffer"] > 0.0:
        rate = max(rate, (1.0 + terms["buffer"]) * min(rate, terms["released_above"]))
    whole = int(math.ceil(min(rate, 1.0) * FINE))
    if terms["step_part"] > 0:
        reach = max(ceil_div(terms["rate"] * terms["step_part"], FINE), int(1))
        whole = min(max(whole, terms["rate"] - reach), terms["rate"] + reach)
    return min(max(whole, terms["least_rate"], int(1)), FINE)


@kernel
def reached_part(above, width):
    """above / width between 0 and FINE, rounded up; by long division, so that no product overflows."""
    if above <= 0:
        return int(0)
    if above >= width:
        return FINE
    part = 0
    for _ in range(9):
        above *= 10
        part = 10 * part + above // width
        above %= width
    return part + int(above > 0)


@kernel
def put_in_force(world, row):
    """Both schedules of an instrument by what its two rows ask for."""
    instrument, maintenance, initial = world.instruments[row // 2], world.dynamics[row], world.dynamics[row + 1]
    rate, reached = maintenance["rate"], maintenance["reached"]
    fine_parts = FINE // world.clock[0]["rate_scale"]
    if instrument["margin_form"] & FORM_DATED:  # the rows stay: positions have rates of their own
        base = world.tiers[maintenance["first_tier"]]["base_rate"]
        own = rate_in_force(base, base, rate, reached, world.clock[0]["rate_scale"])
        instrument["maintenance_rate"] = own * fine_parts
    else:
        if rewrite_tiers(world, row, rate, reached):
            mark_everybody_dirty(world)
        instrument["maintenance_rate"] = world.tiers[maintenance["first_tier"]]["rate"] * fine_parts
    least = 0
    if rate != maintenance["base"]:
        least = int(math.ceil(min(float(rate) * maintenance["follow"] * BELOW, float(FINE))))
    rewrite_tiers(world, row + 1, max(initial["rate"], least), max(initial["reached"], reached))
    instrument["initial_rate"] = world.tiers[initial["first_tier"]]["rate"] * fine_parts


@kernel
def rewrite_tiers(world, row, rate, reached):
    """Tier rows from their base copy; deductions anew, so that marginal tiers stay continuous. True: some line rose."""
    terms, scale = world.dynamics[row], world.clock[0]["rate_scale"]
    first = terms["first_tier"]
    base_first = world.tiers[first]["base_rate"]
    as_stated = rate == terms["base"] and reached == 0
    raised = False
    last, deduction = 0, 0
    for place in range(first, first + terms["n_tiers"]):
        tier = world.tiers[place]
        own = rate_in_force(tier["base_rate"], base_first, rate, reached, scale)
        if as_stated:
            deduction = tier["base_deduction"]
        elif terms["marginal"] != 0:
            deduction += tier["floor"] * (own - last)
        raised = raised or own > tier["rate"] or (as_stated and deduction < tier["deduction"])
        tier["rate"] = own
        tier["deduction"] = deduction
        last = own
    return raised
