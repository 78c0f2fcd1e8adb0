"""The venue's insurance fund: pays shortfalls, and takes positions over at the bankruptcy price."""

from typing import Literal

from sim.parts import ASSUMED, PROTOTYPE, Record, dial
from sim.rules.bankruptcy import fee_part, value_at_mark
from sim.rules.events import emit
from sim.rules.rounding import share_floor, share_toward_zero, split_share
from sim.rules.settlement import move_lots, settle_collateral, transfer
from sim.rules.worth import unit
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    EVENT_DEFAULT,
    EVENT_FUND_PAYMENT,
    EVENT_TAKE_OVER,
    EVENT_TRANSFER,
    NONE,
)

ROUNDING_ATOMS = 2  # a part of a position may lose this much more than its share, by rounding


class InsuranceFund(Record):
    """Dials of the insurance fund. It takes over while its equity after a stressed close-out stays at or above zero."""

    kind: Literal["insurance_fund"] = "insurance_fund"
    size: float = dial(1.0e9, "cash at the start", unit="quote", source=ASSUMED, ge=0, le=1e15)
    size_bp_of_open_interest: float | None = dial(
        None,
        "cash at the start over open interest; if given, replaces size",
        unit="bp",
        source=ASSUMED,
        ge=0,
        le=10_000,
    )
    inexhaustible: bool = dial(False, "never refuses; its need is measured all the same")
    stressed_close_out_rate: float = dial(
        0.02, "assumed loss of working inventory off", unit="of notional", source=ASSUMED, ge=0, le=1
    )
    throttle_per_step: float | None = dial(
        3.0e6,
        "most inventory worked off a step and instrument; null: no limit",
        unit="quote",
        source=PROTOTYPE,
        gt=0,
        le=1e13,
    )
    inventory_policy: Literal["work", "hold", "hedge"] = dial(
        "work", "what is taken over: sold into the book, kept for a while first, or passed to the outside world"
    )
    hold_steps: int | None = dial(
        None, "hold: for so long from the first lot on; null: no time", unit="steps", ge=1, le=1_000_000
    )
    hold_until_gain: float | None = dial(
        None,
        "hold: until the mark is this much better than its cost; null: whatever the price",
        unit="of mark",
        ge=0,
        le=1,
    )
    hedge_cost: float = dial(
        0.001, "hedge: price against the index, to the fund's disadvantage", unit="of index", source=ASSUMED, ge=0, lt=1
    )


@kernel
def fund_state(world, v):
    """(cash with inventory at cost, equity at mark, stressed close-out loss, need) of a venue's fund in atoms.

    need: the smallest start with which equity after a stressed close-out would still be zero.
    """
    never_inline()
    n_traders = world.clock[0]["n_traders"]
    fund = world.venues[v]["fund"]
    cash = world.quote_balance[fund]
    equity = cash
    stressed = 0
    for i in range(world.venues[v]["n_instruments"]):
        k = world.venues[v]["first_instrument"] + i
        size = world.position_size[k * n_traders + fund]
        if size != 0:
            cash += world.entry_value[k * n_traders + fund]
            equity += size * unit(world.instruments[k], world.instruments[k]["mark_price"])
            stressed += fee_part(world, value_at_mark(world, k, size), world.venues[v]["stressed_rate"])
    return cash, equity, stressed, world.funds[v]["start"] - equity + stressed


@kernel
def note_need(world, v):
    """Keep the largest need so far: it tells for every fund size whether that fund would have been exhausted."""
    never_inline()
    _, _, _, need = fund_state(world, v)
    world.funds[v]["need_max"] = max(world.funds[v]["need_max"], need)


@kernel
def note_payment(world, v):
    """The fund's own money was used."""
    if world.funds[v]["first_payment_step"] < 0:
        world.funds[v]["first_payment_step"] = world.clock[0]["step"]


@kernel
def note_result(world, v, result):
    """Closing inventory changed the fund's cash by `result` atoms: a loss, or surplus."""
    if result < 0:
        world.funds[v]["inventory_losses"] -= result
        note_payment(world, v)
    else:
        world.funds[v]["surplus"] += result


@kernel
def note_exhausted(world, v):
    """The fund could not take all that it was offered."""
    world.funds[v]["refused"] += 1
    if world.funds[v]["exhausted_step"] < 0:
        world.funds[v]["exhausted_step"] = world.clock[0]["step"]


