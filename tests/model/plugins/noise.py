"""The compiled noise_trader once more, as a plain-Python strategy: same dials, same draws, same orders."""

import math

from sim.agents import Order, Strategy
from sim.agents.chance import below, normal, uniform
from sim.terms.vocabulary import DRAW_ARRIVAL, DRAW_ORDER, DRAW_SIZE


class Noise(Strategy):
    """Marketable orders of random side and heavy-tailed size; of two random traders the one who closes goes first."""

    orders_per_s = 15.0
    mean_order = 28_000.0
    size_sigma = 2.3
    max_order = 4.4e6
    slippage = 0.01

    def start(self):
        world = self.model.config
        self.rate = self.orders_per_s * world.step_seconds / world.flow_thinning
        self.median = self.mean_order * math.exp(-(self.size_sigma**2) / 2.0) * world.flow_thinning
        self.largest = self.max_order * max(world.flow_thinning, 1.0)

    def arrivals(self, k):
        whole = math.floor(self.rate)
        fraction = self.rate - whole
        return whole + (fraction > 0.0 and uniform(self.draw(k, DRAW_ARRIVAL)[0]) < fraction)

    def decide(self, view):
        for k, name in enumerate(view):
            market, held = view[name], view.lots(name)
            for event in range(self.arrivals(k)):
                words = self.draw((k << 20) + event, DRAW_ORDER)
                sizes = self.draw((k << 20) + event, DRAW_SIZE)
                side = 2 * (words[0] & 1) - 1
                trader, other = below(words[1], len(view)), below(words[2], len(view))
                if held[other] * side < held[trader] * side:
                    trader = other
                money = self.median * math.exp(self.size_sigma * normal(sizes[0], sizes[1]))
                size = market.size(market.lots_for(min(money, self.largest)))
                limit = market.limit(side, market.shifted(market.mid_ticks, side * self.slippage))
                send = Order.buy if side > 0 else Order.sell
                yield send(name, size, limit, "immediate_or_cancel", trader=trader, at=uniform(words[3]))
