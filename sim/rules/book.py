"""Limit order book: a ladder of price levels, first-in-first-out lists of orders, recycled slots.

A level is bid or ask by its side of the touch. Every order also hangs in a list of its owner's position row,
so an account's orders are cancelled in time proportional to their number.
"""

from sim.rules.events import emit
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import BUY, EVENT_ORDER_REMOVED, EVENT_ORDER_RESTED, FLAG_REDUCE_ONLY, NONE

HANDLE_BITS = 22  # an order id holds its slot in the low bits, its sequence number above
SLOT_MASK = (1 << HANDLE_BITS) - 1


@kernel
def order_id_of(world, slot):
    """The public id of a resting order: unique over the run although slots are recycled."""
    return (world.orders[slot]["sequence"] << HANDLE_BITS) | slot


@kernel
def no_bid(instrument):
    """The best bid of an empty side: one tick below the ladder."""
    return instrument["ladder"] - 1


@kernel
def no_ask(instrument):
    """The best ask of an empty side: one tick above the ladder."""
    return instrument["ladder"] + instrument["n_levels"]


@kernel
def rest_order(world, k, side, price, size, owner, flags, tag):
    """Append an order to its level and its owner's list; its slot, or NONE when the pool is full."""
    clock, instrument = world.clock[0], world.instruments[k]
    slot = clock["free_order"]
    if slot < 0:
        return NONE
    order = world.orders[slot]
    clock["free_order"] = order["next"]
    clock["live_orders"] += 1
    sequence = clock["sequence"]
    clock["sequence"] = sequence + 1
    at = world.levels[instrument["level_base"] + price]
    tail = at["tail"]
    order["price"] = price
    order["size"] = size
    order["side"] = side
    order["instrument"] = k
    order["owner"] = owner
    order["flags"] = flags
    order["tag"] = tag
    order["sequence"] = sequence
    order["next"] = NONE
    order["prev"] = tail
    if tail >= 0:
        world.orders[tail]["next"] = slot
    else:
        at["head"] = slot
    at["tail"] = slot
    at["quantity"] += size
    position = world.positions[k * clock["n_traders"] + owner]
    first = position["first_order"]
    order["owner_next"] = first
    order["owner_prev"] = NONE
    if first >= 0:
        world.orders[first]["owner_prev"] = slot
    position["first_order"] = slot
    if side == BUY:
        position["open_buy_lots"] += size
        position["open_buy_value"] += size * price
        instrument["bid_orders"] += 1
        if price > instrument["best_bid"]:
            instrument["best_bid"] = price
    else:
        position["open_sell_lots"] += size
        position["open_sell_value"] += size * price
        instrument["ask_orders"] += 1
        if price < instrument["best_ask"]:
            instrument["best_ask"] = price
    if clock["record_orders"] != 0:
        handle = order_id_of(world, slot)
        emit(world, EVENT_ORDER_RESTED, k, owner, flags, price, side * size, 0, handle, NONE, NONE)
    return slot


@kernel
def take_from_order(world, slot, quantity):
    """Lower a resting order by `quantity` lots, in its level and in its owner's reserve."""
    order = world.orders[slot]
    k = order["instrument"]
    price = order["price"]
    order["size"] -= quantity
    world.levels[world.instruments[k]["level_base"] + price]["quantity"] -= quantity
    position = world.positions[k * world.clock[0]["n_traders"] + order["owner"]]
    if order["side"] == BUY:
        position["open_buy_lots"] -= quantity
        position["open_buy_value"] -= quantity * price
    else:
        position["open_sell_lots"] -= quantity
        position["open_sell_value"] -= quantity * price


@kernel
def unlink_order(world, slot):
    """Take an order out of its level and its owner's list, free its slot, find the next best level."""
    order, clock = world.orders[slot], world.clock[0]
    k = order["instrument"]
    take_from_order(world, slot, order["size"])
    price = order["price"]
    instrument = world.instruments[k]
    at = world.levels[instrument["level_base"] + price]
    before = order["prev"]
    after = order["next"]
    if before >= 0:
        world.orders[before]["next"] = after
    else:
        at["head"] = after
    if after >= 0:
        world.orders[after]["prev"] = before
    else:
        at["tail"] = before
    before = order["owner_prev"]
    after = order["owner_next"]
    if before >= 0:
        world.orders[before]["owner_next"] = after
    else:
        world.positions[k * clock["n_traders"] + order["owner"]]["first_order"] = after
    if after >= 0:
        world.orders[after]["owner_prev"] = before
    tag = order["tag"]
    if tag >= 0:
        world.quotes[tag]["order_id"] = NONE
    if order["side"] == BUY:
        instrument["bid_orders"] -= 1
        if price == instrument["best_bid"] and at["head"] < 0:
            _lower_best_bid(world, k)
    else:
        instrument["ask_orders"] -= 1
        if price == instrument["best_ask"] and at["head"] < 0:
            _raise_best_ask(world, k)
    order["sequence"] = NONE
    order["next"] = clock["free_order"]
    clock["free_order"] = slot
    clock["live_orders"] -= 1


@kernel
def _lower_best_bid(world, k):
    if world.instruments[k]["bid_orders"] == 0:
        world.instruments[k]["best_bid"] = no_bid(world.instruments[k])
        return
    base = world.instruments[k]["level_base"]
    price = world.instruments[k]["best_bid"]
    while world.levels[base + price]["head"] < 0:
        price -= 1
    world.instruments[k]["best_bid"] = price


