"""Limit order book: a ladder of price levels, first-in-first-out lists of orders, recycled slots.

A level is bid or ask by its side of the touch. Every order also hangs in a list of its owner's position row,
so an account's orders are cancelled in time proportional to their number.
"""

from sim.rules.events import emit
from sim.terms import kernel
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
    slot = world.clock[0]["free_order"]
    if slot < 0:
        return NONE
    world.clock[0]["free_order"] = world.orders[slot]["next"]
    world.clock[0]["live_orders"] += 1
    sequence = world.clock[0]["sequence"]
    world.clock[0]["sequence"] = sequence + 1
    level = world.instruments[k]["level_base"] + price
    tail = world.levels[level]["tail"]
    world.orders[slot]["price"] = price
    world.orders[slot]["size"] = size
    world.orders[slot]["side"] = side
    world.orders[slot]["instrument"] = k
    world.orders[slot]["owner"] = owner
    world.orders[slot]["flags"] = flags
    world.orders[slot]["tag"] = tag
    world.orders[slot]["sequence"] = sequence
    world.orders[slot]["next"] = NONE
    world.orders[slot]["prev"] = tail
    if tail >= 0:
        world.orders[tail]["next"] = slot
    else:
        world.levels[level]["head"] = slot
    world.levels[level]["tail"] = slot
    world.levels[level]["quantity"] += size
    row = k * world.clock[0]["n_traders"] + owner
    first = world.positions[row]["first_order"]
    world.orders[slot]["owner_next"] = first
    world.orders[slot]["owner_prev"] = NONE
    if first >= 0:
        world.orders[first]["owner_prev"] = slot
    world.positions[row]["first_order"] = slot
    if side == BUY:
        world.positions[row]["open_buy_lots"] += size
        world.positions[row]["open_buy_value"] += size * price
        world.instruments[k]["bid_orders"] += 1
        if price > world.instruments[k]["best_bid"]:
            world.instruments[k]["best_bid"] = price
    else:
        world.positions[row]["open_sell_lots"] += size
        world.positions[row]["open_sell_value"] += size * price
        world.instruments[k]["ask_orders"] += 1
        if price < world.instruments[k]["best_ask"]:
            world.instruments[k]["best_ask"] = price
    if world.clock[0]["record_orders"] != 0:
        handle = order_id_of(world, slot)
        emit(world, EVENT_ORDER_RESTED, k, owner, flags, price, side * size, 0, handle, NONE, NONE)
    return slot


@kernel
def take_from_order(world, slot, quantity):
    """Lower a resting order by `quantity` lots, in its level and in its owner's reserve."""
    k = world.orders[slot]["instrument"]
    price = world.orders[slot]["price"]
    world.orders[slot]["size"] -= quantity
    world.levels[world.instruments[k]["level_base"] + price]["quantity"] -= quantity
    row = k * world.clock[0]["n_traders"] + world.orders[slot]["owner"]
    if world.orders[slot]["side"] == BUY:
        world.positions[row]["open_buy_lots"] -= quantity
        world.positions[row]["open_buy_value"] -= quantity * price
    else:
        world.positions[row]["open_sell_lots"] -= quantity
        world.positions[row]["open_sell_value"] -= quantity * price


