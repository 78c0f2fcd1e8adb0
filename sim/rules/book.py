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
def order_id_of(orders, slot):
    """The public id of a resting order: unique over the run although slots are recycled."""
    return (orders[slot]["sequence"] << HANDLE_BITS) | slot


@kernel
def no_bid(instrument):
    """The best bid of an empty side: one tick below the ladder."""
    return instrument["ladder"] - 1


@kernel
def no_ask(instrument):
    """The best ask of an empty side: one tick above the ladder."""
    return instrument["ladder"] + instrument["n_levels"]


@kernel
def rest_order(clock, instruments, levels, orders, positions, events, k, side, price, size, owner, flags, tag):
    """Append an order to its level and its owner's list; its slot, or NONE when the pool is full."""
    slot = clock[0]["free_order"]
    if slot < 0:
        return NONE
    clock[0]["free_order"] = orders[slot]["next"]
    clock[0]["live_orders"] += 1
    sequence = clock[0]["sequence"]
    clock[0]["sequence"] = sequence + 1
    level = instruments[k]["level_base"] + price
    tail = levels[level]["tail"]
    orders[slot]["price"] = price
    orders[slot]["size"] = size
    orders[slot]["side"] = side
    orders[slot]["instrument"] = k
    orders[slot]["owner"] = owner
    orders[slot]["flags"] = flags
    orders[slot]["tag"] = tag
    orders[slot]["sequence"] = sequence
    orders[slot]["next"] = NONE
    orders[slot]["prev"] = tail
    if tail >= 0:
        orders[tail]["next"] = slot
    else:
        levels[level]["head"] = slot
    levels[level]["tail"] = slot
    levels[level]["quantity"] += size
    row = k * clock[0]["n_traders"] + owner
    first = positions[row]["first_order"]
    orders[slot]["owner_next"] = first
    orders[slot]["owner_prev"] = NONE
    if first >= 0:
        orders[first]["owner_prev"] = slot
    positions[row]["first_order"] = slot
    if side == BUY:
        positions[row]["open_buy_lots"] += size
        positions[row]["open_buy_value"] += size * price
        instruments[k]["bid_orders"] += 1
        if price > instruments[k]["best_bid"]:
            instruments[k]["best_bid"] = price
    else:
        positions[row]["open_sell_lots"] += size
        positions[row]["open_sell_value"] += size * price
        instruments[k]["ask_orders"] += 1
        if price < instruments[k]["best_ask"]:
            instruments[k]["best_ask"] = price
    if clock[0]["record_orders"] != 0:
        handle = order_id_of(orders, slot)
        emit(clock, events, EVENT_ORDER_RESTED, k, owner, flags, price, side * size, 0, handle, NONE, NONE)
    return slot


@kernel
def take_from_order(clock, instruments, levels, orders, positions, slot, quantity):
    """Lower a resting order by `quantity` lots, in its level and in its owner's reserve."""
    k = orders[slot]["instrument"]
    price = orders[slot]["price"]
    orders[slot]["size"] -= quantity
    levels[instruments[k]["level_base"] + price]["quantity"] -= quantity
    row = k * clock[0]["n_traders"] + orders[slot]["owner"]
    if orders[slot]["side"] == BUY:
        positions[row]["open_buy_lots"] -= quantity
        positions[row]["open_buy_value"] -= quantity * price
    else:
        positions[row]["open_sell_lots"] -= quantity
        positions[row]["open_sell_value"] -= quantity * price


@kernel
def unlink_order(clock, instruments, levels, orders, positions, quotes, slot):
    """Take an order out of its level and its owner's list, free its slot, find the next best level."""
    k = orders[slot]["instrument"]
    take_from_order(clock, instruments, levels, orders, positions, slot, orders[slot]["size"])
    price = orders[slot]["price"]
    level = instruments[k]["level_base"] + price
    before = orders[slot]["prev"]
    after = orders[slot]["next"]
    if before >= 0:
        orders[before]["next"] = after
    else:
        levels[level]["head"] = after
    if after >= 0:
        orders[after]["prev"] = before
    else:
        levels[level]["tail"] = before
    before = orders[slot]["owner_prev"]
    after = orders[slot]["owner_next"]
    if before >= 0:
        orders[before]["owner_next"] = after
    else:
        positions[k * clock[0]["n_traders"] + orders[slot]["owner"]]["first_order"] = after
    if after >= 0:
        orders[after]["owner_prev"] = before
    tag = orders[slot]["tag"]
    if tag >= 0:
        quotes[tag]["order_id"] = NONE
    if orders[slot]["side"] == BUY:
        instruments[k]["bid_orders"] -= 1
        if price == instruments[k]["best_bid"] and levels[level]["head"] < 0:
            _lower_best_bid(instruments, levels, k)
    else:
        instruments[k]["ask_orders"] -= 1
        if price == instruments[k]["best_ask"] and levels[level]["head"] < 0:
            _raise_best_ask(instruments, levels, k)
    orders[slot]["sequence"] = NONE
    orders[slot]["next"] = clock[0]["free_order"]
    clock[0]["free_order"] = slot
    clock[0]["live_orders"] -= 1


