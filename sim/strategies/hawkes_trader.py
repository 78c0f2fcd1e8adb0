"""Self-exciting order flow: marketable orders that call for more orders, in runs of one sign, of heavy-tailed size."""

import math
from typing import Literal

from sim.parts import ASSUMED, MARGIN_SCOPE, MarginScope, Name, Record, dial
from sim.strategies.desk import arrivals, send_flow
from sim.strategies.noise_trader import FLOW_SOURCE
from sim.streams import draw, uniform
from sim.terms import kernel
from sim.terms.vocabulary import DRAW_ORDER, DRAW_SIGN, DRAW_SIZE

BRANCHING_SOURCE = "0.3 (1998) to 0.7 (2010) for index futures, Filimonov and Sornette 2012, from memory"
SIGN_SOURCE = (
    "Binance BTCUSDT perpetual, 8 August 2024: autocorrelation of taker signs 0.79, 0.65, 0.58, 0.33 at lags of 1, 5, "
    "10, 50 trades, about 4 trades an order; an exponent of 1.35 gives 0.71, 0.57, 0.34 at lags of 1, 2.5, 12.5 orders"
)


class HawkesTrader(Record):
    """Dials of the self-exciting flow of one venue, for each of its instruments at liquidity_scale 1."""

    kind: Literal["hawkes_trader"] = "hawkes_trader"
    name: Name = dial("flow", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    margin_scope: MarginScope = dial("cross", MARGIN_SCOPE)
    count: int = dial(1_000, "traders", unit="rows", source=ASSUMED, ge=1, le=1_000_000)
    capital: float = dial(1.0e7, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    base_per_s: float = dial(
        6.24, "orders that no order has called for; their number over all orders is 1 - branching", unit="1/s",
        source=FLOW_SOURCE, ge=0, le=10_000,
    )  # fmt: skip
    branching: float = dial(
        0.6, "orders that an order calls for, on average", unit="orders", source=BRANCHING_SOURCE, ge=0, le=0.99
    )
    excitation_half_life_s: float = dial(
        30.0, "half-life of the excitation by an order", unit="s", source=ASSUMED, ge=0.01, le=86_400
    )
    run_exponent: float = dial(
        1.35, "runs of one sign: P(length >= l) = continuation^(l-1) x l^-exponent; 0: no long memory",
        source=SIGN_SOURCE, ge=0, le=20,
    )  # fmt: skip
    continuation: float = dial(
        0.9998, "factor of the probability that a run goes on after an order", source=ASSUMED, ge=0, le=1
    )
    mean_order: float = dial(28_000.0, "mean notional of an order", unit="quote", source=FLOW_SOURCE, gt=0, le=1e10)
    size_sigma: float = dial(2.3, "sigma of the log-normal order size", source=FLOW_SOURCE, ge=0, le=5)
    max_order: float = dial(4.4e6, "largest notional of an order", unit="quote", source=FLOW_SOURCE, gt=0, le=1e12)
    slippage: float = dial(0.01, "limit of an order beyond the touch", unit="of price", source=ASSUMED, ge=0, le=0.5)

    @property
    def orders_per_s(self) -> float:
        """Mean rate of all orders."""
        return self.base_per_s / (1.0 - self.branching)


@kernel
def trade_flow(world, p, t):
    """A Poisson number of orders at the desk's intensity; each raises the intensity of later steps."""
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    for k in range(venue["first_instrument"], venue["first_instrument"] + venue["n_instruments"]):
        desk = p * world.clock[0]["n_instruments"] + k
        row = world.desks[desk]
        count = arrivals(world, p, t, k, population["rate_per_step"] + row["excitation"])
        # The offspring of an order, over all steps to come, sum to the branching ratio.
        raised = population["branching"] * (1.0 - population["keep"]) * float(count)
        row["excitation"] = population["keep"] * row["excitation"] + raised
        left = 1.0
        for event in range(count):
            words = draw(world, p, t, (k << 20) + event, DRAW_ORDER)
            sizes = draw(world, p, t, (k << 20) + event, DRAW_SIZE)
            # The least of n uniform times, then the least of the n - 1 after it: runs arrive in their order.
            left *= math.exp(math.log(uniform(words[3])) / float(count - event))
            words = (words[0], words[1], words[2], int((1.0 - left) * 2.0**32))
            send_flow(world, p, k, desk, next_sign(world, p, t, k, desk, event), words, sizes)


@kernel
def next_sign(world, p, t, k, desk, event):
    """The sign of the run that goes on, or of a new one; the longer a run, the likelier it goes on."""
    population, row = world.populations[p], world.desks[desk]
    words = draw(world, p, t, (k << 20) + event, DRAW_SIGN)
    length = float(row["run"])
    chance = 0.0
    if length > 0.0:
        chance = math.exp(population["run_exponent"] * math.log(length / (length + 1.0))) * population["continuation"]
    if uniform(words[0]) < chance:
        row["run"] += 1
    else:
        row["run"] = 1
        row["run_side"] = (2 * (words[1] & 1) - 1) * (1 - 2 * world.clock[0]["mirror"])
    return row["run_side"]
