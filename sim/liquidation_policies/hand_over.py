"""Positions that change hands without an order in the book: liquidators compete, each with capital and a price."""

from sim.liquidation_policies.auction import auction_tick
from sim.liquidation_policies.take_over import fund_takes
from sim.rules.admission import covers
from sim.rules.bankruptcy import band_tick, bankruptcy_tick, equity_share, fee_part, value_at_mark
from sim.rules.exchange import shrink_if_needed
from sim.rules.forced import charge_fee, note_closed, return_collateral
from sim.rules.margin import account_margin, account_of
from sim.rules.rounding import rate_of
from sim.rules.settlement import move_lots, transfer
from sim.rules.sorting import ROW_MASK
from sim.rules.worth import unit
from sim.strategies.liquidator import fastest_first, required_parts
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    EVENT_LIQUIDATION_FEE,
    EVENT_TAKE_OVER,
    EXECUTION_DUTCH_AUCTION,
    NONE,
    TRANSFER_AT_DISCOUNT,
    TRANSFER_TO_FUND,
)
from sim.waterfall_layers.insurance_fund import fund_capacity, take_over


@kernel
def hand_over(world, v, case, k, trader, lots, t, cause):
    """Transfer or auction up to `lots` of a position; (lots taken, whether the rest passes to the next layer)."""
    never_inline()
    venue = world.venues[v]
    if lots <= 0:
        return 0, False
    sale = world.sales[case * world.clock[0]["n_instruments"] + k]
    size = world.position_size[k * world.clock[0]["n_traders"] + trader]
    sign = 1 if size > 0 else -1
    if venue["execution"] == EXECUTION_DUTCH_AUCTION:
        tick, over = auction_tick(world, v, sale, k, sign, t)
    else:
        if sale["rested_step"] == NONE:
            sale["rested_step"] = t
        over = t - sale["rested_step"] >= venue["patience_steps"]
        if venue["transfer_to"] == TRANSFER_TO_FUND:
            taken = _pool_takes(world, v, case, k, trader, lots, t, cause)
            note_closed(world, k, size, taken)
            return taken, over
        tick = bankruptcy_tick(world.instruments[k], size, equity_share(world, trader, k))
        if venue["transfer_price"] == TRANSFER_AT_DISCOUNT:
            wanted = band_tick(world, world.instruments[k], -sign, venue["discount_rate"])
            tick = wanted if (wanted - tick) * sign > 0 else tick
    taken = offer(world, v, case, k, trader, lots, tick, t, cause, venue["bonus_rate"], venue["liquidation_fee"])
    note_closed(world, k, size, taken)
    return taken, over and taken < lots


@kernel
def _pool_takes(world, v, case, k, trader, lots, t, cause):
    """The fund takes a position; where a bonus is paid, once a liquidator has called it in. Lots taken.

    Paid on what the fund takes, before it takes: the bonus first makes what goes along with the position less.
    """
    bonus = world.venues[v]["bonus_rate"]
    if bonus <= 0:
        return fund_takes(world, v, k, trader, lots, cause)
    callers = fastest_first(world, v, case, t)
    if callers.shape[0] == 0:
        return 0
    taken = 0
    for _ in range(2):
        share = equity_share(world, trader, k)
        size = world.position_size[k * world.clock[0]["n_traders"] + trader]
        part = min(lots - taken, fund_capacity(world, v, k, size, share))
        least = min(share, max(share - fee_part(world, value_at_mark(world, k, part), bonus), 0))
        part = min(part, fund_capacity(world, v, k, size, least))
        if part <= 0:
            break
        pay_bonus(world, v, case, k, trader, callers[0] & ROW_MASK, part, cause)
        taken += take_over(world, v, k, trader, part, equity_share(world, trader, k), cause)
    return taken


@kernel
def assign(world, v, case, k, trader, lots, t, cause):
    """Volunteers take over at the bankruptcy price what an order has left; lots taken. They are paid nothing else."""
    size = world.position_size[k * world.clock[0]["n_traders"] + trader]
    tick = bankruptcy_tick(world.instruments[k], size, equity_share(world, trader, k))
    return offer(world, v, case, k, trader, lots, tick, t, cause, int(0), int(0))


@kernel
def offer(world, v, case, k, trader, lots, tick, t, cause, bonus, fee):
    """Offer up to `lots` of a position at a price to the venue's liquidators, the fastest first; lots taken."""
    never_inline()
    keys = fastest_first(world, v, case, t)
    taken = 0
    for i in range(keys.shape[0]):
        if taken >= lots:
            break
        owner = keys[i] & ROW_MASK
        if owner != trader:
            taken += _take(world, v, case, k, trader, owner, lots - taken, tick, cause, bonus, fee)
    return taken


@kernel
def _take(world, v, case, k, trader, owner, lots, tick, cause, bonus, fee):
    """One liquidator: as much as its capital carries, if it wins what it requires. Lots taken."""
    instrument = world.instruments[k]
    size = world.position_size[k * world.clock[0]["n_traders"] + trader]
    sign = 1 if size > 0 else -1
    lots = _lots_carried(world, owner, k, sign, tick, lots)
    account = account_of(world, trader, k)
    equity, _ = account_margin(world, account)
    value = value_at_mark(world, k, lots)
    gain = sign * lots * (unit(instrument, instrument["mark_price"]) - unit(instrument, tick))
    reward = min(fee_part(world, value, bonus), max(equity - gain, 0))
    if lots <= 0 or gain + reward < rate_of(value, required_parts(world, owner), world.clock[0]["fee_scale"]):
        return 0
    cost = sign * lots * unit(instrument, tick)
    move_lots(world, EVENT_TAKE_OVER, k, trader, owner, sign * lots, cost, tick, cause)
    if bonus > 0:
        pay_bonus(world, v, case, k, trader, owner, lots, cause)
    if fee > 0:
        charge_fee(world, v, k, trader, lots, cause)
    world.cases[case]["liquidator"] = owner
    return_collateral(world, v, k, trader, size, cause)
    shrink_if_needed(world, k, owner)
    return lots


@kernel
def pay_bonus(world, v, case, k, trader, owner, lots, cause):
    """The liquidator's share of a notional from the account that it closes, as far as that has equity."""
    account = account_of(world, trader, k)
    equity, _ = account_margin(world, account)
    reward = min(fee_part(world, value_at_mark(world, k, lots), world.venues[v]["bonus_rate"]), max(equity, 0))
    world.cases[case]["liquidator"] = owner
    if reward > 0:
        transfer(world, EVENT_LIQUIDATION_FEE, account, owner, reward, k, trader, owner, cause)


@kernel
def _lots_carried(world, owner, k, side, tick, lots):
    """Most of `lots` for which a liquidator has the initial margin."""
    if _carries(world, owner, k, side, tick, lots):
        return lots
    least, most = 0, lots
    while most - least > 1:
        middle = (least + most) // 2
        if _carries(world, owner, k, side, tick, middle):
            least = middle
        else:
            most = middle
    return least


@kernel
def _carries(world, owner, k, side, tick, lots):
    """True when a liquidator has the initial margin of `lots` more, after what it pays for them above the mark."""
    instrument = world.instruments[k]
    lost = max(side * lots * (unit(instrument, tick) - unit(instrument, instrument["mark_price"])), 0)
    price = instrument["mark_price"] if lost > 0 else tick
    return covers(world, owner, k, side, price, lots, False, False, lost)
