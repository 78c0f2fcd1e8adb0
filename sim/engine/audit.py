"""Phase 10: money and sizes still add up, exactly."""

import numpy as np

from sim.rules.book import no_ask, no_bid
from sim.rules.legs import locked_lots
from sim.rules.profit import holder_of
from sim.rules.worth import unit
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    BUY,
    ERROR_BOOK,
    ERROR_FUND_CASH,
    ERROR_MONEY,
    ERROR_NONE,
    ERROR_OVERFLOW,
    ERROR_PROFIT,
    ERROR_SIZE,
)
from sim.waterfall_layers.insurance_fund import fund_state

LARGEST_MONEY = 1 << 61
RESERVE_PARTS = 16


@kernel
def fail(world, code, t):
    """Keep the first error and its step."""
    if world.clock[0]["error"] == ERROR_NONE:
        world.clock[0]["error"] = code
        world.clock[0]["error_step"] = t


@kernel
def audit(world, t):
    """10: running totals every step, a recount over all rows on its clock."""
    if world.clock[0]["money_sum"] != 0:
        fail(world, ERROR_MONEY, t)
    for k in range(world.instruments.shape[0]):
        instrument = world.instruments[k]
        if instrument["size_sum"] != 0:
            fail(world, ERROR_SIZE, t)
        if instrument["best_bid"] >= instrument["best_ask"]:
            fail(world, ERROR_BOOK, t)
    for v in range(world.venues.shape[0]):
        cash, _, _, _ = fund_state(world, v)
        if cash < 0:
            fail(world, ERROR_FUND_CASH, t)
    if not parts_cancel(world):
        fail(world, ERROR_PROFIT, t)
    every = world.clock[0]["audit_every"]
    if (t + 1) % every == 0 or t + 1 == world.clock[0]["horizon"]:
        recount(world, t)
        if not parts_explain_equity(world):
            fail(world, ERROR_PROFIT, t)


@kernel
def parts_cancel(world):
    """What one holder wins another loses: each part is zero over all holders, and so are their lots."""
    n = world.clock[0]["n_instruments"]
    for k in range(n):
        lots = 0
        price = 0
        spread = 0
        funding = 0
        fees = 0
        liquidation = 0
        deposits = 0
        for row in range(k, world.profits.shape[0], n):
            profit = world.profits[row]
            lots += profit["net_lots"]
            price += profit["price"]
            spread += profit["spread"]
            funding += profit["funding"]
            fees += profit["fees"]
            liquidation += profit["liquidation"]
            deposits += profit["deposits"]
        if lots != 0 or price != 0 or spread != 0 or funding != 0 or fees != 0 or liquidation != 0 or deposits != 0:
            return False
    return True


