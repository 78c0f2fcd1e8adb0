"""Momentum traders: enter with leverage in the direction of a recent move, leave when it has faded or time is up."""

from typing import Literal

from sim.parts import ASSUMED, Name, dial
from sim.strategies.desk import window_return
from sim.strategies.signals import SignalTrader, enter_and_leave
from sim.strategies.sizing import filter_variance
from sim.terms import kernel


class MomentumTrader(SignalTrader):
    """Dials of the momentum traders of one venue."""

    kind: Literal["momentum_trader"] = "momentum_trader"
    name: Name = dial("momentum", "name of the population")
    window_s: float = dial(600.0, "window of the move", unit="s", source=ASSUMED, ge=1, le=86_400)
    entry_bp: float = dial(30.0, "move beyond which they enter", unit="bp", source=ASSUMED, ge=0, le=5_000)
    exit_bp: float = dial(
        5.0, "they leave when the move in their direction is below this; may be negative", unit="bp", source=ASSUMED,
        ge=-5_000, le=5_000,
    )  # fmt: skip
    holding_s: float = dial(3_600.0, "they leave after this time at the latest", unit="s", source=ASSUMED, ge=1, le=1e8)


@kernel
def trade_momentum(world, p, t):
    """The signal is the return over the window."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    for i in range(venue["n_instruments"]):
        k = venue["first_instrument"] + i
        filter_variance(world, p, k, p * world.clock[0]["n_instruments"] + k)
        signal = window_return(world, k, t, population["window_steps"])
        horizon = float(population["window_steps"])
        stale = t - population["holding_steps"]
        enter_and_leave(world, p, t, i, signal, population["trigger"], horizon, stale)
