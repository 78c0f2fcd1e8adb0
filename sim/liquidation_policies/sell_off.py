"""Close a position of a breached account: on the book, outside it, or down the waterfall."""

from sim.liquidation_policies.execution import limit_tick
from sim.liquidation_policies.hand_over import assign, hand_over
from sim.liquidation_policies.resting import rest_on_book
from sim.liquidation_policies.selection import pro_rata_lots
from sim.liquidation_policies.take_over import fund_takes, passes_to_fund
from sim.liquidation_policies.targets import target_lots
from sim.liquidation_policies.throttle import note_sale, throttled_lots
from sim.rules.bankruptcy import band_tick, budget_lots, equity_share, value_at_mark
from sim.rules.exchange import execute, shrink_if_needed
from sim.rules.forced import book_sale, charge_fee, note_closed, return_collateral
from sim.rules.margin import account_margin, account_of
from sim.rules.settlement import move_lots
from sim.rules.worth import unit
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    ADL_AFTER_FUND,
    ADL_BEFORE_FUND,
    EVENT_LIQUIDATION_SALE,
    EXECUTION_IOC_AT_BANKRUPTCY,
    EXECUTION_MARKET,
    EXECUTION_RESTING_AT_BANKRUPTCY,
    FLAG_FORCED,
    IMMEDIATE_OR_CANCEL,
    NONE,
    SELECTION_PRO_RATA,
    TAKE_OVER_TO_LIQUIDATORS,
    TARGET_RESTORE,
)
from sim.waterfall_layers.auto_deleveraging import deleverage
from sim.waterfall_layers.insurance_fund import note_default, note_exhausted


@kernel
def sell_outside(world, v, k, trader, lots, cause):
    """The twin without impact: closed at the mark against the outside world; lots closed."""
    row = k * world.clock[0]["n_traders"] + trader
    size = world.position_size[row]
    lots = min(lots, budget_lots(world, v, k))
    if lots <= 0:
        return 0
    sign = 1 if size > 0 else -1
    mark = world.instruments[k]["mark_price"]
    amount = sign * lots * unit(world.instruments[k], mark)
    outside = world.clock[0]["outside_trader"]
    move_lots(world, EVENT_LIQUIDATION_SALE, k, trader, outside, sign * lots, amount, mark, cause)
    world.instruments[k]["sold_atoms"] += value_at_mark(world, k, lots)
    charge_fee(world, v, k, trader, lots, cause)
    return_collateral(world, v, k, trader, size, cause)
    note_closed(world, k, size, lots)
    shrink_if_needed(world, k, trader)
    return lots


@kernel
def sell_on_book(world, v, k, trader, lots, share, t, cause):
    """One immediate-or-cancel order; (lots filled, True when only the bankruptcy price stood in the way)."""
    clock, instrument = world.clock, world.instruments[k]
    size = world.position_size[k * clock[0]["n_traders"] + trader]
    sign = 1 if size > 0 else -1
    blocked = instrument["sell_blocked"] if sign > 0 else instrument["buy_blocked"]
    send = min(lots, budget_lots(world, v, k))
    if blocked == t + 1 or send <= 0:
        return 0, False
    limit = band_tick(world, instrument, -sign, world.venues[v]["band_rate"])
    bound = False
    execution = world.venues[v]["execution"]
    if execution != EXECUTION_MARKET:
        own = limit_tick(world, v, k, trader, size, share)
        if (own - limit) * sign > 0:
            limit = own
            bound = True
    filled = execute(world, k, IMMEDIATE_OR_CANCEL, -sign, trader, limit, send, FLAG_FORCED, NONE)
    if filled < send and not bound:
        if sign > 0:
            instrument["sell_blocked"] = t + 1
        else:
            instrument["buy_blocked"] = t + 1
    if filled > 0:
        instrument["sold_atoms"] += value_at_mark(world, k, filled)
        book_sale(world, v, k, trader, size, filled, cause)
    return filled, bound and filled < send and execution == EXECUTION_IOC_AT_BANKRUPTCY


@kernel
def wanted_lots(world, v, k, trader, tried):
    """Lots of a position that the policy wants sold, before its throttle."""
    account = account_of(world, trader, k)
    held = abs(world.position_size[k * world.clock[0]["n_traders"] + trader])
    equity, maintenance = account_margin(world, account)
    venue = world.venues[v]
    if venue["selection"] == SELECTION_PRO_RATA and venue["target"] == TARGET_RESTORE and equity > 0:
        return pro_rata_lots(world, v, k, account, tried, equity, maintenance)
    return target_lots(world, v, k, trader, held, equity, maintenance)


