"""The one way to write an event."""

from sim.terms import kernel
from sim.terms.vocabulary import EVENT_ORDER_RESTED, NONE


@kernel
def emit(clock, events, kind, instrument, actor, counterparty, price, size, amount, cause, from_row, to_row):
    """Append an event and return its id; NONE when it is order-level and the dial for those is off."""
    if kind >= EVENT_ORDER_RESTED and clock[0]["record_orders"] == 0:
        return NONE
    row = clock[0]["event_row"]
    if row >= events.shape[0]:
        clock[0]["error"] = int(6)
        return NONE
    events[row]["step"] = clock[0]["step"]
    events[row]["round"] = clock[0]["round"]
    events[row]["kind"] = kind
    events[row]["instrument"] = instrument
    events[row]["actor"] = actor
    events[row]["counterparty"] = counterparty
    events[row]["price"] = price
    events[row]["size"] = size
    events[row]["amount"] = amount
    events[row]["cause"] = cause
    events[row]["from_row"] = from_row
    events[row]["to_row"] = to_row
    clock[0]["event_row"] = row + 1
    identity = clock[0]["next_event"]
    clock[0]["next_event"] = identity + 1
    return identity
