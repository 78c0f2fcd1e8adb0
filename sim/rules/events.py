"""The one way to write an event."""

from sim.terms import kernel, never_inline
from sim.terms.vocabulary import EVENT_ORDER_REJECTED, EVENT_ORDER_RESTED, NONE


@kernel
def _followed(world, trader):
    return trader >= 0 and world.populations[world.traders[trader]["population"]]["recorded"] != 0


@kernel
def emit(world, kind, instrument, actor, counterparty, price, size, amount, cause, from_row, to_row):
    """Append an event and return its id; NONE when it is order-level and those are not recorded.

    clock.record_orders: 1 all, 0 none, below 0: those of populations that are `recorded`.
    """
    never_inline()
    clock = world.clock[0]
    recorded = clock["record_orders"]
    if EVENT_ORDER_RESTED <= kind <= EVENT_ORDER_REJECTED and recorded <= 0:
        if recorded == 0 or not (_followed(world, actor) or _followed(world, counterparty)):
            return NONE
    row = clock["event_row"]
    if row >= world.events.shape[0]:
        clock["error"] = int(6)
        return NONE
    event = world.events[row]
    event["step"] = clock["step"]
    event["round"] = clock["round"]
    event["kind"] = kind
    event["instrument"] = instrument
    event["actor"] = actor
    event["counterparty"] = counterparty
    event["price"] = price
    event["size"] = size
    event["amount"] = amount
    event["cause"] = cause
    event["from_row"] = from_row
    event["to_row"] = to_row
    clock["event_row"] = row + 1
    identity = clock["next_event"]
    clock["next_event"] = identity + 1
    return identity
