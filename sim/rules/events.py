"""The one way to write an event."""

from sim.terms import kernel
from sim.terms.vocabulary import EVENT_ORDER_RESTED, NONE


@kernel
def emit(world, kind, instrument, actor, counterparty, price, size, amount, cause, from_row, to_row):
    """Append an event and return its id; NONE when it is order-level and the dial for those is off."""
    if kind >= EVENT_ORDER_RESTED and world.clock[0]["record_orders"] == 0:
        return NONE
    row = world.clock[0]["event_row"]
    if row >= world.events.shape[0]:
        world.clock[0]["error"] = int(6)
        return NONE
    world.events[row]["step"] = world.clock[0]["step"]
    world.events[row]["round"] = world.clock[0]["round"]
    world.events[row]["kind"] = kind
    world.events[row]["instrument"] = instrument
    world.events[row]["actor"] = actor
    world.events[row]["counterparty"] = counterparty
    world.events[row]["price"] = price
    world.events[row]["size"] = size
    world.events[row]["amount"] = amount
    world.events[row]["cause"] = cause
    world.events[row]["from_row"] = from_row
    world.events[row]["to_row"] = to_row
    world.clock[0]["event_row"] = row + 1
    identity = world.clock[0]["next_event"]
    world.clock[0]["next_event"] = identity + 1
    return identity