@kernel
def parts_explain_equity(world):
    """Each holder's equity, added up from nothing, is that of the start plus deposits and the parts of its profit."""
    never_inline()
    n, n_traders = world.clock[0]["n_instruments"], world.clock[0]["n_traders"]
    unexplained = np.zeros(world.profits.shape[0] // n, np.int64)
    institutions = world.populations[0]["n_traders"]
    for span in range(institutions + world.populations.shape[0] - 1):
        first, rows = span, 1
        if span >= institutions:
            population = world.populations[span - institutions + 1]
            first, rows = population["first_trader"], population["n_traders"]
        if rows == 0:
            continue
        holder = holder_of(world, first)
        for row in range(first, world.quote_balance.shape[0], n_traders):
            unexplained[holder] += total_of(world.quote_balance[row : row + rows])
        for k in range(n):
            value = unit(world.instruments[k], world.instruments[k]["mark_price"])
            row = k * n_traders + first
            unexplained[holder] += total_of(world.position_size[row : row + rows]) * value
    for row in range(world.profits.shape[0]):
        profit = world.profits[row]
        explained = profit["start"] + profit["price"] + profit["spread"] + profit["funding"] + profit["fees"]
        unexplained[row // n] -= explained + profit["liquidation"] + profit["deposits"]
    for holder in range(unexplained.shape[0]):
        if unexplained[holder] != 0:
            return False
    return True


@kernel
def total_of(column):
    """Sum of a part of a column; a loop of its own over a slice becomes vector code."""
    total = 0
    for i in range(column.shape[0]):
        total += column[i]
    return total


@kernel
def total_and_largest(column):
    """(sum, largest absolute value) of a column."""
    total = 0
    largest = 0
    for i in range(column.shape[0]):
        total += column[i]
        largest = max(largest, abs(column[i]))
    return total, largest


@kernel
def total_and_longs(sizes):
    """(sum of signed lots, lots of those who are long)."""
    total = 0
    longs = 0
    for i in range(sizes.shape[0]):
        total += sizes[i]
        longs += max(sizes[i], 0)
    return total, longs


@kernel
def pairs_of(world, k):
    """Lots of an instrument that are held both long and short; a negative number of any is counted as never."""
    n_traders = world.clock[0]["n_traders"]
    total = 0
    for row in range(k * n_traders, min((k + 1) * n_traders, world.legs.shape[0])):
        total += locked_lots(world, row) if locked_lots(world, row) >= 0 else LARGEST_MONEY
    return total


@kernel
def recount(world, t):
    """Every balance and every size, added up from nothing; every open order, against its owner's reserve."""
    money, largest = total_and_largest(world.quote_balance)
    if money != world.clock[0]["net_deposits"]:
        fail(world, ERROR_MONEY, t)
    if largest > LARGEST_MONEY:
        fail(world, ERROR_OVERFLOW, t)
    n_traders = world.clock[0]["n_traders"]
    for k in range(world.instruments.shape[0]):
        lots, longs = total_and_longs(world.position_size[k * n_traders : (k + 1) * n_traders])
        if lots != 0 or longs + pairs_of(world, k) != world.instruments[k]["open_interest"]:
            fail(world, ERROR_SIZE, t)
    if not (orders_match_book(world) and no_order_no_reserve(world, t)):
        fail(world, ERROR_BOOK, t)


@kernel
def orders_match_book(world):
    """The orders of each owner's list make up its reserve, and all lists together what rests in the levels."""
    never_inline()
    n_traders = world.clock[0]["n_traders"]
    on_book = np.zeros(world.instruments.shape[0], np.int64)
    for k in range(world.instruments.shape[0]):
        on_book[k] = quantity_on_book(world, k)
    for slot in range(world.orders.shape[0]):
        head = world.orders[slot]
        if head["sequence"] < 0 or head["owner_prev"] >= 0:
            continue
        position = world.positions[head["instrument"] * n_traders + head["owner"]]
        buy, sell, buy_value, sell_value = 0, 0, 0, 0
        following = slot
        while following >= 0:
            order = world.orders[following]
            if order["side"] == BUY:
                buy, buy_value = buy + order["size"], buy_value + order["size"] * order["price"]
            else:
                sell, sell_value = sell + order["size"], sell_value + order["size"] * order["price"]
            following = order["owner_next"]
        if buy != position["open_buy_lots"] or sell != position["open_sell_lots"]:
            return False
        if buy_value != position["open_buy_value"] or sell_value != position["open_sell_value"]:
            return False
        on_book[head["instrument"]] -= buy + sell
    for k in range(on_book.shape[0]):
        if on_book[k] != 0:
            return False
    return True


@kernel
def no_order_no_reserve(world, t):
    """Who has no open order has no reserve: a part of all positions at each recount in turn, all of them at the end."""
    first, end = 0, world.positions.shape[0]
    if t + 1 != world.clock[0]["horizon"]:
        part = (t + 1) // world.clock[0]["audit_every"] % RESERVE_PARTS
        first, end = part * end // RESERVE_PARTS, (part + 1) * end // RESERVE_PARTS
    for row in range(first, end):
        position = world.positions[row]
        if position["first_order"] < 0 and (position["open_buy_lots"] != 0 or position["open_sell_lots"] != 0):
            return False
    return True


@kernel
def quantity_on_book(world, k):
    """Lots resting in all levels of an instrument."""
    base = world.instruments[k]["level_base"]
    total = 0
    for price in range(no_bid(world.instruments[k]) + 1, no_ask(world.instruments[k])):
        total += world.levels[base + price]["quantity"]
    return total
