"""An empty book with six owners: orders by owner number, one call each."""

from small_worlds import empty_session

from sim.rules.exchange import cancel_slot, execute
from sim.rules.stops import place_stop, trigger_stops
from sim.terms import entry
from sim.terms.vocabulary import NONE


@entry
def send(world, k, kind, side, owner, price, size, flags):
    return execute(world, k, kind, side, owner, price, size, flags, NONE)


@entry
def cancel(world, slot):
    cancel_slot(world, slot)


@entry
def sleep(world, k, side, owner, size, trigger, limit, flags):
    place_stop(world, k, side, owner, size, trigger, limit, flags)
    return trigger_stops(world)


class Desk:
    """One instrument of an empty book, with owners 0 to 5."""

    def __init__(self, settings=None):
        self.session = empty_session(6, 1.0e6, settings)
        self.world = self.session.world
        self.first = int(self.world.clock[0]["n_traders"]) - 6

    def send(self, kind, side, owner, price, size, flags=0):
        return send(self.world, 0, kind, side, self.first + owner, price, size, flags)

    def stop(self, side, owner, size, trigger, limit=NONE, flags=0):
        return sleep(self.world, 0, side, self.first + owner, size, trigger, limit, flags)

    def size(self, owner):
        return int(self.world.position_size[self.first + owner])

    def at(self, price):
        return int(self.world.levels[int(self.world.instruments[0]["level_base"]) + price]["quantity"])

    @property
    def touch(self):
        row = self.world.instruments[0]
        return (
            int(row["best_bid"]) if row["bid_orders"] else None,
            int(row["best_ask"]) if row["ask_orders"] else None,
        )
