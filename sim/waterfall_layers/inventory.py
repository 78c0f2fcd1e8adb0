"""What a fund does with the positions that it has taken over: works them off, holds them, or hedges them outside."""

from sim.rules.bankruptcy import band_tick, budget_lots, value_at_mark
from sim.rules.events import emit
from sim.rules.exchange import execute
from sim.rules.rounding import ceil_div, rate_of
from sim.rules.settlement import move_lots
from sim.rules.worth import unit
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    EVENT_FUND_SALE,
    FLAG_FORCED,
    IMMEDIATE_OR_CANCEL,
    INVENTORY_HEDGE,
    INVENTORY_HOLD,
    NONE,
)
from sim.waterfall_layers.insurance_fund import fund_state, note_need, note_result


@kernel
def work_off_inventory(world, v):
    """Sell what the fund holds, as its policy says: throttled, never at a loss beyond its cash."""
    venue = world.venues[v]
    for i in range(venue["n_instruments"]):
        k = venue["first_instrument"] + i
        row = k * world.clock[0]["n_traders"] + venue["fund"]
        size = world.position_size[row]
        if size == 0:
            world.instruments[k]["inventory_step"] = NONE
            continue
        if venue["inventory_policy"] == INVENTORY_HOLD and holds_on(world, v, k, row):
            continue
        lots = abs(size)
        if venue["throttle_atoms"] >= 0:
            lots = min(lots, venue["throttle_atoms"] // value_at_mark(world, k, 1))
        if venue["inventory_policy"] == INVENTORY_HEDGE:
            hedge_outside(world, v, k, row, lots)
        else:
            sell_inventory(world, v, k, row, lots)


@kernel
def holds_on(world, v, k, row):
    """True while a held position has neither been there for its time nor reached its price."""
    never_inline()
    instrument, venue, t = world.instruments[k], world.venues[v], world.clock[0]["step"]
    side = 1 if world.position_size[row] > 0 else -1
    if instrument["inventory_step"] == NONE or instrument["inventory_side"] != side:
        instrument["inventory_step"] = t
        instrument["inventory_side"] = side
    if venue["hold_steps"] >= 0 and t - instrument["inventory_step"] >= venue["hold_steps"]:
        return False
    if venue["hold_gain"] < 0:
        return True
    size = world.position_size[row]
    profit = size * unit(instrument, instrument["mark_price"]) - world.entry_value[row]
    return profit < rate_of(value_at_mark(world, k, size), venue["hold_gain"], world.clock[0]["fee_scale"])


@kernel
def affordable_lots(world, v, k, row, tick, lots):
    """Lots of `lots` of the inventory that can go at a price with a loss within the fund's cash."""
    size = world.position_size[row]
    sign = 1 if size > 0 else -1
    cash, _, _, _ = fund_state(world, v)
    loss = ceil_div(world.entry_value[row], abs(size)) - sign * unit(world.instruments[k], tick)
    return min(lots, max(cash, 0) // loss) if loss > 0 else lots


@kernel
def sell_inventory(world, v, k, row, lots):
    """Into the book: inside the band, and within the cap that the sales of accounts share."""
    venue, instrument = world.venues[v], world.instruments[k]
    fund, sign = venue["fund"], 1 if world.position_size[row] > 0 else -1
    lots = min(lots, budget_lots(world, v, k))
    limit = band_tick(world, instrument, -sign, venue["band_rate"])
    lots = affordable_lots(world, v, k, row, limit, lots)
    if lots <= 0:
        return
    before = world.entry_value[row] + world.quote_balance[fund]
    filled = execute(world, k, IMMEDIATE_OR_CANCEL, -sign, fund, limit, lots, FLAG_FORCED, NONE)
    if filled > 0:
        instrument["sold_atoms"] += value_at_mark(world, k, filled)
        result = world.entry_value[row] + world.quote_balance[fund] - before
        emit(
            world, EVENT_FUND_SALE, k, fund, NONE, instrument["last_price"],
            -sign * filled, result, NONE, NONE, NONE,
        )  # fmt: skip
        note_result(world, v, result)
    note_need(world, v)


@kernel
def hedge_outside(world, v, k, row, lots):
    """To the outside world, at the index less the cost: nobody here trades, and no price moves."""
    never_inline()
    venue, instrument = world.venues[v], world.instruments[k]
    fund, sign = venue["fund"], 1 if world.position_size[row] > 0 else -1
    index = instrument["index_price"]
    tick = index - sign * rate_of(index, venue["hedge_cost"], world.clock[0]["fee_scale"])
    lots = affordable_lots(world, v, k, row, tick, lots)
    if lots > 0:
        before = world.entry_value[row] + world.quote_balance[fund]
        cost = -sign * lots * unit(instrument, tick)
        move_lots(world, EVENT_FUND_SALE, k, world.clock[0]["outside_trader"], fund, -sign * lots, cost, tick, NONE)
        note_result(world, v, world.entry_value[row] + world.quote_balance[fund] - before)
    note_need(world, v)
