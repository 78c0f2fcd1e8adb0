"""Which way the mid moves first: a flow plays the real book from given queues, order by order, again and again.

For the experiment on first moves; a run never comes here.
"""

from sim.engine.trading import arrival_keys, play
from sim.rules.exchange import cancel_slot, execute
from sim.rules.sorting import ROW_MASK
from sim.strategies.zero_intelligence import arrive_and_leave
from sim.terms import entry, kernel
from sim.terms.vocabulary import BUY, LIMIT, SELL

STEPS_MAX = 100_000  # of one move: a flow that never moves the mid leaves the outcome 0


@entry
def first_moves(world, p, bids, asks, outcomes):
    """Fill `outcomes` with 1 (up) or -1 (down), each from a book one tick wide in instrument 0.

    The best queues begin with `bids` and `asks` orders of population p, a zero-intelligence flow.
    """
    for i in range(outcomes.shape[0]):
        bid = world.instruments[0]["reference_price"]
        _clear(world, p)
        _queue(world, p, BUY, bid, bids, int(0))
        _queue(world, p, SELL, bid + 1, asks, bids)
        outcomes[i] = 0
        for _ in range(STEPS_MAX):
            outcomes[i] = _step(world, p, bid)
            if outcomes[i] != 0:
                break


@kernel
def _clear(world, p):
    first = world.populations[p]["first_quote"]
    for q in range(first, first + world.populations[p]["n_quotes"]):
        if world.quotes[q]["order_id"] >= 0:
            cancel_slot(world, world.quotes[q]["order_id"])


@kernel
def _queue(world, p, side, price, orders, used):
    population = world.populations[p]
    half = population["n_traders"] // 2
    for i in range(orders):
        q = population["first_quote"] + used + i
        owner = population["first_trader"] + i % half
        execute(world, int(0), LIMIT, side, owner, price, world.quotes[q]["lots"], int(0), q)


@kernel
def _step(world, p, bid):
    """One step of the flow, ended by the first move of the mid; the move, or 0."""
    clock = world.clock
    clock[0]["step"] += 1
    arrive_and_leave(world, p, clock[0]["step"])
    keys = arrival_keys(world)
    clock[0]["inbox_rows"] = 0
    for i in range(keys.shape[0]):
        play(world, keys[i] & ROW_MASK)
        if world.instruments[0]["best_bid"] != bid:
            return int(-1)
        if world.instruments[0]["best_ask"] != bid + 1:
            return int(1)
    return int(0)
