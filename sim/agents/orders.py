"""An order as a person writes it, and how it becomes integers. Sizes in base units, prices in quote units."""

import math
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any, Literal, NamedTuple

from sim.engine.session import Session
from sim.rules.book import HANDLE_BITS, SLOT_MASK
from sim.rules.exchange import LARGEST_ORDER
from sim.rules.inbox import TIME_BITS
from sim.terms.vocabulary import (
    BUY,
    CANCEL,
    CANCEL_ALL,
    FLAG_CLOSE_LEG,
    FLAG_OPEN_LEG,
    FLAG_REDUCE_ONLY,
    FLAG_TRIGGER_LAST,
    NONE,
    ORDER_KINDS,
    SELL,
)

Kind = Literal["limit", "market", "immediate_or_cancel", "fill_or_kill", "post_only"]
KINDS: tuple[str, ...] = ("limit", "market", "immediate_or_cancel", "fill_or_kill", "post_only")
TRIGGERS = ("mark", "last")
LEGS = ("long", "short")
CLOSING_KINDS = ("market", "immediate_or_cancel", "fill_or_kill", "stop_market")
# A price or size that misses a whole tick or lot by less than this share of it is that tick or lot: 0.3 / 0.1 < 3.
TOLERANCE = 1e-6
FAR = 2.0**62  # beyond every ladder and every size


@dataclass(frozen=True)
class Order:
    """What a trader wants; made by `buy`, `sell`, `cancel` and `cancel_all`, checked when it is posted.

    trader: for which of its traders a Strategy sends it. at: when it arrives in the step, from 0 to below 1; without
    it at a drawn time. leg: in hedge mode, the leg that it acts on: a purchase opens the long one or closes the short.
    """

    kind: str
    side: int = 0
    instrument: str = ""
    size: float = 0.0
    price: float | None = None
    stop: float | None = None
    trigger_by: str = "mark"
    reduce_only: bool = False
    order_id: int = NONE
    trader: int = 0
    at: float | None = None
    leg: str | None = None

    @classmethod
    def buy(
        cls,
        instrument: str,
        size: float,
        price: float | None = None,
        kind: Kind | None = None,
        *,
        reduce_only: bool = False,
        stop: float | None = None,
        trigger_by: Literal["mark", "last"] = "mark",
        trader: int = 0,
        at: float | None = None,
        leg: Literal["long", "short"] | None = None,
    ) -> "Order":
        """Buy `size` base units: at market, or at `price` or lower; with `stop`, once the mark has risen to it.

        `kind` is limit with a price and market without, unless given. Sizes are rounded down to whole lots and
        limits down to whole ticks.
        """
        named = _kind(price, kind, stop)
        return cls(named, BUY, instrument, size, price, stop, trigger_by, reduce_only, NONE, trader, at, leg)

    @classmethod
    def sell(
        cls,
        instrument: str,
        size: float,
        price: float | None = None,
        kind: Kind | None = None,
        *,
        reduce_only: bool = False,
        stop: float | None = None,
        trigger_by: Literal["mark", "last"] = "mark",
        trader: int = 0,
        at: float | None = None,
        leg: Literal["long", "short"] | None = None,
    ) -> "Order":
        """Sell `size` base units: at market, or at `price` or higher; with `stop`, once the mark has fallen to it.

        Limits are rounded up to whole ticks; all else as in `buy`.
        """
        named = _kind(price, kind, stop)
        return cls(named, SELL, instrument, size, price, stop, trigger_by, reduce_only, NONE, trader, at, leg)

    @classmethod
    def cancel(cls, order_id: int, *, trader: int = 0, at: float | None = None) -> "Order":
        """Cancel an own order or stop by its `order_id` in the view; nothing happens when it is gone by then."""
        return cls("cancel", order_id=order_id, trader=trader, at=at)

    @classmethod
    def cancel_all(cls, instrument: str, *, trader: int = 0, at: float | None = None) -> "Order":
        """Cancel all own orders and stops in an instrument."""
        return cls("cancel_all", instrument=instrument, trader=trader, at=at)

    def __str__(self) -> str:
        if self.kind == "cancel":
            return f"cancel {self.order_id!r}"
        if self.kind == "cancel_all":
            return f"cancel all {self.instrument}"
        limit = "" if self.price is None else f" at {self.price!r}"
        stop = "" if self.stop is None else f", stop {self.stop!r}"
        return f"{'buy' if self.side == BUY else 'sell'} {self.size!r} {self.instrument}{limit}{stop}, {self.kind}"


