"""Before step 0: makers and resting flows fill the book, so that nobody is judged against an empty one."""

from sim.engine.trading import play
from sim.strategies.market_maker import renew_quote
from sim.strategies.static_book import seed_static_level
from sim.strategies.zero_intelligence import seed_flow_quote
from sim.streams import draw
from sim.tables import World
from sim.terms import entry, kernel
from sim.terms.vocabulary import DRAW_SEEDING, MARKET_MAKER, STATIC_BOOK, ZERO_INTELLIGENCE


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
        words = draw(world, p, int(0), q - world.populations[p]["first_quote"], DRAW_SEEDING)
        if world.populations[p]["kind"] == MARKET_MAKER:
            renew_quote(world, p, k, p * world.clock[0]["n_instruments"] + k, q, words)
        elif world.populations[p]["kind"] == ZERO_INTELLIGENCE:
            seed_flow_quote(world, p, k, q, words)
        _play_inbox(world)
    for p in range(world.populations.shape[0]):
        if world.populations[p]["kind"] == STATIC_BOOK:
            _seed_static_book(world, p)


@kernel
def _play_inbox(world):
    for row in range(world.clock[0]["inbox_rows"]):
        play(world, row)
    world.clock[0]["inbox_rows"] = 0


@kernel
def _seed_static_book(world, p):
    venue = world.venues[world.populations[p]["venue"]]
    for k in range(venue["first_instrument"], venue["first_instrument"] + venue["n_instruments"]):
        for level in range(world.populations[p]["n_levels"]):
            for side in range(-1, 2, 2):
                seed_static_level(world, p, k, level, side)
                _play_inbox(world)


def seed_book(world: World) -> None:
    """Seed the book; what this did is no order event of the run."""
    recording = int(world.clock[0]["record_orders"])
    world.clock[0]["record_orders"] = 0
    seed_quotes(world)
    world.clock[0]["record_orders"] = recording
    world.clock[0]["order_events"] = 0
    world.profits["rejected"] = 0
