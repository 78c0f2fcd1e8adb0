"""A trader in hedge mode who opens both legs and closes them again, by its own dice."""

from sim.agents import Order, Trader


class Dips(Trader):
    """Every third step an order for one of the two legs; a bid below the last price rests in between."""

    def decide(self, view):
        seen, turn = view["BTC"], (view.step + self.row) % 12
        size = 0.1 + 0.2 * self.random.random()
        if turn == 0:
            yield Order.buy("BTC", size, leg="long", at=0.5)
        elif turn == 3:
            yield Order.sell("BTC", size, leg="short", at=0.5)
        elif turn == 6:
            yield Order.sell("BTC", 0.05, leg="long", at=0.5)
        elif turn == 9:
            yield Order.buy("BTC", 0.05, price=seen.last_price * (1 - 0.001))