@kernel
def close_position(world, v, case, k, trader, tried, t, cause):
    """Sell one position of a breached account off; what the book refuses goes down the waterfall. Lots closed."""
    never_inline()
    row = k * world.clock[0]["n_traders"] + trader
    if world.venues[v]["impact_on"] == 0:
        held = abs(world.position_size[row])
        lots = throttled_lots(world, v, case, k, held, wanted_lots(world, v, k, trader, tried), t)
        filled = sell_outside(world, v, k, trader, lots, cause)
        note_sale(world, v, case, k, held, filled, t)
        return filled
    taken = 0
    size = world.position_size[row]
    equity, maintenance = account_margin(world, account_of(world, trader, k))
    if passes_to_fund(world, v, equity, maintenance):
        taken = fund_takes(world, v, k, trader, abs(size), cause)
        note_closed(world, k, size, taken)
        shrink_if_needed(world, k, trader)
        size = world.position_size[row]
        if size == 0:
            return taken
    lots = wanted_lots(world, v, k, trader, tried)
    waits = world.venues[v]["execution"] >= EXECUTION_RESTING_AT_BANKRUPTCY
    if world.venues[v]["execution"] == EXECUTION_RESTING_AT_BANKRUPTCY:
        filled, refused = rest_on_book(world, v, case, k, trader, lots, t, cause)
    elif waits:
        lots = throttled_lots(world, v, case, k, abs(size), lots, t)
        filled, refused = hand_over(world, v, case, k, trader, lots, t, cause)
        shrink_if_needed(world, k, trader)
        note_sale(world, v, case, k, abs(size), filled, t)
    else:
        lots = throttled_lots(world, v, case, k, abs(size), lots, t)
        filled, refused = sell_on_book(world, v, k, trader, lots, equity_share(world, trader, k), t, cause)
        note_sale(world, v, case, k, abs(size), filled, t)
    size = world.position_size[row]
    if size == 0:
        return taken + filled
    share = equity_share(world, trader, k)
    if not refused and (share > 0 or waits):
        return taken + filled
    if share <= 0 and not refused and world.venues[v]["execution"] != EXECUTION_IOC_AT_BANKRUPTCY and filled > 0:
        return taken + filled
    left = abs(size) if share <= 0 else min(lots - filled, abs(size))
    absorbed = absorb(world, v, case, k, trader, left, t, cause)
    if absorbed > 0:
        note_closed(world, k, size, absorbed)
        shrink_if_needed(world, k, trader)
    return taken + filled + absorbed


@kernel
def absorb(world, v, case, k, trader, lots, t, cause):
    """What the book refused goes to volunteers, if the venue has them, and down the waterfall. Lots absorbed."""
    order = world.venues[v]["adl_on"]
    absorbed = 0
    if world.venues[v]["take_over_to"] == TAKE_OVER_TO_LIQUIDATORS:
        absorbed = assign(world, v, case, k, trader, lots, t, cause)
    if absorbed < lots and order == ADL_BEFORE_FUND:
        absorbed += deleverage_if_bankrupt(world, v, k, trader, lots - absorbed, cause)
    if absorbed < lots:
        absorbed += fund_takes(world, v, k, trader, lots - absorbed, cause)
    if absorbed < lots:
        note_exhausted(world, v)
    if absorbed < lots and order == ADL_AFTER_FUND:
        absorbed += deleverage_if_bankrupt(world, v, k, trader, lots - absorbed, cause)
    return absorbed


@kernel
def deleverage_if_bankrupt(world, v, k, trader, lots, cause):
    """Auto-deleverage once the mark has reached the bankruptcy price, never before. Lots closed."""
    share = equity_share(world, trader, k)
    if share > 0 or world.position_size[k * world.clock[0]["n_traders"] + trader] == 0:
        return 0
    handed = world.funds[v]["adl_loss"]
    closed = deleverage(world, v, k, trader, lots, share, cause)
    handed = min(world.funds[v]["adl_loss"] - handed, -share)
    if handed > 0:
        note_default(world, k, trader, handed, cause)
    if closed > 0:
        return_collateral(world, v, k, trader, closed, cause)
    return closed
