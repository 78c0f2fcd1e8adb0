"""What signal traders do alike: each row watches one instrument, looks at it at random times, and trades a signal."""

from sim.parts import ASSUMED, MARGIN_SCOPE, MarginScope, Name, Record, dial
from sim.rules.inbox import limit_for, post_taker, valued_price
from sim.rules.worth import entry_price, lot_price
from sim.strategies.desk import arrivals, send_taker
from sim.strategies.sizing import FractionalSizing, Sizing, affordable_lots, sized_lots
from sim.streams import below, draw
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import DRAW_COUNT, DRAW_ORDER, FLAG_REDUCE_ONLY

CHIARELLA = "assumed; form of the extended Chiarella model (Majewski, Ciliberti, Bouchaud 2020), level not fitted"


class DemandTrader(Record):
    """Dials of traders whose demand is a function of the market; rows take turns at the venue's instruments."""

    name: Name = dial(..., "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    margin_scope: MarginScope = dial("cross", MARGIN_SCOPE)
    count: int = dial(
        200, "traders; rows take turns at the instruments", unit="rows", source=ASSUMED, ge=1, le=1_000_000
    )
    capital: float = dial(1.0e6, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    orders_per_s: float = dial(0.5, "looks of all of them, Poisson", unit="1/s", source=ASSUMED, ge=0, le=10_000)
    position_limit: float = dial(
        5.0e7, "largest position of all of them together", unit="quote", source=ASSUMED, ge=0, le=1e13
    )
    max_order: float = dial(1.0e6, "largest notional of an order", unit="quote", source=ASSUMED, gt=0, le=1e12)


class SignalTrader(Record):
    """Dials of leveraged traders who enter on a signal and leave again; rows take turns at the venue's instruments."""

    name: Name = dial(..., "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    margin_scope: MarginScope = dial("venue", MARGIN_SCOPE)
    count: int = dial(500, "traders", unit="rows", source=ASSUMED, ge=1, le=1_000_000)
    capital: float = dial(20_000.0, "money that each brings on average", unit="quote", source=ASSUMED, ge=0, le=1e13)
    capital_sigma: float = dial(1.5, "sigma of its log-normal distribution", source=ASSUMED, ge=0, le=5)
    leverage_median: float = dial(5.0, "median of the chosen leverage", source=ASSUMED, ge=1, le=1_000)
    leverage_sigma: float = dial(0.5, "sigma of its logarithm", source=ASSUMED, ge=0, le=3)
    sizing: Sizing = dial(FractionalSizing(), "how much they commit to a position", source=ASSUMED)
    looks_per_s: float = dial(
        1.0, "looks at the market of all of them, in each instrument", unit="1/s", source=ASSUMED, ge=0, le=10_000
    )
    max_order: float = dial(5.0e6, "largest notional of a position", unit="quote", source=ASSUMED, gt=0, le=1e12)
    slippage: float = dial(0.005, "limit of an order beyond the touch", unit="of price", source=ASSUMED, ge=0, le=0.5)
    volatility_half_life_s: float = dial(
        3_600.0, "memory of the volatility filter that sizing uses", unit="s", source=ASSUMED, ge=1, le=1e7
    )


@kernel
def follow_average(world, p, k, desk, price):
    """Let the desk's exponentially weighted average follow a price in ticks; how far the price is above it, a fraction.

    That distance is the exponentially weighted sum of past returns.
    """
    never_inline()
    row = world.desks[desk]
    keep = world.populations[p]["keep"]
    row["average"] = price + keep * (row["average"] - price)
    return (price - row["average"]) / valued_price(world, k, row["average"])


@kernel
def watchers(world, p, i):
    """How many rows watch a venue's i-th instrument: i, i + n, i + 2n, ... of the population."""
    n = world.venues[world.populations[p]["venue"]]["n_instruments"]
    return (world.populations[p]["n_traders"] + n - 1 - i) // n


@kernel
def lookers(world, p, t, i):
    """(how many rows look at the i-th instrument in this step, which is the first of them): nobody looks twice."""
    never_inline()
    k = world.venues[world.populations[p]["venue"]]["first_instrument"] + i
    n = watchers(world, p, i)
    looks = min(arrivals(world, p, t, k, world.populations[p]["rate_per_step"]), n)
    return looks, below(draw(world, p, t, k, DRAW_COUNT)[2], n)


@kernel
def looker(world, p, i, turn):
    """(row within the population, trader) of a turn at the i-th instrument."""
    n = world.venues[world.populations[p]["venue"]]["n_instruments"]
    row = i + n * (turn % watchers(world, p, i))
    return row, world.populations[p]["first_trader"] + row


@kernel
def trade_signal(world, p, k, desk, owner, word, money, price):
    """Buy (money > 0) or sell for quote money at a limit price in ticks, within position limit and margin."""
    never_inline()
    side = 1 if money > 0.0 else -1
    unit = world.desks[desk]["scale"] / lot_price(world, k, world.market_view[k]["mid"])
    held = world.position_size[k * world.clock[0]["n_traders"] + owner]
    room = world.populations[p]["inventory_limit"] * unit - float(side * held)
    lots = affordable_lots(
        world, p, k, owner, side, min(min(abs(money), world.populations[p]["size_max"]) * unit, room)
    )
    if lots > 0:
        post_taker(world, word, side, k, owner, limit_for(world, k, side, price), lots, int(0))


@kernel
def enter_and_leave(world, p, t, i, signal, entry, horizon, stale):
    """Rows that look at a signal: a flat one enters beyond `entry`, one who entered at or before step `stale` leaves.

    A holder also leaves when the signal for its side has fallen below the dial `exit`, or at its stop.
    """
    never_inline()
    population = world.populations[p]
    k = world.venues[population["venue"]]["first_instrument"] + i
    desk = p * world.clock[0]["n_instruments"] + k
    looks, first = lookers(world, p, t, i)
    for event in range(looks):
        owner = looker(world, p, i, first + event)[1]
        words = draw(world, p, t, (k << 20) + event, DRAW_ORDER)
        held = world.position_size[k * world.clock[0]["n_traders"] + owner]
        if held == 0:
            if abs(signal) > entry:
                side = 1 if signal > 0.0 else -1
                lots = sized_lots(world, p, k, desk, owner, side, abs(signal), horizon)
                if lots > 0:
                    world.traders[owner]["entered"] = t
                    send_taker(world, p, k, words[0], side, owner, lots, int(0))
        else:
            side = 1 if held > 0 else -1
            faded = float(side) * signal < population["exit"]
            if faded or world.traders[owner]["entered"] <= stale or loss(world, k, owner) > population["stop"]:
                send_taker(world, p, k, words[0], -side, owner, abs(held), FLAG_REDUCE_ONLY)


@kernel
def loss(world, k, owner):
    """By how much the mid is worse than the mean entry price of a position, as a fraction."""
    row = k * world.clock[0]["n_traders"] + owner
    held = world.position_size[row]
    entry = entry_price(world.instruments[k], held, world.entry_value[row])
    worse = (entry - world.market_view[k]["mid"]) / valued_price(world, k, entry)
    return worse if held > 0 else -worse
