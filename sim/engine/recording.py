"""Phase 9: one row a step and instrument."""

from sim.rules.book import no_ask, no_bid
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import NONE
from sim.waterfall_layers.insurance_fund import fund_state

DEPTH_PER_CENT = 100  # depth is counted within 1 / 100 of the mid


@kernel
def record(world, t):
    """9: write the columns of this step and start the step's counters anew."""
    clock = world.clock
    if (t + 1) % clock[0]["evaluation_every"] == 0 or t + 1 == clock[0]["horizon"]:
        record_profits(world, t)
    sampled = t % clock[0]["depth_every"] == 0
    for k in range(world.instruments.shape[0]):
        instrument = world.instruments[k]
        row = clock[0]["step_row"]
        if row < world.steps.shape[0]:
            _write(world, world.steps[row], t, k, sampled)
            clock[0]["step_row"] = row + 1
        instrument["traded_lots"] += instrument["traded_now"]
        instrument["liquidated_long"] += instrument["liquidated_now_long"]
        instrument["liquidated_short"] += instrument["liquidated_now_short"]
        instrument["adl_atoms"] += instrument["adl_now"]
        instrument["traded_now"] = 0
        instrument["traded_value"] = 0
        instrument["liquidated_now_long"] = 0
        instrument["liquidated_now_short"] = 0
        instrument["adl_now"] = 0


@kernel
def record_profits(world, t):
    """One row a holder: its equity and where it came from, all instruments together."""
    never_inline()
    n = world.clock[0]["n_instruments"]
    for holder in range(world.profits.shape[0] // n):
        at = world.clock[0]["profit_step_row"]
        if at >= world.profit_steps.shape[0]:
            return
        row = world.profit_steps[at]
        row["step"] = t
        row["holder"] = holder
        row["equity"] = world.profits[holder * n]["start"]
        row["price"] = 0
        row["spread"] = 0
        row["funding"] = 0
        row["fees"] = 0
        row["liquidation"] = 0
        row["deposits"] = 0
        for i in range(holder * n, holder * n + n):
            profit = world.profits[i]
            row["price"] += profit["price"]
            row["spread"] += profit["spread"]
            row["funding"] += profit["funding"]
            row["fees"] += profit["fees"]
            row["liquidation"] += profit["liquidation"]
            row["deposits"] += profit["deposits"]
        row["equity"] += row["price"] + row["spread"] + row["funding"] + row["fees"] + row["liquidation"]
        row["equity"] += row["deposits"]
        world.clock[0]["profit_step_row"] = at + 1


@kernel
def _write(world, row, t, k, sampled):
    instrument, v = world.instruments[k], world.instruments[k]["venue"]
    row["step"] = t
    row["instrument"] = k
    row["index_price"] = instrument["index_price"]
    row["mark_price"] = instrument["mark_price"]
    row["last_price"] = instrument["last_price"]
    row["best_bid"] = instrument["best_bid"] if instrument["bid_orders"] > 0 else NONE
    row["best_ask"] = instrument["best_ask"] if instrument["ask_orders"] > 0 else NONE
    row["bid_depth"], row["ask_depth"] = depth(world, k) if sampled else (NONE, NONE)
    row["open_interest"] = instrument["open_interest"]
    row["traded_value"] = instrument["traded_value"]
    row["traded_lots"] = instrument["traded_now"]
    row["liquidated_long"] = instrument["liquidated_now_long"]
    row["liquidated_short"] = instrument["liquidated_now_short"]
    row["adl_value"] = instrument["adl_now"]
    row["order_events"] = world.clock[0]["order_events"]
    row["rounds"] = world.clock[0]["round"] + 1
    row["pending"] = world.clock[0]["n_cases"]
    row["maintenance_rate"] = instrument["maintenance_rate"]
    row["initial_rate"] = instrument["initial_rate"]
    cash, equity, _, need = fund_state(world, v)
    fund = world.funds[v]
    row["fund_inventory"] = world.position_size[k * world.clock[0]["n_traders"] + world.venues[v]["fund"]]
    row["fund_cash"] = cash
    row["fund_equity"] = equity
    row["fund_need"] = max(need, fund["need_max"])
    fund["need_max"] = row["fund_need"]
    row["gross_drain"] = fund["shortfalls_presented"] + fund["inventory_losses"] + max(cash - equity, 0)
    row["net_drain"] = fund["start"] - equity


@kernel
def depth(world, k):
    """(bid, ask) lots resting within 1 % of the mid; an empty side counts 0."""
    instrument = world.instruments[k]
    base = instrument["level_base"]
    bid, ask = instrument["best_bid"], instrument["best_ask"]
    has_bid, has_ask = instrument["bid_orders"] > 0, instrument["ask_orders"] > 0
    twice_mid = 2 * instrument["last_price"]
    if has_bid and has_ask:
        twice_mid = bid + ask
    reach = twice_mid // (2 * DEPTH_PER_CENT)
    if world.clock[0]["arithmetic"] != 0:
        reach = instrument["reference_price"] // DEPTH_PER_CENT
    bids = 0
    asks = 0
    if has_bid:
        for price in range(max(twice_mid // 2 - reach, no_bid(instrument) + 1), bid + 1):
            bids += world.levels[base + price]["quantity"]
    if has_ask:
        for price in range(ask, min((twice_mid + 1) // 2 + reach, no_ask(instrument) - 1) + 1):
            asks += world.levels[base + price]["quantity"]
    return bids, asks
