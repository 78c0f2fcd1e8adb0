"""How a trader written in Python posts: between steps, into the inbox that everybody uses."""

from sim.rules.inbox import post
from sim.streams import draw
from sim.terms import entry
from sim.terms.vocabulary import DRAW_ARRIVAL, NONE


@entry
def post_order(world, owner, kind, side, k, price, size, trigger_price, flags, order_id):
    """Post an order for the next step. All orders of one trader arrive at one drawn time, in the order of posting."""
    population = world.traders[owner]["population"]
    words = draw(world, population, world.clock[0]["step"] + 1, int(0), DRAW_ARRIVAL)
    post(world, words[0] >> 1, kind, side, k, owner, price, size, trigger_price, flags, NONE, order_id)