class Ticket(NamedTuple):
    """An order in integers, as `post_order` takes it: prices in ticks, size in lots; time_key NONE: a drawn time."""

    owner: int
    time_key: int
    kind: int
    side: int
    k: int
    price: int
    size: int
    trigger_price: int
    flags: int
    order_id: int


def _kind(price: float | None, kind: str | None, stop: float | None) -> str:
    if stop is not None:
        return ("stop_market" if price is None else "stop_limit") if kind is None else f"stop with kind {kind}"
    return kind or ("market" if price is None else "limit")


def ticket(order: Order, session: Session, population: int) -> Ticket:
    """The order in ticks and lots. Raises ValueError that says what is wrong and what is allowed."""
    row = session.world.populations[population]
    owner, time_key = _owner(order.trader, row), _time_key(order.at)
    if order.kind == "cancel":
        own_id = _own_id(order.order_id, session, owner)
        return Ticket(owner, time_key, CANCEL, BUY, 0, NONE, 0, NONE, 0, own_id)
    k = _instrument_row(order.instrument, session, int(row["venue"]))
    if order.kind == "cancel_all":
        return Ticket(owner, time_key, CANCEL_ALL, BUY, k, NONE, 0, NONE, 0, NONE)
    _check_words(order)
    tick, lot = session.names.tick_size[k], session.names.lot_size[k]
    size = math.floor(min(_number("size", order.size) / lot, FAR) + TOLERANCE)
    if not 1 <= size < LARGEST_ORDER:
        raise ValueError(f"size {order.size!r} is not allowed; {lot:g} to {(LARGEST_ORDER - 1) * lot:g} base units are")
    price = trigger = NONE
    if order.price is not None:
        price = _on_ladder("price", order.price, tick, -order.side, session, k)
    if order.stop is not None:
        trigger = _on_ladder("stop", order.stop, tick, order.side, session, k)
    flags = FLAG_REDUCE_ONLY * (bool(order.reduce_only) and order.leg is None) | FLAG_TRIGGER_LAST * (
        order.trigger_by == "last"
    )
    flags |= _leg_flag(order, bool(row["hedged"]))
    kind, side = ORDER_KINDS.index(order.kind), int(order.side)
    return Ticket(owner, time_key, kind, side, k, price, size, trigger, flags, NONE)


def _owner(trader: Any, row: Any) -> int:
    count = int(row["n_traders"])
    if isinstance(trader, bool) or not isinstance(trader, Integral) or not 0 <= int(trader) < count:
        raise ValueError(f"trader {trader!r} is not allowed; 0 to {count - 1} are")
    return int(row["first_trader"]) + int(trader)


def _time_key(at: Any) -> int:
    if at is None:
        return NONE
    if isinstance(at, bool) or not isinstance(at, Real) or not 0.0 <= float(at) < 1.0:
        raise ValueError(f"at {at!r} is not allowed; a time within the step from 0 to below 1 is")
    return int(float(at) * (1 << TIME_BITS))


