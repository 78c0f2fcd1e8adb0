"""Margin calls: a venue warns, asks for money with a deadline, restricts, and sells off only who has not paid.

Levels are multiples of the maintenance margin, each with hysteresis. Who pays is the traders' own dial
(`reactions.pays_calls`). Clearing houses: a breach is a failure to pay a call, not an intraday test of equity.
"""

from sim.parts import ASSUMED, Record, dial
from sim.rules.calls import LEVEL_SCALE, is_below, venue_of
from sim.rules.causes import inducing_event
from sim.rules.events import emit
from sim.rules.exchange import cancel_slot
from sim.rules.margin import account_margin, account_span, account_trader
from sim.rules.rounding import rate_of
from sim.rules.safe_radius import watched_accounts
from sim.rules.settlement import transfer
from sim.strategies.answers import answer_call
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    CALL_MISSED,
    CALL_OPEN,
    CALL_RESTRICTED,
    CALL_SOLD,
    CALL_WARNED,
    EVENT_CALL_MET,
    EVENT_CALL_MISSED,
    EVENT_CALL_PAYMENT,
    EVENT_MARGIN_CALL,
    EVENT_MARGIN_WARNING,
    EVENT_RESTRICTION,
    FLAG_FORCED,
    FLAG_REDUCE_ONLY,
    NONE,
)

NOTICES_MAX = 2_048  # of a step; further accounts wait for the next one, so that events of a step have a bound


class MarginCalls(Record):
    """Dials of a venue's calls. A level is entered below it and left at it plus the hysteresis."""

    warn: float | None = dial(None, "equity below this: a warning", unit="of maintenance", source=ASSUMED, gt=0, le=100)
    call: float = dial(1.0, "equity below this: a call for money", unit="of maintenance", ge=1, le=100)
    restrict: float | None = dial(
        None, "equity below this: positions may only be reduced", unit="of maintenance", source=ASSUMED, gt=0, le=100
    )
    liquidate: float | None = dial(
        None, "equity below this is sold off at once, whatever the deadline; null: nobody is before it",
        unit="of maintenance", source=ASSUMED, gt=0, le=100,
    )  # fmt: skip
    restore: float = dial(
        1.5, "equity that a call asks for, and to which a missed one is sold off", unit="of maintenance", ge=1, le=100
    )
    hysteresis: float = dial(0.05, "a level is left when equity is this share above it", source=ASSUMED, ge=0, le=1)
    deadline_steps: int = dial(
        0, "steps to meet a call; 0: nobody is called, the venue acts at once", unit="steps", ge=0, le=1_000_000
    )
    delivery_steps: int = dial(0, "steps that money from outside takes", unit="steps", ge=0, le=1_000_000)


@kernel
def run_calls(world, t):
    """Money arrives, calls are met or missed, new notices go out: youngest calls first, new ones by account."""
    never_inline()
    notices = 0
    row = world.clock[0]["n_calls"] - 1
    while row >= 0:
        deliver(world, t, row)
        if notices < NOTICES_MAX:
            notices += judge(world, t, row)
        drop_if_over(world, row)
        row -= 1
    found = watched_accounts(world)
    for i in range(found):
        account = world.queue[0, i]
        venue = world.venues[venue_of(world, account)]
        if notices < NOTICES_MAX and world.account_call[account] < 0 and venue["calls_on"] != 0:
            if t % venue["check_every"] == 0:
                row = note_account(world, account)
                notices += judge(world, t, row)
                drop_if_over(world, row)


@kernel
def note_account(world, account):
    """A row of CALLS for an account; there are as many as accounts."""
    row = world.clock[0]["n_calls"]
    call = world.calls[row]
    call["account"] = account
    call["state"] = 0
    call["event"] = NONE
    call["paid"] = 0
    call["sent"] = 0
    world.account_call[account] = row
    world.clock[0]["n_calls"] = row + 1
    return row


@kernel
def drop_if_over(world, row):
    """An account at no level leaves the table: the last row takes its place."""
    if world.calls[row]["state"] & ~CALL_SOLD != 0:
        return
    last = world.clock[0]["n_calls"] - 1
    world.account_call[world.calls[row]["account"]] = NONE
    if row != last:
        world.calls[row] = world.calls[last]
        world.account_call[world.calls[row]["account"]] = row
    world.clock[0]["n_calls"] = last


@kernel
def is_at(world, account, held, level, clear):
    """Whether an account is at a level: it enters below it and leaves at `clear`."""
    if level == 0:
        return False
    return is_below(world, account, clear if held else level)


