"""A careful order book in plain Python: a dict of price levels, each a dict of orders in order of arrival."""


class PythonBook:
    def __init__(self):
        self.levels = {1: {}, -1: {}}
        self.orders = {}  # number -> [side, price, lots, owner]
        self.best = {1: None, -1: None}
        self.trades = []  # (maker, taker, owner of maker, owner of taker, price, lots, side of taker)

    def add(self, number, owner, side, price, lots):
        levels = self.levels[side]
        level = levels.get(price)
        if level is None:
            levels[price] = level = {}
            best = self.best[side]
            if best is None or (price - best) * side > 0:
                self.best[side] = price
        self.orders[number] = [side, price, lots, owner]
        level[number] = None

    def cancel(self, number):
        side, price, _, _ = self.orders.pop(number)
        level = self.levels[side][price]
        del level[number]
        if not level:
            self._drop(side, price)

    def market(self, number, owner, side, lots):
        levels, orders = self.levels[-side], self.orders
        while lots and levels:
            price = self.best[-side]
            level = levels[price]
            while level and lots:
                maker = next(iter(level))
                order = orders[maker]
                quantity = min(order[2], lots)
                lots -= quantity
                order[2] -= quantity
                self.trades.append((maker, number, order[3], owner, price, quantity, side))
                if not order[2]:
                    del level[maker], orders[maker]
            if not level:
                self._drop(-side, price)

    def _drop(self, side, price):
        levels = self.levels[side]
        del levels[price]
        if price == self.best[side]:
            if not levels:
                self.best[side] = None
                return
            while price not in levels:
                price -= side
            self.best[side] = price
