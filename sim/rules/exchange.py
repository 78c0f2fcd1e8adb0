"""One order from arrival to rest: checked, matched, settled fill by fill, and what is left rests or vanishes."""

from sim.rules.admission import admits_order, only_reduces
from sim.rules.book import (
    HANDLE_BITS,
    SLOT_MASK,
    cancel_order,
    match_against_book,
    no_ask,
    no_bid,
    quantity_available,
    rest_order,
    shrink_reduce_only,
)
from sim.rules.events import emit
from sim.rules.forced import book_resting_sale
from sim.rules.leg_trades import settle_legs_of_fill
from sim.rules.legs import leg_lots
from sim.rules.margin import account_of, notional
from sim.rules.profit import profit_row, rebook_forced
from sim.rules.rounding import rate_of
from sim.rules.settlement import move_lots, settle_collateral, transfer
from sim.rules.stop_lists import remove_stop
from sim.rules.worth import unit
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    BUY,
    EVENT_FILL,
    EVENT_ORDER_REJECTED,
    EVENT_TRADING_FEE,
    FILL_OR_KILL,
    FLAG_CLOSE_LEG,
    FLAG_FORCED,
    FLAG_REDUCE_ONLY,
    FLAG_SLIDE,
    LIMIT,
    MARKET,
    NONE,
    POST_ONLY,
    REJECT_BOOK_FULL,
    REJECT_FILL_OR_KILL,
    REJECT_MARGIN,
    REJECT_POST_ONLY,
    REJECT_PRICE,
    REJECT_REDUCE_ONLY,
    REJECT_SIZE,
)

LARGEST_ORDER = 1 << 31


@kernel
def execute(world, k, kind, side, owner, price, size, flags, tag):
    """Play one order; the lots that it filled at once. Prices in ticks, `price` ignored for market orders."""
    never_inline()
    clock, instruments = world.clock, world.instruments
    clock[0]["order_events"] += 1
    if size <= 0 or size >= LARGEST_ORDER:
        return _reject(world, k, owner, side, price, size, REJECT_SIZE)
    row = k * clock[0]["n_traders"] + owner
    if flags & FLAG_REDUCE_ONLY and side * world.position_size[row] >= 0:
        return _reject(world, k, owner, side, price, size, REJECT_REDUCE_ONLY)
    if flags & FLAG_CLOSE_LEG:
        size = min(size, leg_lots(world, row, -side))
        if size <= 0:
            return _reject(world, k, owner, side, price, size, REJECT_REDUCE_ONLY)
    if kind == MARKET:
        price = no_ask(instruments[k]) - 1 if side == BUY else no_bid(instruments[k]) + 1
    if price <= no_bid(instruments[k]) or price >= no_ask(instruments[k]):
        return _reject(world, k, owner, side, price, size, REJECT_PRICE)
    touch = instruments[k]["best_ask"] if side == BUY else instruments[k]["best_bid"]
    crosses = side * (price - touch) >= 0
    if kind == POST_ONLY and crosses:
        price = touch - side
        if not flags & FLAG_SLIDE or price <= no_bid(instruments[k]) or price >= no_ask(instruments[k]):
            return _reject(world, k, owner, side, price, size, REJECT_POST_ONLY)
    claimed = 0
    if flags & FLAG_REDUCE_ONLY:
        claimed = _claimed(world, row, side)
        free = -side * world.position_size[row]
        if kind == POST_ONLY or (kind == LIMIT and not crosses and not flags & FLAG_FORCED):
            free -= claimed  # an order that rests stands behind those that do; one that takes goes before them
        size = min(size, free)
        if size <= 0:
            return _reject(world, k, owner, side, price, size, REJECT_REDUCE_ONLY)
    if not flags & FLAG_FORCED:
        judged = instruments[k]["mark_price"] if kind == MARKET else price
        if crosses and kind != POST_ONLY:
            # A sale below the market is filled at the market: reserve what it will be. Of coins, more at a lower price.
            judged = max(judged, touch) if instruments[k]["inverse"] == 0 else min(judged, touch)
        # Resting reduce-only orders shrink with the position, so they do not stand in the way of another.
        reducing = claimed > 0 and only_reduces(world.positions[row], world.position_size[row], side, size, claimed)
        if not reducing and not admits_order(world, owner, k, side, judged, size, flags):
            return _reject(world, k, owner, side, price, size, REJECT_MARGIN)
    if kind == FILL_OR_KILL:
        found = quantity_available(world, k, side, price, size, owner)
        if found < size:
            return _reject(world, k, owner, side, price, size, REJECT_FILL_OR_KILL)
    left = size
    if crosses and kind != POST_ONLY:
        left = _take(world, k, side, owner, price, size, flags)
    if left > 0 and (kind == LIMIT or kind == POST_ONLY) and not flags & FLAG_CLOSE_LEG:
        _rest(world, k, side, price, left, owner, flags, tag)
        if claimed > 0:
            shrink_if_needed(world, k, owner)
    return size - left


@kernel
def _reject(world, k, owner, side, price, size, reason):
    world.profits[profit_row(world, k, owner)]["rejected"] += 1
    emit(world, EVENT_ORDER_REJECTED, k, owner, NONE, price, side * size, reason, NONE, NONE, NONE)
    return 0