@kernel
def _lower_best_bid(instruments, levels, k):
    if instruments[k]["bid_orders"] == 0:
        instruments[k]["best_bid"] = no_bid(instruments[k])
        return
    base = instruments[k]["level_base"]
    price = instruments[k]["best_bid"]
    while levels[base + price]["head"] < 0:
        price -= 1
    instruments[k]["best_bid"] = price


@kernel
def _raise_best_ask(instruments, levels, k):
    if instruments[k]["ask_orders"] == 0:
        instruments[k]["best_ask"] = no_ask(instruments[k])
        return
    base = instruments[k]["level_base"]
    price = instruments[k]["best_ask"]
    while levels[base + price]["head"] < 0:
        price += 1
    instruments[k]["best_ask"] = price


@kernel
def cancel_order(clock, instruments, levels, orders, positions, quotes, traders, events, slot):
    """Remove a resting order that was not filled."""
    owner = orders[slot]["owner"]
    if orders[slot]["flags"] & FLAG_REDUCE_ONLY:
        traders[owner]["reduce_only_orders"] -= 1
    if clock[0]["record_orders"] != 0:
        signed = orders[slot]["side"] * orders[slot]["size"]
        handle = order_id_of(orders, slot)
        k = orders[slot]["instrument"]
        emit(clock, events, EVENT_ORDER_REMOVED, k, owner, NONE, orders[slot]["price"], signed, 0, handle, NONE, NONE)
    clock[0]["order_events"] += 1
    unlink_order(clock, instruments, levels, orders, positions, quotes, slot)


@kernel
def match_against_book(
    clock, instruments, levels, orders, positions, quotes, traders, events, fills, k, side, limit, size, owner
):
    """Fill up to `size` lots at `limit` or better, best price first, oldest first; what is left unfilled.

    Fills go to the buffer `fills` (count in clock.n_fills) and are settled by the caller; a full buffer
    ends the call early. The owner's own resting orders in the way are cancelled.
    """
    n = 0
    base = instruments[k]["level_base"]
    while size > 0 and n < fills.shape[0]:
        if side == BUY:
            price = instruments[k]["best_ask"]
            if price > limit or instruments[k]["ask_orders"] == 0:
                break
        else:
            price = instruments[k]["best_bid"]
            if price < limit or instruments[k]["bid_orders"] == 0:
                break
        slot = levels[base + price]["head"]
        maker = orders[slot]["owner"]
        if maker == owner:
            cancel_order(clock, instruments, levels, orders, positions, quotes, traders, events, slot)
            continue
        quantity = min(size, orders[slot]["size"])
        fills[n]["maker"] = maker
        fills[n]["price"] = price
        fills[n]["size"] = quantity
        fills[n]["order_id"] = order_id_of(orders, slot)
        n += 1
        size -= quantity
        if quantity == orders[slot]["size"]:
            if orders[slot]["flags"] & FLAG_REDUCE_ONLY:
                traders[maker]["reduce_only_orders"] -= 1
            unlink_order(clock, instruments, levels, orders, positions, quotes, slot)
        else:
            take_from_order(clock, instruments, levels, orders, positions, slot, quantity)
    clock[0]["n_fills"] = n
    return size


@kernel
def quantity_available(instruments, levels, orders, k, side, limit, size, owner):
    """Lots of other owners at `limit` or better, counted until `size` is reached (fill-or-kill)."""
    base = instruments[k]["level_base"]
    found = 0
    price = instruments[k]["best_ask"] if side == BUY else instruments[k]["best_bid"]
    last = no_ask(instruments[k]) - 1 if side == BUY else no_bid(instruments[k]) + 1
    while found < size and (limit - price) * side >= 0 and (last - price) * side >= 0:
        slot = levels[base + price]["head"]
        while slot >= 0 and found < size:
            if orders[slot]["owner"] != owner:
                found += orders[slot]["size"]
            slot = orders[slot]["next"]
        price += side
    return found


@kernel
def shrink_reduce_only(clock, instruments, levels, orders, positions, quotes, traders, events, k, owner, size):
    """After a position became `size`: its reduce-only orders may together not exceed it; newest give way first."""
    slot = positions[k * clock[0]["n_traders"] + owner]["first_order"]
    total = 0
    while slot >= 0:  # newest first in the owner's list
        if orders[slot]["flags"] & FLAG_REDUCE_ONLY and orders[slot]["side"] * size < 0:
            total += orders[slot]["size"]
        slot = orders[slot]["owner_next"]
    excess = total - abs(size)
    slot = positions[k * clock[0]["n_traders"] + owner]["first_order"]
    while slot >= 0:
        following = orders[slot]["owner_next"]
        if orders[slot]["flags"] & FLAG_REDUCE_ONLY:
            if orders[slot]["side"] * size >= 0:
                cancel_order(clock, instruments, levels, orders, positions, quotes, traders, events, slot)
            elif excess >= orders[slot]["size"]:
                excess -= orders[slot]["size"]
                cancel_order(clock, instruments, levels, orders, positions, quotes, traders, events, slot)
            elif excess > 0:
                take_from_order(clock, instruments, levels, orders, positions, slot, excess)
                excess = 0
        slot = following
