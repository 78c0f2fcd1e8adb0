"""Before step 0: the makers fill the book, so that nobody is judged against an empty one."""

from sim.engine.trading import play
from sim.strategies.market_maker import renew_quote
from sim.streams import draw
from sim.tables import World
from sim.terms import entry
from sim.terms.vocabulary import DRAW_SEEDING


@entry
def seed_quotes(world):
    """Post every quote of every maker around the start price and play them."""
    for k in range(world.instruments.shape[0]):
        world.market_view[k]["mid"] = float(world.instruments[k]["last_price"])
    for i in range(world.mids.shape[1]):
        for k in range(world.instruments.shape[0]):
            world.mids[k, i] = float(world.instruments[k]["last_price"])
    for q in range(world.quotes.shape[0]):
        p, k = world.quotes[q]["population"], world.quotes[q]["instrument"]
        words = draw(world, p, int(0), q, DRAW_SEEDING)
        renew_quote(world, p, k, p * world.clock[0]["n_instruments"] + k, q, words)
        for row in range(world.clock[0]["inbox_rows"]):
            play(world, row)
        world.clock[0]["inbox_rows"] = 0


def seed_book(world: World) -> None:
    """Seed the book; what this did is no order event of the run."""
    recording = int(world.clock[0]["record_orders"])
    world.clock[0]["record_orders"] = 0
    seed_quotes(world)
    world.clock[0]["record_orders"] = recording
    world.clock[0]["order_events"] = 0
    world.profits["rejected"] = 0