def _own_id(order_id: Any, session: Session, owner: int) -> int:
    """An id that may be cancelled: of an own order or stop, or of one that is gone. ValueError for all others."""
    world = session.world
    if isinstance(order_id, bool) or not isinstance(order_id, Integral) or order_id == NONE:
        raise ValueError(f"{order_id!r} is no order id; give the order_id of an open order")
    number = int(order_id)
    sequence, slot = (-2 - number, 0) if number < 0 else (number >> HANDLE_BITS, number & SLOT_MASK)
    if sequence >= int(world.clock[0]["sequence"]) or slot >= len(world.orders):
        raise ValueError(f"no order has had the id {number}; give the order_id of an open order")
    if number < 0:
        owners = world.stops["owner"][world.stops["sequence"] == sequence].tolist()
    else:
        owners = [int(world.orders[slot]["owner"])] if world.orders[slot]["sequence"] == sequence else []
    if owners and owners[0] != owner:
        name = session.names.populations[int(world.traders[owners[0]]["population"])]
        raise ValueError(f"order id {number} belongs to someone else, of population {name}; cancel only your own")
    return number


def _instrument_row(name: Any, session: Session, venue: int) -> int:
    names = session.names.instruments
    listed = [n for n, v in zip(names, session.world.instruments["venue"].tolist(), strict=True) if v == venue]
    if name in listed:
        return names.index(name)
    if name in names:
        raise ValueError(f"{name} is not listed on {session.names.venues[venue]}; {', '.join(listed)} are")
    raise ValueError(f"no instrument {name!r}{did_you_mean(str(name), listed)}")


def did_you_mean(word: str, known: list[str]) -> str:
    """The end of a message about an unknown name: the nearest known ones, or all of them."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"


def _check_words(order: Order) -> None:
    if isinstance(order.side, bool) or order.side not in (BUY, SELL):
        raise ValueError(f"side {order.side!r} is not allowed; {BUY} and {SELL} are")
    if order.kind not in (*KINDS, "stop_market", "stop_limit"):
        raise ValueError(f"kind {order.kind!r} is not allowed; {', '.join(KINDS)}, or a stop without a kind are")
    if order.kind == "market" and order.price is not None:
        raise ValueError("a market order takes no price; leave kind out for a limit order")
    if order.price is None and order.kind not in ("market", "stop_market"):
        raise ValueError(f"{order.kind} needs a price")
    if order.trigger_by not in TRIGGERS:
        raise ValueError(f"trigger_by {order.trigger_by!r} is not allowed; {' and '.join(TRIGGERS)} are")


def _leg_flag(order: Order, hedged: bool) -> int:
    """Whether an order opens the leg of its side or closes the other. ValueError where there are no legs."""
    if order.leg is None:
        return 0
    if order.leg not in LEGS:
        raise ValueError(f"leg {order.leg!r} is not allowed; {' and '.join(LEGS)} are")
    if not hedged:
        raise ValueError(f"leg {order.leg!r} needs a cross account on a venue in hedge mode; leave leg out")
    if (order.leg == "long") == (order.side == BUY):
        if order.reduce_only:
            raise ValueError(f"reduce_only does not go with an order that opens the {order.leg} leg; leave it out")
        return FLAG_OPEN_LEG
    if order.kind not in CLOSING_KINDS:
        raise ValueError(f"an order that closes a leg does not rest; allowed: {', '.join(CLOSING_KINDS)}")
    return FLAG_CLOSE_LEG


def _number(word: str, value: Any) -> float:
    try:
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or number <= 0:
        raise ValueError(f"{word} {value!r} is not allowed; a positive finite number is needed")
    return number


def _on_ladder(word: str, value: Any, tick: float, toward: int, session: Session, k: int) -> int:
    """A price in whole ticks, rounded up for `toward` 1 and down for -1, inside the ladder."""
    ticks = min(_number(word, value) / tick, FAR)
    rounded = math.ceil(ticks - TOLERANCE) if toward > 0 else math.floor(ticks + TOLERANCE)
    low = int(session.world.instruments[k]["ladder"])
    high = low + int(session.world.instruments[k]["n_levels"]) - 1
    if not low <= rounded <= high:
        raise ValueError(f"{word} {value!r} is outside the price ladder; {low * tick:g} to {high * tick:g} are inside")
    return rounded