@kernel
def fund_capacity(world, v, k, size, share):
    """Lots of a position that the fund can take with equity after a stressed close-out at or above zero."""
    cash, equity, stressed, _ = fund_state(world, v)
    held = world.position_size[k * world.clock[0]["n_traders"] + world.venues[v]["fund"]]
    lots = abs(size)
    rate = world.venues[v]["stressed_rate"]
    if held * size < 0:
        closing = min(lots, abs(held))
        stressed -= fee_part(world, value_at_mark(world, k, closing), rate) - ROUNDING_ATOMS
        result = _closing_result(world, v, k, size, share)
        return closing if equity + min(share, 0) >= stressed and cash + min(result, 0) >= 0 else 0
    whole = fee_part(world, value_at_mark(world, k, size), rate) - share
    room = equity - stressed
    if whole <= room:
        return lots
    if room <= 0 or whole <= 0:
        return 0
    # Rounded down twice, so the part that is taken never needs more than there is.
    return max(split_share(lots, room, whole) - 1, 0)


@kernel
def _closing_result(world, v, k, size, share):
    """Atoms by which the fund's cash changes when a position closes inventory against it, at worst."""
    row = k * world.clock[0]["n_traders"] + world.venues[v]["fund"]
    held = world.position_size[row]
    closing = min(abs(size), abs(held))
    value = closing * unit(world.instruments[k], world.instruments[k]["mark_price"])
    released = share_toward_zero(world.entry_value[row], closing, abs(held))
    part = share_floor(share, closing, abs(size))
    return (value if held > 0 else -value) - released + part - ROUNDING_ATOMS


@kernel
def take_over(world, v, k, trader, lots, share, cause):
    """The fund takes up to `lots` of a position at its bankruptcy price; lots taken.

    One call closes opposite inventory at most; a second call takes what is left as inventory of its own. Nothing
    where the waterfall has no fund.
    """
    if world.venues[v]["fund_on"] == 0:
        return 0
    row = k * world.clock[0]["n_traders"] + trader
    size = world.position_size[row]
    sign = 1 if size > 0 else -1
    taken = min(lots, fund_capacity(world, v, k, size, share))
    if taken <= 0:
        return 0
    part = share_floor(share, taken, abs(size))
    mark = world.instruments[k]["mark_price"]
    amount = sign * taken * unit(world.instruments[k], mark) - part
    fund = world.venues[v]["fund"]
    before, _, _, _ = fund_state(world, v)
    move_lots(world, EVENT_TAKE_OVER, k, trader, fund, sign * taken, amount, mark, cause)
    after, _, _, _ = fund_state(world, v)
    note_result(world, v, after - before)
    settle_collateral(world, k, trader, size, 0, 0, False)
    world.funds[v]["take_overs"] += 1
    if part < 0:
        note_default(world, k, trader, -part, cause)
    note_need(world, v)
    return taken


@kernel
def note_default(world, k, trader, amount, cause):
    """A default: somebody leaves a loss beyond its equity, at mark."""
    emit(world, EVENT_DEFAULT, k, trader, NONE, 0, 0, amount, cause, NONE, NONE)


@kernel
def pay_shortfall(world, v, account, trader, cause):
    """An account without positions is below zero: the fund pays what it can, the venue's own capital the rest."""
    owed = -world.quote_balance[account]
    k = world.venues[v]["first_instrument"]
    note_default(world, k, trader, owed, cause)
    world.funds[v]["shortfalls_presented"] += owed
    cash, _, _, _ = fund_state(world, v)
    paid = min(owed, max(cash, 0))
    if paid > 0:
        transfer(
            world, EVENT_FUND_PAYMENT, world.venues[v]["fund"], account, paid, k, trader, world.venues[v]["fund"], cause
        )
        world.funds[v]["shortfalls_paid"] += paid
        note_payment(world, v)
    if paid < owed:
        note_exhausted(world, v)
        world.funds[v]["uncovered"] += owed - paid
        treasury = world.venues[v]["treasury"]
        transfer(world, EVENT_TRANSFER, treasury, account, owed - paid, k, trader, treasury, cause)
    note_need(world, v)