@kernel
def judge(world, t, row):
    """Move one account between the levels; how many notices that took."""
    never_inline()
    call = world.calls[row]
    account, state = call["account"], call["state"]
    venue = world.venues[venue_of(world, account)]
    before = world.clock[0]["next_event"]
    warned = is_at(world, account, state & CALL_WARNED != 0, venue["warn_level"], venue["warn_clear"])
    if warned and not state & CALL_WARNED:
        notify(world, row, EVENT_MARGIN_WARNING, int(0), NONE)
    asked = state & (CALL_OPEN | CALL_MISSED)
    called = is_at(world, account, asked != 0, venue["call_level"], venue["call_clear"])
    if state & CALL_OPEN and (not called or call["paid"] >= call["amount"]):
        if call["paid"] >= call["amount"] or not state & CALL_SOLD:
            notify(world, row, EVENT_CALL_MET, call["paid"], call["event"])
        world.traders[account_trader(world, account)]["outside_wealth"] += call["sent"]  # it was not needed: it stays
        call["sent"] = 0
        asked = 0
    elif state & CALL_OPEN and t >= call["deadline"]:
        call["event"] = notify(world, row, EVENT_CALL_MISSED, call["amount"] - call["paid"], call["event"])
        asked = CALL_MISSED
    elif state & CALL_MISSED and not called:
        asked = 0
    elif asked == 0 and called:
        make_call(world, t, row)
        asked = CALL_OPEN
    restricted = is_at(world, account, state & CALL_RESTRICTED != 0, venue["restrict_level"], venue["restrict_clear"])
    if restricted and not state & CALL_RESTRICTED:
        notify(world, row, EVENT_RESTRICTION, int(0), NONE)
        withdraw_orders(world, account)
    sold = state & CALL_SOLD if state & CALL_OPEN and asked == CALL_OPEN else 0
    call["state"] = asked | sold | (CALL_WARNED if warned else 0) | (CALL_RESTRICTED if restricted else 0)
    return int(world.clock[0]["next_event"] > before)


@kernel
def notify(world, row, kind, amount, cause):
    """A notice to the owner of an account; the id of the event."""
    account = world.calls[row]["account"]
    trader = account_trader(world, account)
    return emit(world, kind, instrument_of(world, account), trader, NONE, NONE, int(0), amount, cause, NONE, NONE)


@kernel
def instrument_of(world, account):
    """The instrument of an isolated account; of a wallet the venue's first."""
    if account >= world.clock[0]["n_traders"]:
        return account // world.clock[0]["n_traders"] - 1
    return world.venues[venue_of(world, account)]["first_instrument"]


@kernel
def make_call(world, t, row):
    """Ask for what restores the account, with a deadline; its owner sends what it will."""
    call = world.calls[row]
    account = call["account"]
    venue = world.venues[venue_of(world, account)]
    equity, maintenance = account_margin(world, account)
    call["amount"] = rate_of(maintenance, venue["restore_level"], LEVEL_SCALE) - equity
    call["deadline"] = t + venue["deadline_steps"]
    call["arrives"] = t + venue["delivery_steps"]
    call["event"] = notify(world, row, EVENT_MARGIN_CALL, call["amount"], inducing_event(world, t, account))
    k = instrument_of(world, account)
    call["paid"], call["sent"] = answer_call(world, k, account, call["amount"], call["event"])
    deliver(world, t, row)


@kernel
def deliver(world, t, row):
    """What an owner has sent arrives: in the account, or in the wallet of an isolated position that is gone."""
    call = world.calls[row]
    if call["sent"] == 0 or t < call["arrives"]:
        return
    account, n_traders = call["account"], world.clock[0]["n_traders"]
    trader, outside = account_trader(world, account), world.clock[0]["outside_trader"]
    if account >= n_traders and world.position_size[account - n_traders] == 0:
        account = trader
    k = instrument_of(world, call["account"])
    transfer(world, EVENT_CALL_PAYMENT, outside, account, call["sent"], k, trader, outside, call["event"])
    call["paid"] += call["sent"]
    call["sent"] = 0


@kernel
def withdraw_orders(world, account):
    """Cancel the resting orders of a restricted account but those that can only reduce and the venue's own."""
    row, stride, count = account_span(world, account)
    for _ in range(count):
        slot = world.positions[row]["first_order"]
        while slot >= 0:
            following = world.orders[slot]["owner_next"]
            if not world.orders[slot]["flags"] & (FLAG_REDUCE_ONLY | FLAG_FORCED):
                cancel_slot(world, slot)
            slot = following
        row += stride
