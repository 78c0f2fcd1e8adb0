"""A limit order of the venue that rests in the book at the bankruptcy price until it is filled, or patience ends."""

from sim.liquidation_policies.execution import limit_tick
from sim.liquidation_policies.throttle import note_sale, throttled_lots
from sim.rules.bankruptcy import band_tick, budget_lots, equity_share, value_at_mark
from sim.rules.book import no_ask, no_bid, order_id_of
from sim.rules.calls import may_act
from sim.rules.exchange import cancel_slot, execute, slot_of
from sim.rules.forced import book_sale
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import FLAG_FORCED, FLAG_REDUCE_ONLY, LIMIT, NONE


@kernel
def rest_on_book(world, v, case, k, trader, wanted, t, cause):
    """Keep the venue's order for a position at its price and size; (lots filled at once, whether patience is over).

    An order that is right stays, and with it its place in the queue; else a new one takes its place. What the throttle
    and the cap let through is what is added to the order.
    """
    never_inline()
    sale = world.sales[case * world.clock[0]["n_instruments"] + k]
    size = world.position_size[k * world.clock[0]["n_traders"] + trader]
    sign = 1 if size > 0 else -1
    slot = slot_of(world, sale["order_id"])
    resting = world.orders[slot]["size"] if slot >= 0 else 0
    added = throttled_lots(world, v, case, k, abs(size), max(wanted - resting, 0), t)
    added = min(added, budget_lots(world, v, k))
    send = min(wanted, resting) + added
    limit = band_tick(world, world.instruments[k], -sign, world.venues[v]["band_rate"])
    own = limit_tick(world, v, k, trader, size, equity_share(world, trader, k))
    if (own - limit) * sign > 0:
        limit = own
    if sale["rested_step"] == NONE and send > 0:
        sale["rested_step"] = t
    over = sale["rested_step"] >= 0 and t - sale["rested_step"] >= world.venues[v]["patience_steps"]
    if slot >= 0:
        if world.orders[slot]["price"] == limit and resting == send:
            return 0, over
        cancel_slot(world, slot)
    if send <= 0 or limit <= no_bid(world.instruments[k]) or limit >= no_ask(world.instruments[k]):
        return 0, over
    filled = execute(world, k, LIMIT, -sign, trader, limit, send, FLAG_FORCED | FLAG_REDUCE_ONLY, NONE)
    newest = world.positions[k * world.clock[0]["n_traders"] + trader]["first_order"]
    sale["order_id"] = order_id_of(world, newest) if filled < send and newest >= 0 else NONE
    world.instruments[k]["sold_atoms"] += value_at_mark(world, k, added)
    note_sale(world, v, case, k, abs(size), added, t)
    if filled > 0:
        book_sale(world, v, k, trader, size, filled, cause)
    return filled, over


@kernel
def withdraw_orders(world, case):
    """The case is closed: the venue's orders for its account leave the book."""
    n = world.clock[0]["n_instruments"]
    for row in range(case * n, (case + 1) * n):
        slot = slot_of(world, world.sales[row]["order_id"])
        if slot >= 0:
            cancel_slot(world, slot)


@kernel
def withdraw_needless_orders(world):
    """Accounts that comply again before a step's orders are played: nobody comes to the venue's orders for them."""
    never_inline()
    for case in range(world.clock[0]["n_cases"]):
        if not may_act(world, world.cases[case]["account"]):
            withdraw_orders(world, case)
