"""Mean-reversion traders: bet with leverage on the way back to an average price, with a stop when it does not come."""

from typing import Literal

from sim.parts import ASSUMED, Name, dial
from sim.strategies.signals import SignalTrader, enter_and_leave, follow_average
from sim.strategies.sizing import filter_variance
from sim.terms import kernel


class MeanReversionTrader(SignalTrader):
    """Dials of the mean-reversion traders of one venue."""

    kind: Literal["mean_reversion_trader"] = "mean_reversion_trader"
    name: Name = dial("reversion", "name of the population")
    average_half_life_s: float = dial(
        900.0,
        "half-life of the average that they expect the price to return to",
        unit="s",
        source=ASSUMED,
        ge=1,
        le=1e8,
    )
    entry_bp: float = dial(
        30.0, "distance from the average beyond which they enter", unit="bp", source=ASSUMED, ge=0, le=5_000
    )
    exit_bp: float = dial(
        5.0, "they leave when the distance left to gain is below this; may be negative", unit="bp", source=ASSUMED,
        ge=-5_000, le=5_000,
    )  # fmt: skip
    stop_bp: float = dial(
        60.0, "they leave when the price is worse than their entry by this", unit="bp", source=ASSUMED, gt=0, le=9_000
    )
    holding_s: float = dial(7_200.0, "they leave after this time at the latest", unit="s", source=ASSUMED, ge=1, le=1e8)


@kernel
def trade_reversion(world, p, t):
    """The signal is the distance from the price to its average."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    for i in range(venue["n_instruments"]):
        k = venue["first_instrument"] + i
        desk = p * world.clock[0]["n_instruments"] + k
        filter_variance(world, p, k, desk)
        signal = -follow_average(world, p, k, desk, world.market_view[k]["mid"])
        horizon = 1.0 / (1.0 - population["keep"])
        stale = t - population["holding_steps"]
        enter_and_leave(world, p, t, i, signal, population["trigger"], horizon, stale)
