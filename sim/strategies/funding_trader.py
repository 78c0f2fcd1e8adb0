"""Funding traders: hold the side that receives funding over a payment, when the announced rate is worth it."""

import math
from typing import Literal

from sim.parts import ASSUMED, Name, dial
from sim.rules.funding import PPB, next_rate
from sim.strategies.signals import SignalTrader, enter_and_leave
from sim.strategies.sizing import filter_variance
from sim.terms import kernel


class FundingTrader(SignalTrader):
    """Dials of the funding traders of one venue."""

    kind: Literal["funding_trader"] = "funding_trader"
    name: Name = dial("funding", "name of the population")
    entry_rate: float = dial(
        0.0003, "announced rate beyond which they enter", unit="of notional a payment", source=ASSUMED, ge=0, le=0.1
    )
    exit_rate: float = dial(
        0.0001, "they leave when the rate in their favour is below this; may be negative",
        unit="of notional a payment", source=ASSUMED, ge=-0.1, le=0.1,
    )  # fmt: skip
    lead_s: float = dial(
        3_600.0, "they enter within this time before a payment", unit="s", source=ASSUMED, ge=1, le=1e8
    )


@kernel
def trade_funding(world, p, t):
    """The signal is the rate that would be paid now, seen from the receiving side; after a payment they leave."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    for i in range(venue["n_instruments"]):
        k = venue["first_instrument"] + i
        instrument = world.instruments[k]
        filter_variance(world, p, k, p * world.clock[0]["n_instruments"] + k)
        signal = -float(next_rate(instrument)) / float(PPB)
        since = t - instrument["funding_first"]
        left = -since
        last = 0
        if since >= 0:
            left = instrument["funding_interval"] - since % instrument["funding_interval"]
            last = t - since % instrument["funding_interval"]
        entry = population["trigger"] if left <= population["lead_steps"] else math.inf
        enter_and_leave(world, p, t, i, signal, entry, float(left), last - 1)
