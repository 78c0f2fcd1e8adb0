"""Where profit comes from: every posting is booked under one part of its holder's profit, as it happens.

A holder is a population, or one of the institutions (outside world, treasuries, funds). Its equity changes by the sum
of its parts and its deposits; summed over all holders each part is zero.
"""

from sim.rules.worth import unit
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    EVENT_FILL,
    EVENT_FUND_PAYMENT,
    EVENT_FUNDING,
    EVENT_LIQUIDATION_FEE,
    EVENT_OUTSIDE_TRADE,
    EVENT_TRADING_FEE,
    EVENT_TRANSFER,
)


@kernel
def holder_of(world, trader):
    """Number of the holder that a trader belongs to: institutions one by one, then the populations."""
    population = world.traders[trader]["population"]
    return trader if population == 0 else 2 * world.clock[0]["n_venues"] + population


@kernel
def profit_row(world, k, trader):
    """Row of PROFITS of a trader's holder in an instrument."""
    return holder_of(world, trader) * world.clock[0]["n_instruments"] + k


@kernel
def book_mark(world, k):
    """The mark has moved: every holder wins its lots times the move."""
    instrument = world.instruments[k]
    move = unit(instrument, instrument["mark_price"]) - unit(instrument, instrument["booked_mark"])
    if move == 0:
        return
    for row in range(k, world.profits.shape[0], world.clock[0]["n_instruments"]):
        world.profits[row]["price"] += world.profits[row]["net_lots"] * move
    instrument["booked_mark"] = instrument["mark_price"]


@kernel
def book_trade(world, kind, k, giver, taker, lots, amount):
    """`lots` for `amount` atoms: what the taker wins against the mark, the giver loses."""
    instrument = world.instruments[k]
    gain = lots * unit(instrument, instrument["booked_mark"]) - amount
    won, lost = world.profits[profit_row(world, k, taker)], world.profits[profit_row(world, k, giver)]
    won["net_lots"] += lots
    lost["net_lots"] -= lots
    if kind == EVENT_FILL or kind == EVENT_OUTSIDE_TRADE:
        won["spread"] += gain
        lost["spread"] -= gain
    else:
        won["liquidation"] += gain
        lost["liquidation"] -= gain


@kernel
def rebook_forced(world, k, giver, taker, lots, amount):
    """The fill just booked belongs to an order of the venue: its spread is a cost (or gain) of liquidation."""
    never_inline()
    instrument = world.instruments[k]
    gain = lots * unit(instrument, instrument["booked_mark"]) - amount
    won, lost = world.profits[profit_row(world, k, taker)], world.profits[profit_row(world, k, giver)]
    won["spread"] -= gain
    lost["spread"] += gain
    won["liquidation"] += gain
    lost["liquidation"] -= gain


@kernel
def rebook_opening(world, k, trader, profit):
    """The closing just booked has opened another leg instead: nothing was realised."""
    row = world.profits[profit_row(world, k, trader)]
    row["closings"] -= 1
    if profit > 0:
        row["won_closings"] -= 1


@kernel
def book_payment(world, kind, k, payer, receiver, amount):
    """Money passes from one holder to another; between accounts of one holder nothing is won."""
    n_instruments = world.clock[0]["n_instruments"]
    paid, got = holder_of(world, payer), holder_of(world, receiver)
    if paid == got:
        return
    lost, won = world.profits[paid * n_instruments + max(k, 0)], world.profits[got * n_instruments + max(k, 0)]
    if kind == EVENT_TRADING_FEE:
        lost["fees"] -= amount
        won["fees"] += amount
    elif kind == EVENT_FUNDING:
        lost["funding"] -= amount
        won["funding"] += amount
    elif kind == EVENT_LIQUIDATION_FEE or kind == EVENT_FUND_PAYMENT or kind == EVENT_TRANSFER:
        lost["liquidation"] -= amount  # a transfer between holders is the venue's own capital covering a shortfall
        won["liquidation"] += amount
    else:
        lost["deposits"] -= amount
        won["deposits"] += amount


@kernel
def book_closing(world, k, trader, profit):
    """A fill has closed (part of) a position with this result against its average entry."""
    row = world.profits[profit_row(world, k, trader)]
    row["closings"] += 1
    if profit > 0:
        row["won_closings"] += 1
