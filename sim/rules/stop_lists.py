"""Where stops sleep: a list a price and side, a list a position, recycled rows, and the nearest trigger of each kind.

Both lists are walked from the oldest or the nearest on, so that what wakes, is cancelled or is looked for costs what
it touches, however many sleep.
"""

from sim.rules.events import emit
from sim.rules.margin import account_of
from sim.rules.safe_radius import mark_look_due
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import BUY, EVENT_STOP_REMOVED, FLAG_TRIGGER_LAST, NONE

FAR = 1 << 60  # a buy stop that no price reaches; its negative for sell stops


@kernel
def stop_id(stop):
    """The public id of a sleeping stop: below -1, so that it is never mistaken for an order's."""
    return -2 - stop["sequence"]


@kernel
def stop_level(world, k, price):
    """Row of `stop_levels` for a trigger or a price; what is beyond the ladder is kept at its end."""
    instrument = world.instruments[k]
    first = instrument["ladder"]
    return instrument["level_base"] + min(max(price, first), first + instrument["n_levels"] - 1)


@kernel
def first_at(world, level, side):
    """Slot of the newest stop of a side at a level, or NONE."""
    return world.stop_levels[level]["buy"] if side == BUY else world.stop_levels[level]["sell"]


@kernel
def _set_first(world, level, side, slot):
    if side == BUY:
        world.stop_levels[level]["buy"] = slot
    else:
        world.stop_levels[level]["sell"] = slot


@kernel
def take_row(world):
    """A free row of the stops, or NONE when the table is full."""
    slot = world.clock[0]["free_stop"]
    if slot >= 0:
        world.clock[0]["free_stop"] = world.stops[slot]["next"]
        world.clock[0]["n_stops"] += 1
    return slot


@kernel
def link_stop(world, slot):
    """Put a filled row into the list of its level and, as the newest, into that of its position."""
    never_inline()
    stop = world.stops[slot]
    level = stop_level(world, stop["instrument"], stop["trigger_price"])
    following = first_at(world, level, stop["side"])
    stop["prev"], stop["next"], stop["owner_next"] = NONE, following, NONE
    if following >= 0:
        world.stops[following]["prev"] = slot
    _set_first(world, level, stop["side"], slot)
    position = world.positions[stop["instrument"] * world.clock[0]["n_traders"] + stop["owner"]]
    last = position["first_stop"]
    if last < 0:
        position["first_stop"] = slot
    else:
        while world.stops[last]["owner_next"] >= 0:
            last = world.stops[last]["owner_next"]
        world.stops[last]["owner_next"] = slot
    note_trigger(world.instruments[stop["instrument"]], stop)
    mark_look_due(world, account_of(world, stop["owner"], stop["instrument"]))


@kernel
def remove_stop(world, slot):
    """Take a stop out of both lists, free its row and write the event."""
    never_inline()
    stop = world.stops[slot]
    k, side, owner = stop["instrument"], stop["side"], stop["owner"]
    before, following = stop["prev"], stop["next"]
    if before >= 0:
        world.stops[before]["next"] = following
    else:
        _set_first(world, stop_level(world, k, stop["trigger_price"]), side, following)
    if following >= 0:
        world.stops[following]["prev"] = before
    position = world.positions[k * world.clock[0]["n_traders"] + owner]
    if position["first_stop"] == slot:
        position["first_stop"] = stop["owner_next"]
    else:
        earlier = position["first_stop"]
        while world.stops[earlier]["owner_next"] != slot:
            earlier = world.stops[earlier]["owner_next"]
        world.stops[earlier]["owner_next"] = stop["owner_next"]
    mark_look_due(world, account_of(world, owner, k))
    handle, signed = stop_id(stop), side * stop["size"]
    emit(world, EVENT_STOP_REMOVED, k, owner, NONE, stop["trigger_price"], signed, 0, handle, NONE, NONE)
    stop["sequence"] = NONE
    stop["next"] = world.clock[0]["free_stop"]
    world.clock[0]["free_stop"] = slot
    world.clock[0]["n_stops"] -= 1


@kernel
def note_trigger(instrument, stop):
    """Keep the nearest trigger of the stop's side and price."""
    trigger = stop["trigger_price"]
    if stop["side"] == BUY:
        if stop["flags"] & FLAG_TRIGGER_LAST:
            instrument["buy_stop_last"] = min(instrument["buy_stop_last"], trigger)
        else:
            instrument["buy_stop_mark"] = min(instrument["buy_stop_mark"], trigger)
    elif stop["flags"] & FLAG_TRIGGER_LAST:
        instrument["sell_stop_last"] = max(instrument["sell_stop_last"], trigger)
    else:
        instrument["sell_stop_mark"] = max(instrument["sell_stop_mark"], trigger)
