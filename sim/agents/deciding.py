"""From what strategies in Python decide to the inbox: checked, in integers, all of a step or none."""

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from sim.agents.orders import Order, Ticket, ticket
from sim.agents.plugins import LEAVES, told
from sim.agents.strategy import Strategy
from sim.engine.errors import StrategyError
from sim.engine.posting import post_order

if TYPE_CHECKING:
    from sim.model import MarketModel

# Events that one order may cause where they are recorded, on average over the orders of a step.
EVENTS_AN_ORDER = 16


def post_decisions(model: "MarketModel") -> int:
    """Ask every strategy that is still in the model and post what they want; how many orders that were."""
    room = model.session.world.inbox.shape[0] // 2
    decisions = [(one, _tickets(model, one, room)) for one in model.traders if one in model.agents]
    wanted = sum(len(tickets) for _, tickets in decisions)
    if wanted > room:
        names = ", ".join(dict.fromkeys(one.name for one, tickets in decisions if tickets))
        raise StrategyError(names, None, model.tick, f": {wanted} orders are too many; {room} are allowed a step")
    for _, tickets in decisions:
        for one in tickets:
            post_order(model.session.world, *one)  # type: ignore[no-untyped-call]
    return wanted


def _tickets(model: "MarketModel", one: Strategy, room: int) -> list[Ticket]:
    """The orders of one strategy, in integers. Raises StrategyError with its name, the step and what is wrong."""
    seat = one.seat
    model.watch.begin(seat.population, seat.place or 0, model.tick)
    try:
        wanted = _wanted(model, one, room)
        tickets = []
        for number, order in enumerate(wanted, 1):
            if not isinstance(order, Order):
                raise _error(
                    model, one, f", order {number}: {order!r} is no Order; return a list of them, or yield them"
                )
            try:
                tickets.append(_ticket(model, one, order))
            except LEAVES as error:
                why = str(error) if isinstance(error, ValueError) else told(error)
                raise _error(model, one, f", order {number} ({order}): {why}") from None
        return tickets
    finally:
        model.watch.end()


def _ticket(model: "MarketModel", one: Strategy, order: Order) -> Ticket:
    if one.seat.place is not None:
        if order.trader != 0:
            raise ValueError(f"trader {order.trader!r} is not allowed; a Trader has one row, 0")
        order = _placed(order, one.seat.place)
    return ticket(order, model.session, one.seat.population)


def _placed(order: Order, place: int) -> Order:
    return Order(**{**vars(order), "trader": place})


def _wanted(model: "MarketModel", one: Strategy, room: int) -> list[object]:
    """What decide gives, as a list of at most `room` items."""
    try:
        orders = one.decide(one.view())
        if orders is None or isinstance(orders, Order):
            orders = [] if orders is None else [orders]
        wanted = list(islice(orders, room + 1)) if isinstance(orders, Iterable) else None
    except LEAVES as error:
        code = model.code_path(one)
        raise _error(model, one, f": decide() raised {told(error, code)}") from error
    if wanted is None:
        raise _error(model, one, f": decide() gave {orders!r}; return an Order or a list of them, or yield them")
    if len(wanted) > room:
        raise _error(model, one, f": decide() gave more than {room} orders; at most {room} are allowed a step")
    return list(wanted)


def _error(model: "MarketModel", one: Strategy, reason: str) -> StrategyError:
    # A trader that was handed to the model is called by its own name; a member of a population by both.
    offered = one.seat.population > len(model.config.populations)
    return StrategyError(one.name, None if offered else one.seat.place or 0, model.tick, reason)
