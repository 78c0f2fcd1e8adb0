"""Double entry: money moves between two balance rows, lots between two traders, one call for both sides.

`clock.money_sum` and `instruments.size_sum` take every half of every posting; the audit wants them at zero.
"""

from sim.rules.events import emit
from sim.rules.margin import account_of, account_trader, initial_margin, notional
from sim.rules.profit import book_closing, book_payment, book_trade
from sim.rules.rounding import ceil_div, share_toward_zero
from sim.rules.safe_radius import mark_account_dirty
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import EVENT_TRANSFER, FORM_AT_ENTRY, FORM_DATED, NONE


@kernel
def credit(world, row, amount):
    """One half of a posting: add atoms (take them, if negative) and post to the running total."""
    world.quote_balance[row] += amount
    world.clock[0]["money_sum"] += amount


@kernel
def transfer(world, kind, from_row, to_row, amount, k, actor, counterparty, cause):
    """Move atoms between two balance rows and write the event; its id."""
    never_inline()
    credit(world, from_row, -amount)
    credit(world, to_row, amount)
    book_payment(world, kind, k, account_trader(world, from_row), account_trader(world, to_row), amount)
    mark_account_dirty(world, from_row)
    mark_account_dirty(world, to_row)
    return emit(world, kind, k, actor, counterparty, 0, 0, amount, cause, from_row, to_row)


@kernel
def change_position(world, k, trader, lots, cost):
    """One half of a trade: add signed lots bought for `cost` atoms; the entry value follows.

    A partial close lowers the entry value pro rata, rounded toward zero; a flip opens the rest at its share of cost.
    In an arithmetic world the distance from the reference price is what is rounded, so that mirrors stay mirrors.
    """
    row = k * world.clock[0]["n_traders"] + trader
    old = world.position_size[row]
    new = old + lots
    world.position_size[row] = new
    world.instruments[k]["size_sum"] += lots
    world.instruments[k]["open_interest"] += max(new, 0) - max(old, 0)
    if world.instruments[k]["margin_form"] & FORM_DATED:
        date_entry(world, k, row, old, new)
    if old == 0 or (old > 0) == (lots > 0):
        world.entry_value[row] += cost
        return
    centre = cost_centre(world, k)
    closed = min(abs(lots), abs(old))
    released = share_of_cost(world.entry_value[row], closed, old, centre)
    spent = cost if closed == abs(lots) else share_of_cost(cost, closed, lots, centre)
    world.entry_value[row] += cost - spent - released
    book_closing(world, k, trader, -spent - released)


@kernel
def date_entry(world, k, row, old, new):
    """The rate that a position keeps: that of its opening, weighted (rounded up) with that of what is added."""
    now, position = world.instruments[k]["maintenance_rate"], world.positions[row]
    if old == 0 or (old > 0) != (new > 0):
        position["margin_rate"] = now
    elif abs(new) > abs(old):
        total = abs(old) * position["margin_rate"] + (abs(new) - abs(old)) * now
        position["margin_rate"] = ceil_div(total, abs(new))


@kernel
def cost_centre(world, k):
    """Cost of a lot in atoms from which distances are rounded: the reference price in an arithmetic world."""
    if world.clock[0]["arithmetic"] != 0:
        return world.instruments[k]["reference_price"] * world.instruments[k]["tick_value"]
    return 0


@kernel
def share_of_cost(cost, closed, lots, centre):
    """Cost of `closed` of |lots| lots that cost `cost` together, rounded toward `closed` lots at `centre`."""
    part = closed if lots > 0 else -closed
    return part * centre + share_toward_zero(cost - lots * centre, closed, abs(lots))


@kernel
def move_lots(world, kind, k, giver, taker, lots, amount, price, cause):
    """Signed lots pass from giver to taker and `amount` atoms from taker to giver; the event's id.

    Used for trades, take-overs, auto-deleveraging and trades with the outside world alike.
    """
    never_inline()
    taker_row = account_of(world, taker, k)
    giver_row = account_of(world, giver, k)
    change_position(world, k, taker, lots, amount)
    change_position(world, k, giver, -lots, -amount)
    credit(world, taker_row, -amount)
    credit(world, giver_row, amount)
    book_trade(world, kind, k, giver, taker, lots, amount)
    mark_account_dirty(world, taker_row)
    mark_account_dirty(world, giver_row)
    return emit(world, kind, k, taker, giver, price, lots, amount, cause, taker_row, giver_row)


@kernel
def settle_collateral(world, k, trader, old_size, old_balance, old_entry, voluntary):
    """Isolated margin after a trade: allot from the wallet what was opened, give back what was closed.

    `old_balance` and `old_entry` belong to the position before the trade. A forced close gives back only at zero.
    """
    never_inline()
    clock = world.clock
    n_traders = clock[0]["n_traders"]
    if world.traders[trader]["isolated"] == 0:
        return
    row = k * n_traders + trader
    account = n_traders + row
    size = world.position_size[row]
    if size == 0:
        if world.quote_balance[account] > 0:
            amount = world.quote_balance[account]
            transfer(world, EVENT_TRANSFER, account, trader, amount, k, trader, trader, NONE)
        return
    if not voluntary:
        return
    flipped = old_size != 0 and (old_size > 0) != (size > 0)
    if abs(size) > abs(old_size) or flipped:
        # The whole position decides the tier: what is there already counts, fill by fill it adds up.
        value = notional(world, world.instruments[k], size, world.instruments[k]["mark_price"])
        if world.instruments[k]["margin_form"] & FORM_AT_ENTRY and clock[0]["arithmetic"] == 0:
            value = abs(world.entry_value[row])
        wanted = initial_margin(world, world.instruments[k], world.traders[trader], value, abs(size))
        wanted -= world.quote_balance[account] + world.entry_value[row]
        amount = min(wanted, max(world.quote_balance[trader], 0))
        if amount > 0:
            transfer(world, EVENT_TRANSFER, trader, account, amount, k, trader, trader, NONE)
    elif abs(size) < abs(old_size):
        kept = share_toward_zero(old_balance + old_entry, abs(size), abs(old_size))
        amount = world.quote_balance[account] + world.entry_value[row] - kept
        if amount > 0:
            transfer(world, EVENT_TRANSFER, account, trader, amount, k, trader, trader, NONE)
