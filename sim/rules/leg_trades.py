"""Hedge mode: what a fill does to the two legs, and a pair that is closed against itself."""

from sim.rules.book import SLOT_MASK
from sim.rules.events import emit
from sim.rules.legs import locked_lots
from sim.rules.profit import book_closing, rebook_opening
from sim.rules.safe_radius import mark_account_dirty
from sim.rules.settlement import cost_centre, share_of_cost
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    EVENT_LEGS_LOCKED,
    EVENT_LEGS_UNLOCKED,
    FLAG_CLOSE_LEG,
    FLAG_OPEN_LEG,
    NONE,
)


@kernel
def settle_legs(world, k, trader, lots, cost, old_size, old_entry, flags):
    """After a trade of `lots` for `cost` atoms that a trader in hedge mode has meant for one of its legs.

    `old_size` and `old_entry` belong to the position before it.
    """
    never_inline()
    if world.populations[world.traders[trader]["population"]]["hedged"] == 0:
        return
    if flags & FLAG_OPEN_LEG and old_size * lots < 0:
        lock_lots(world, k, trader, lots, cost, old_size, old_entry)
    elif flags & FLAG_CLOSE_LEG:
        close_locked(world, k, trader, lots, cost, old_size)


@kernel
def lock_lots(world, k, trader, lots, cost, old_size, old_entry):
    """What was booked as a closing has opened the other leg: both sides are locked at what was paid for them."""
    row = k * world.clock[0]["n_traders"] + trader
    pairs, centre = min(abs(lots), abs(old_size)), cost_centre(world, k)
    held = share_of_cost(old_entry, pairs, old_size, centre)
    opened = cost if pairs == abs(lots) else share_of_cost(cost, pairs, lots, centre)
    rebook_opening(world, k, trader, -opened - held)
    legs = world.legs[row]
    legs["locked"] += pairs
    legs["long_value"] += held if old_size > 0 else opened
    legs["short_value"] += opened if old_size > 0 else held
    world.instruments[k]["open_interest"] += pairs
    emit(world, EVENT_LEGS_LOCKED, k, trader, NONE, 0, pairs, 0, NONE, NONE, NONE)


@kernel
def close_locked(world, k, trader, lots, cost, old_size):
    """A leg was closed by more than it had alone: the other leg stands by itself for as much, at what was paid for it.

    What goes beyond the leg itself stays what it is, a trade of the net position.
    """
    row = k * world.clock[0]["n_traders"] + trader
    legs, centre = world.legs[row], cost_centre(world, k)
    alone = min(abs(lots), abs(old_size)) if old_size * lots < 0 else 0
    beyond = abs(lots) - alone
    pairs = min(beyond, legs["locked"])
    if pairs <= 0:
        return
    side = 1 if lots > 0 else -1
    paid = cost if alone == 0 else cost - share_of_cost(cost, alone, lots, centre)
    if pairs < beyond:
        paid = share_of_cost(paid, pairs, side * beyond, centre)
    long = share_of_cost(legs["long_value"], pairs, legs["locked"], centre)
    short = share_of_cost(legs["short_value"], pairs, -legs["locked"], centre)
    legs["locked"] -= pairs
    legs["long_value"] -= long
    legs["short_value"] -= short
    world.entry_value[row] += (long if side > 0 else short) - paid
    world.instruments[k]["open_interest"] -= pairs
    book_closing(world, k, trader, -paid - (short if side > 0 else long))
    emit(world, EVENT_LEGS_UNLOCKED, k, trader, NONE, 0, pairs, 0, NONE, NONE, NONE)


@kernel
def settle_legs_of_fill(
    world, k, taker, maker, lots, cost, taker_old, taker_entry, maker_old, maker_entry, flags, order
):
    """Both sides of a fill; the flags of the maker's order are still in its slot."""
    never_inline()
    settle_legs(world, k, taker, lots, cost, taker_old, taker_entry, flags)
    settle_legs(world, k, maker, -lots, -cost, maker_old, maker_entry, world.orders[order & SLOT_MASK]["flags"])


@kernel
def unlock(world, k, trader, cause):
    """Close every locked pair of a position against itself; the pairs. No money moves: the profit was in equity."""
    row = k * world.clock[0]["n_traders"] + trader
    pairs = locked_lots(world, row)
    if pairs == 0:
        return 0
    legs = world.legs[row]
    book_closing(world, k, trader, -legs["long_value"] - legs["short_value"])
    legs["locked"] = 0
    legs["long_value"] = 0
    legs["short_value"] = 0
    world.instruments[k]["open_interest"] -= pairs
    mark_account_dirty(world, trader)
    emit(world, EVENT_LEGS_UNLOCKED, k, trader, NONE, 0, pairs, 0, cause, NONE, NONE)
    return pairs