@kernel
def _raise_best_ask(world, k):
    if world.instruments[k]["ask_orders"] == 0:
        world.instruments[k]["best_ask"] = no_ask(world.instruments[k])
        return
    base = world.instruments[k]["level_base"]
    price = world.instruments[k]["best_ask"]
    while world.levels[base + price]["head"] < 0:
        price += 1
    world.instruments[k]["best_ask"] = price


@kernel
def cancel_order(world, slot):
    """Remove a resting order that was not filled."""
    never_inline()
    owner = world.orders[slot]["owner"]
    if world.orders[slot]["flags"] & FLAG_REDUCE_ONLY:
        world.traders[owner]["reduce_only_orders"] -= 1
    note_removed(world, slot, world.orders[slot]["size"])
    world.clock[0]["order_events"] += 1
    unlink_order(world, slot)


@kernel
def note_removed(world, slot, lots):
    """Write, where order events are recorded, that lots left the book without a fill."""
    if world.clock[0]["record_orders"] != 0:
        order = world.orders[slot]
        handle = order_id_of(world, slot)
        signed = order["side"] * lots
        k, owner, price = order["instrument"], order["owner"], order["price"]
        emit(world, EVENT_ORDER_REMOVED, k, owner, NONE, price, signed, 0, handle, NONE, NONE)


@kernel
def match_against_book(world, k, side, limit, size, owner):
    """Fill up to `size` lots at `limit` or better, best price first, oldest first; what is left unfilled.

    Fills go to the buffer `fills` (count in clock.n_fills) and are settled by the caller, who calls again until
    none comes. A full buffer ends the call early, and so does a reduce-only order behind other fills: they may have
    shrunk it. The owner's own resting orders in the way are cancelled.
    """
    n = 0
    instrument = world.instruments[k]
    while size > 0 and n < world.fills.shape[0]:
        if side == BUY:
            price = instrument["best_ask"]
            if price > limit or instrument["ask_orders"] == 0:
                break
        else:
            price = instrument["best_bid"]
            if price < limit or instrument["bid_orders"] == 0:
                break
        slot = world.levels[instrument["level_base"] + price]["head"]
        order = world.orders[slot]
        maker = order["owner"]
        if maker == owner:
            cancel_order(world, slot)
            continue
        if n > 0 and order["flags"] & FLAG_REDUCE_ONLY:
            break
        quantity = min(size, order["size"])
        fill = world.fills[n]
        fill["maker"] = maker
        fill["price"] = price
        fill["size"] = quantity
        fill["order_id"] = order_id_of(world, slot)
        n += 1
        size -= quantity
        if quantity == order["size"]:
            if order["flags"] & FLAG_REDUCE_ONLY:
                world.traders[maker]["reduce_only_orders"] -= 1
            unlink_order(world, slot)
        else:
            take_from_order(world, slot, quantity)
    world.clock[0]["n_fills"] = n
    return size


@kernel
def quantity_available(world, k, side, limit, size, owner):
    """Lots of other owners that are sure to be had at `limit` or better, counted up to `size` (fill-or-kill).

    A reduce-only order may shrink when its owner's other orders fill: it counts if it is the only one of its side.
    """
    base = world.instruments[k]["level_base"]
    found = 0
    price = world.instruments[k]["best_ask"] if side == BUY else world.instruments[k]["best_bid"]
    last = no_ask(world.instruments[k]) - 1 if side == BUY else no_bid(world.instruments[k]) + 1
    while found < size and (limit - price) * side >= 0 and (last - price) * side >= 0:
        slot = world.levels[base + price]["head"]
        while slot >= 0 and found < size:
            order = world.orders[slot]
            if order["owner"] != owner and (not order["flags"] & FLAG_REDUCE_ONLY or _stands_alone(world, k, order)):
                found += order["size"]
            slot = order["next"]
        price += side
    return found


@kernel
def _stands_alone(world, k, order):
    position = world.positions[k * world.clock[0]["n_traders"] + order["owner"]]
    open_lots = position["open_buy_lots"] if order["side"] == BUY else position["open_sell_lots"]
    return open_lots == order["size"]


@kernel
def shrink_reduce_only(world, k, owner, size):
    """After a position became `size`: its reduce-only orders may together not exceed it; newest give way first."""
    slot = world.positions[k * world.clock[0]["n_traders"] + owner]["first_order"]
    total = 0
    while slot >= 0:  # newest first in the owner's list
        if world.orders[slot]["flags"] & FLAG_REDUCE_ONLY and world.orders[slot]["side"] * size < 0:
            total += world.orders[slot]["size"]
        slot = world.orders[slot]["owner_next"]
    excess = total - abs(size)
    slot = world.positions[k * world.clock[0]["n_traders"] + owner]["first_order"]
    while slot >= 0:
        following = world.orders[slot]["owner_next"]
        if world.orders[slot]["flags"] & FLAG_REDUCE_ONLY:
            if world.orders[slot]["side"] * size >= 0:
                cancel_order(world, slot)
            elif excess >= world.orders[slot]["size"]:
                excess -= world.orders[slot]["size"]
                cancel_order(world, slot)
            elif excess > 0:
                note_removed(world, slot, excess)
                take_from_order(world, slot, excess)
                excess = 0
        slot = following