@kernel
def _claimed(world, row, side):
    """Lots of the owner's resting reduce-only orders of this side."""
    lots = 0
    slot = world.positions[row]["first_order"]
    while slot >= 0:
        if world.orders[slot]["flags"] & FLAG_REDUCE_ONLY and world.orders[slot]["side"] == side:
            lots += world.orders[slot]["size"]
        slot = world.orders[slot]["owner_next"]
    return lots


@kernel
def _rest(world, k, side, price, size, owner, flags, tag):
    slot = rest_order(world, k, side, price, size, owner, flags, tag)
    if slot < 0:
        _reject(world, k, owner, side, price, size, REJECT_BOOK_FULL)
        return
    if flags & FLAG_REDUCE_ONLY:
        world.traders[owner]["reduce_only_orders"] += 1
    if tag >= 0:
        world.quotes[tag]["order_id"] = slot


@kernel
def _take(world, k, side, owner, price, size, flags):
    """Match and settle; the lots left."""
    clock = world.clock
    left = size
    while left > 0:
        left = match_against_book(world, k, side, price, left, owner)
        n = clock[0]["n_fills"]
        if n == 0:
            break
        for i in range(n):
            fill = world.fills[i]
            _settle_fill(world, k, side, owner, fill["maker"], fill["price"], fill["size"], flags, fill["order_id"])
        for i in range(n):
            shrink_if_needed(world, k, world.fills[i]["maker"])
    shrink_if_needed(world, k, owner)
    return left


@kernel
def _settle_fill(world, k, side, taker, maker, price, size, flags, order_id):
    clock, instruments = world.clock, world.instruments
    venue = world.venues[instruments[k]["venue"]]
    value = unit(instruments[k], price)
    forced = flags & FLAG_FORCED != 0
    rested = world.orders[order_id & SLOT_MASK]["flags"] & FLAG_FORCED != 0  # the maker is sold off by the venue
    taker_row = account_of(world, taker, k)
    maker_row = account_of(world, maker, k)
    row = k * clock[0]["n_traders"]
    taker_old = world.position_size[row + taker]
    taker_balance = world.quote_balance[taker_row]
    taker_entry = world.entry_value[row + taker]
    maker_old = world.position_size[row + maker]
    maker_balance = world.quote_balance[maker_row]
    maker_entry = world.entry_value[row + maker]
    move_lots(world, EVENT_FILL, k, maker, taker, side * size, side * size * value, price, order_id)
    if forced or rested:
        rebook_forced(world, k, maker, taker, side * size, side * size * value)
    if world.legs.shape[0] > 0:
        lots, cost = side * size, side * size * value
        settle_legs_of_fill(
            world, k, taker, maker, lots, cost, taker_old, taker_entry, maker_old, maker_entry, flags, order_id
        )
    charged = notional(world, instruments[k], size, price)
    if not forced:
        _charge(world, taker, taker_row, k, charged, venue["taker_fee"], venue["treasury"])
    if not rested:
        _charge(world, maker, maker_row, k, charged, venue["maker_fee"], venue["treasury"])
    if taker_row != taker and not forced:  # a liquidation takes its fee before it gives collateral back
        settle_collateral(world, k, taker, taker_old, taker_balance, taker_entry, True)
    if maker_row != maker and not rested:
        settle_collateral(world, k, maker, maker_old, maker_balance, maker_entry, True)
    instruments[k]["last_price"] = price
    instruments[k]["traded_now"] += size
    instruments[k]["traded_value"] += abs(size * value)
    clock[0]["fills"] += 1
    if rested:
        book_resting_sale(world, k, maker, maker_old, size)


@kernel
def _charge(world, trader, row, k, value, rate, treasury):
    """Trading fee in atoms, rounded up, against the trader."""
    if rate > 0:
        fee = rate_of(value, rate, world.clock[0]["fee_scale"])
        transfer(world, EVENT_TRADING_FEE, row, treasury, fee, k, trader, treasury, NONE)


@kernel
def shrink_if_needed(world, k, owner):
    """After a position changed: its reduce-only orders shrink with it."""
    if world.traders[owner]["reduce_only_orders"] > 0:
        shrink_reduce_only(world, k, owner, world.position_size[k * world.clock[0]["n_traders"] + owner])


@kernel
def cancel_slot(world, slot):
    """Cancel a resting order by its slot."""
    cancel_order(world, slot)


@kernel
def slot_of(world, order_id):
    """Slot of a resting order by its public id, or NONE when it rests no more."""
    slot = order_id & SLOT_MASK
    if order_id < 0 or slot >= world.orders.shape[0] or world.orders[slot]["sequence"] != order_id >> HANDLE_BITS:
        return NONE
    return slot


@kernel
def cancel_orders_of(world, k, owner):
    """Cancel every resting order and stop of an owner in one instrument; those of the venue for it stay."""
    never_inline()
    row = k * world.clock[0]["n_traders"] + owner
    slot = world.positions[row]["first_order"]
    while slot >= 0:
        following = world.orders[slot]["owner_next"]
        if not world.orders[slot]["flags"] & FLAG_FORCED:
            cancel_slot(world, slot)
        slot = following
    while world.positions[row]["first_stop"] >= 0:
        remove_stop(world, world.positions[row]["first_stop"])
