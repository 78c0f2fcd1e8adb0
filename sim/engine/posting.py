"""How a trader written in Python posts: between steps, into the inbox that everybody uses."""

from sim.rules.inbox import post
from sim.streams import draw
from sim.terms import entry
from sim.terms.vocabulary import DRAW_POSTING, NONE


@entry
def post_order(world, owner, time_key, kind, side, k, price, size, trigger_price, flags, order_id):
    """Post an order for the next step, to arrive at time_key.

    Below 0: at a drawn time, the same for all orders of one trader, in the order of posting.
    """
    if time_key < 0:
        population = world.traders[owner]["population"]
        event = owner - world.populations[population]["first_trader"]
        words = draw(world, population, world.clock[0]["step"] + 1, event, DRAW_POSTING)
        time_key = words[0] >> 1
    post(world, time_key, kind, side, k, owner, price, size, trigger_price, flags, NONE, order_id)


@entry
def draw_words(world, population, event, purpose):
    """The four words at an address of the step that is about to be played."""
    return draw(world, population, world.clock[0]["step"] + 1, event, purpose)
