"""What a breach or a margin call is laid to."""

from sim.rules.calls import LEVEL_SCALE, venue_of
from sim.rules.margin import account_margin_at, account_span, notional
from sim.rules.rounding import rate_of
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import NONE

CAUSE_WINDOW_STEPS = 600  # a breach is laid to a forced order at most this old


@kernel
def inducing_event(world, t, account):
    """The forced order that a breach, or a call, is laid to, or NONE for a root.

    A root would be in breach (or called) at the outside index price too. Every other one exists because the venue's own
    price left the index; it is laid to the last forced order against the account's largest position.
    """
    never_inline()
    clock = world.clock
    row, stride, count = account_span(world, account)
    equity, maintenance = account_margin_at(world, account, True)
    if clock[0]["calls"] != 0:
        level = world.venues[venue_of(world, account)]["call_level"]
        maintenance = rate_of(maintenance, level if level > 0 else LEVEL_SCALE, LEVEL_SCALE)
    largest = 0
    worst_row = NONE
    for i in range(count):
        size = world.position_size[row + i * stride]
        if size == 0:
            continue
        instrument = world.instruments[(row + i * stride) // clock[0]["n_traders"]]
        value = notional(world, instrument, size, instrument["index_price"])
        if value > largest:
            largest = value
            worst_row = row + i * stride
    if equity < maintenance or worst_row < 0:
        return NONE
    instrument = world.instruments[worst_row // clock[0]["n_traders"]]
    if world.position_size[worst_row] > 0:
        event, step = instrument["last_forced_sell"], instrument["last_forced_sell_step"]
    else:
        event, step = instrument["last_forced_buy"], instrument["last_forced_buy_step"]
    return event if event >= 0 and t - step <= CAUSE_WINDOW_STEPS else NONE
