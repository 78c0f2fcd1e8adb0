"""What follows a sale of the venue for an account: counted, written down, its fee taken, the rest given its place."""

from sim.rules.bankruptcy import fee_part, value_at_mark
from sim.rules.events import emit
from sim.rules.margin import account_margin, account_of, account_span
from sim.rules.settlement import settle_collateral, transfer
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    EVENT_LIQUIDATION_FEE,
    EVENT_LIQUIDATION_SALE,
    LEFTOVER_TO_LIQUIDATOR,
    LEFTOVER_TO_TRADER,
    NONE,
)


@kernel
def charge_fee(world, v, k, trader, lots, cause):
    """Liquidation fee on executed notional to the fund, capped by what is left of the account."""
    account = account_of(world, trader, k)
    equity, _ = account_margin(world, account)
    wanted = fee_part(world, value_at_mark(world, k, lots), world.venues[v]["liquidation_fee"])
    fee = min(wanted, max(equity, 0))
    if fee > 0:
        fund = world.venues[v]["fund"]
        transfer(world, EVENT_LIQUIDATION_FEE, account, fund, fee, k, trader, fund, cause)
        world.funds[v]["fees"] += fee


@kernel
def note_closed(world, k, size, lots):
    """Count lots closed by force, at mark, on the side of the position."""
    value = value_at_mark(world, k, lots)
    if size > 0:
        world.instruments[k]["liquidated_now_long"] += value
    else:
        world.instruments[k]["liquidated_now_short"] += value


@kernel
def note_forced(instrument, sign, event, t):
    """The last forced sale (or purchase) is what later breaches may be laid to."""
    if sign > 0:
        instrument["last_forced_sell"] = event
        instrument["last_forced_sell_step"] = t
    else:
        instrument["last_forced_buy"] = event
        instrument["last_forced_buy_step"] = t


@kernel
def book_sale(world, v, k, trader, size, filled, cause):
    """`filled` lots of a position of `size` were sold on the book by an order of the venue."""
    never_inline()
    sign = 1 if size > 0 else -1
    instrument = world.instruments[k]
    note_closed(world, k, size, filled)
    event = emit(
        world, EVENT_LIQUIDATION_SALE, k, trader, NONE, instrument["last_price"],
        -sign * filled, value_at_mark(world, k, filled), cause, NONE, NONE,
    )  # fmt: skip
    note_forced(instrument, sign, event, world.clock[0]["step"])
    charge_fee(world, v, k, trader, filled, cause)
    return_collateral(world, v, k, trader, size, cause)


@kernel
def book_resting_sale(world, k, trader, size, filled):
    """A resting order of the venue was filled by somebody who came to it."""
    never_inline()
    v, account = world.instruments[k]["venue"], account_of(world, trader, k)
    case = world.account_case[account]
    cause = world.cases[case]["event"] if case >= 0 else NONE
    book_sale(world, v, k, trader, size, filled, cause)
    if account == trader and holds_nothing(world, account):
        keep_leftover(world, v, account, trader, k, cause)


@kernel
def holds_nothing(world, account):
    """True when no position of the account is left."""
    row, stride, count = account_span(world, account)
    for i in range(count):
        if world.position_size[row + i * stride] != 0:
            return False
    return True


@kernel
def keep_leftover(world, v, account, trader, k, cause):
    """An account without positions after a liquidation: what is left goes where the venue's rules say."""
    amount, rule = world.quote_balance[account], world.venues[v]["leftover_to"]
    if rule == LEFTOVER_TO_TRADER or amount <= 0:
        return
    to = world.venues[v]["fund"]
    if rule == LEFTOVER_TO_LIQUIDATOR:
        case = world.account_case[account]
        to = world.cases[case]["liquidator"] if case >= 0 else NONE
        if to < 0:
            return
    else:
        world.funds[v]["fees"] += amount
    transfer(world, EVENT_LIQUIDATION_FEE, account, to, amount, k, trader, to, cause)


@kernel
def return_collateral(world, v, k, trader, size, cause):
    """After a forced close that emptied an isolated account: its collateral goes back, or to the fund."""
    account = account_of(world, trader, k)
    if account != trader and world.position_size[k * world.clock[0]["n_traders"] + trader] == 0:
        keep_leftover(world, v, account, trader, k, cause)
    settle_collateral(world, k, trader, size, 0, 0, False)
