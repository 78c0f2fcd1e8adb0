"""Liquidators: keepers and volunteers who take positions over off the book, against a profit that each requires."""

import math
from typing import Literal

import numpy as np

from sim.parts import ASSUMED, Name, Record, dial
from sim.rules.sorting import ROW_BITS, sort_keys
from sim.strategies.desk import lay_off
from sim.streams import below, draw, drawn_normal
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import DRAW_LIQUIDATOR, DRAW_RACE, LIQUIDATOR

LARGEST_PROFIT = 10.0  # of notional: more than any price can give


class Liquidator(Record):
    """Dials of those to whom a venue hands positions over (`execution: transfer | dutch_auction`, `take_over_to`)."""

    kind: Literal["liquidator"] = "liquidator"
    name: Name = dial("liquidators", "name of the population")
    venue: Name = dial(..., "venue whose accounts they take over")
    margin_scope: Literal["cross"] = dial("cross", "they pledge one pool")
    count: int = dial(20, "traders", unit="rows", source=ASSUMED, ge=1, le=4_096)
    capital: float = dial(1.0e6, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    leverage: float = dial(3.0, "most leverage of what each holds", source=ASSUMED, ge=0.01, le=100)
    required_profit_bp: float = dial(
        50.0, "median of what each requires against the mark, bonus included; below zero: they pay for it", unit="bp",
        source=ASSUMED, ge=-9_000, le=9_000,
    )  # fmt: skip
    required_profit_sigma: float = dial(0.5, "sigma of its log-normal spread", source=ASSUMED, ge=0, le=5)
    latency_steps_max: int = dial(
        0,
        "each sees an offer after a time of its own, drawn up to this",
        unit="steps",
        source=ASSUMED,
        ge=0,
        le=100_000,
    )
    layoff_half_life_s: float = dial(
        60.0, "half-life of what is taken over: laid off at the index", unit="s", source=ASSUMED, gt=0, le=1e9
    )


@kernel
def lay_off_taken(world, p):
    """Liquidators pass on what they have taken over, to the outside world."""
    venue = world.venues[world.populations[p]["venue"]]
    for k in range(venue["first_instrument"], venue["first_instrument"] + venue["n_instruments"]):
        lay_off(world, p, k)


@kernel
def required_parts(world, owner):
    """Profit that a liquidator requires, of notional in parts of fee_scale: its own over the whole run."""
    p = world.traders[owner]["population"]
    population = world.populations[p]
    words = draw(world, p, int(0), owner - population["first_trader"], DRAW_LIQUIDATOR)
    share = population["take_profit"] * math.exp(population["opinion_sigma"] * drawn_normal(world, words[0], words[1]))
    return int(max(min(share, LARGEST_PROFIT), -LARGEST_PROFIT) * float(world.clock[0]["fee_scale"]))


@kernel
def fastest_first(world, v, case, t):
    """The venue's liquidators who see a case by now, as sorted keys with the trader in the low bits.

    Who is how fast is drawn for each step; how long it takes to see an offer is each one's own.
    """
    never_inline()
    age = t - world.cases[case]["step"] - world.venues[v]["latency_steps"]
    most = 0
    for p in range(world.populations.shape[0]):
        if world.populations[p]["kind"] == LIQUIDATOR:
            most += world.populations[p]["n_traders"]
    keys = np.empty(most, np.int64)
    found = 0
    for p in range(world.populations.shape[0]):
        population = world.populations[p]
        if population["kind"] != LIQUIDATOR or population["venue"] != v:
            continue
        for row in range(population["n_traders"]):
            if population["look_steps"] > 0:
                own = draw(world, p, int(0), row, DRAW_LIQUIDATOR)
                if below(own[2], population["look_steps"] + 1) > age:
                    continue
            words = draw(world, p, t, row, DRAW_RACE)
            keys[found] = (words[0] << ROW_BITS) | (population["first_trader"] + row)
            found += 1
    sort_keys(keys, found)
    return keys[:found]