@kernel
def unlink_order(world, slot):
    """Take an order out of its level and its owner's list, free its slot, find the next best level."""
    k = world.orders[slot]["instrument"]
    take_from_order(world, slot, world.orders[slot]["size"])
    price = world.orders[slot]["price"]
    level = world.instruments[k]["level_base"] + price
    before = world.orders[slot]["prev"]
    after = world.orders[slot]["next"]
    if before >= 0:
        world.orders[before]["next"] = after
    else:
        world.levels[level]["head"] = after
    if after >= 0:
        world.orders[after]["prev"] = before
    else:
        world.levels[level]["tail"] = before
    before = world.orders[slot]["owner_prev"]
    after = world.orders[slot]["owner_next"]
    if before >= 0:
        world.orders[before]["owner_next"] = after
    else:
        world.positions[k * world.clock[0]["n_traders"] + world.orders[slot]["owner"]]["first_order"] = after
    if after >= 0:
        world.orders[after]["owner_prev"] = before
    tag = world.orders[slot]["tag"]
    if tag >= 0:
        world.quotes[tag]["order_id"] = NONE
    if world.orders[slot]["side"] == BUY:
        world.instruments[k]["bid_orders"] -= 1
        if price == world.instruments[k]["best_bid"] and world.levels[level]["head"] < 0:
            _lower_best_bid(world, k)
    else:
        world.instruments[k]["ask_orders"] -= 1
        if price == world.instruments[k]["best_ask"] and world.levels[level]["head"] < 0:
            _raise_best_ask(world, k)
    world.orders[slot]["sequence"] = NONE
    world.orders[slot]["next"] = world.clock[0]["free_order"]
    world.clock[0]["free_order"] = slot
    world.clock[0]["live_orders"] -= 1


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
    owner = world.orders[slot]["owner"]
    if world.orders[slot]["flags"] & FLAG_REDUCE_ONLY:
        world.traders[owner]["reduce_only_orders"] -= 1
    if world.clock[0]["record_orders"] != 0:
        signed = world.orders[slot]["side"] * world.orders[slot]["size"]
        handle = order_id_of(world, slot)
        k = world.orders[slot]["instrument"]
        emit(world, EVENT_ORDER_REMOVED, k, owner, NONE, world.orders[slot]["price"], signed, 0, handle, NONE, NONE)
    world.clock[0]["order_events"] += 1
    unlink_order(world, slot)


@kernel
def match_against_book(world, k, side, limit, size, owner):
    """Fill up to `size` lots at `limit` or better, best price first, oldest first; what is left unfilled.

    Fills go to the buffer `fills` (count in clock.n_fills) and are settled by the caller; a full buffer
    ends the call early. The owner's own resting orders in the way are cancelled.
    """
    n = 0
    base = world.instruments[k]["level_base"]
    while size > 0 and n < world.fills.shape[0]:
        if side == BUY:
            price = world.instruments[k]["best_ask"]
            if price > limit or world.instruments[k]["ask_orders"] == 0:
                break
        else:
            price = world.instruments[k]["best_bid"]
            if price < limit or world.instruments[k]["bid_orders"] == 0:
                break
        slot = world.levels[base + price]["head"]
        maker = world.orders[slot]["owner"]
        if maker == owner:
            cancel_order(world, slot)
            continue
        quantity = min(size, world.orders[slot]["size"])
        world.fills[n]["maker"] = maker
        world.fills[n]["price"] = price
        world.fills[n]["size"] = quantity
        world.fills[n]["order_id"] = order_id_of(world, slot)
        n += 1
        size -= quantity
        if quantity == world.orders[slot]["size"]:
            if world.orders[slot]["flags"] & FLAG_REDUCE_ONLY:
                world.traders[maker]["reduce_only_orders"] -= 1
            unlink_order(world, slot)
        else:
            take_from_order(world, slot, quantity)
    world.clock[0]["n_fills"] = n
    return size


@kernel
def quantity_available(world, k, side, limit, size, owner):
    """Lots of other owners at `limit` or better, counted until `size` is reached (fill-or-kill)."""
    base = world.instruments[k]["level_base"]
    found = 0
    price = world.instruments[k]["best_ask"] if side == BUY else world.instruments[k]["best_bid"]
    last = no_ask(world.instruments[k]) - 1 if side == BUY else no_bid(world.instruments[k]) + 1
    while found < size and (limit - price) * side >= 0 and (last - price) * side >= 0:
        slot = world.levels[base + price]["head"]
        while slot >= 0 and found < size:
            if world.orders[slot]["owner"] != owner:
                found += world.orders[slot]["size"]
            slot = world.orders[slot]["next"]
        price += side
    return found


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
                take_from_order(world, slot, excess)
                excess = 0
        slot = following
