"""Random tapes of commands, played through the engine's book and through the naive one."""

import numpy as np
from naive_book import Market, NaiveExchange
from small_worlds import empty_session

from sim.engine.session import Session
from sim.engine.tape import HASH_FACTOR, HASH_MASK, play_tape
from sim.tables import layout
from sim.terms.vocabulary import (
    FLAG_REDUCE_ONLY,
    FLAG_SLIDE,
    FLAG_TRIGGER_LAST,
    NONE,
    ORDER_KINDS,
    POST_ONLY,
    STOP_MARKET,
)

OWNERS = 40
CHUNK = 1_000  # commands between two moves of the mark
SHARES = {
    "limit": 0.34, "market": 0.05, "immediate_or_cancel": 0.06, "fill_or_kill": 0.05, "post_only": 0.14,
    "cancel": 0.31, "stop_market": 0.015, "stop_limit": 0.015, "cancel_all": 0.02,
}  # fmt: skip


def book_session() -> Session:
    """Forty rich owners, two instruments, an empty book, order events on."""
    return empty_session(OWNERS, 1.0e9, {"record.order_events": True})


def random_tape(session: Session, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(INBOX rows, marks of each chunk and instrument); prices around a centre that wanders."""
    rng, world = np.random.default_rng(seed), session.world
    n_instruments, n_traders = world.instruments.shape[0], int(world.clock[0]["n_traders"])
    start = world.instruments["reference_price"]
    chunks = -(-n // CHUNK)
    centre = start + np.cumsum(rng.integers(-3, 4, (chunks, n_instruments)), axis=0) % 200
    marks = centre + rng.integers(-6, 7, centre.shape)
    tape = np.zeros(n, layout.INBOX)
    tape["kind"] = rng.choice([ORDER_KINDS.index(name) for name in SHARES], n, p=list(SHARES.values()))
    tape["side"] = rng.choice([-1, 1], n)
    tape["instrument"] = rng.integers(0, n_instruments, n)
    tape["owner"] = n_traders - OWNERS + rng.integers(0, OWNERS, n)
    middle = centre[np.arange(n) // CHUNK, tape["instrument"]]
    tape["price"] = middle + np.rint(rng.standard_normal(n) * 8.0 - 4.0 * tape["side"])
    off_ladder = rng.random(n) < 0.001
    tape["price"][off_ladder] = rng.choice([-5, 0, 1 << 20], int(off_ladder.sum()))
    tape["size"] = rng.integers(0, 20, n)
    tape["trigger_price"] = middle + rng.integers(-12, 13, n)
    tape["flags"] = np.where(rng.random(n) < 0.3, FLAG_REDUCE_ONLY, 0)
    tape["flags"] += np.where((tape["kind"] == POST_ONLY) & (rng.random(n) < 0.5), FLAG_SLIDE, 0)
    tape["flags"] += np.where((tape["kind"] >= STOP_MARKET) & (rng.random(n) < 0.5), FLAG_TRIGGER_LAST, 0)
    tape["tag"] = NONE
    tape["order_id"] = np.arange(n) - rng.integers(1, 400, n)
    own = rng.random(n) < 0.8  # most cancels are by the owner of the order
    tape["owner"] = np.where(own, tape["owner"][np.maximum(tape["order_id"], 0)], tape["owner"])
    return tape, marks


def play_fast(session: Session, tape: np.ndarray, marks: np.ndarray) -> int:
    """The trade hash of the engine's book."""
    world, trades = session.world, 0
    handles = np.full(len(tape), NONE, np.int64)
    for chunk, start in enumerate(range(0, len(tape), CHUNK)):
        world.instruments["mark_price"] = marks[chunk]
        trades = play_tape(world, tape, handles, start, min(start + CHUNK, len(tape)), int(trades))
    rested = handles[handles >= 0]
    assert len(np.unique(rested)) == len(rested), "an order id was given twice"
    assert len(rested) > len(tape) // 10
    return int(trades)


def naive_exchange(session: Session) -> NaiveExchange:
    """The naive twin of a session with an empty book."""
    world = session.world
    markets = []
    for row in world.instruments:
        venue = world.venues[row["venue"]]
        low, high = int(row["ladder"]), int(row["ladder"] + row["n_levels"] - 1)
        prices = int(row["last_price"]), int(row["mark_price"])
        markets.append(
            Market(low, high, int(row["tick_value"]), int(venue["maker_fee"]), int(venue["taker_fee"]), *prices)
        )
    n_traders = int(world.clock[0]["n_traders"])
    balances = [int(x) for x in world.quote_balance[:n_traders]]
    return NaiveExchange(markets, int(world.venues[0]["treasury"]), balances, world.stops.shape[0])


def play_naive(exchange: NaiveExchange, tape: np.ndarray, marks: np.ndarray) -> int:
    """The trade hash of the naive book."""
    trades = 0
    for row, command in enumerate(tape.tolist()):
        if row % CHUNK == 0:
            for market, mark in zip(exchange.markets, marks[row // CHUNK].tolist(), strict=True):
                market.mark = mark
        exchange.play(row, command)
        for fill in exchange.trades:
            for value in fill:
                trades = ((trades * HASH_FACTOR) & HASH_MASK) ^ (value & HASH_MASK)
    return trades


def assert_same_state(session: Session, exchange: NaiveExchange) -> None:
    """Same touch, last price, positions, balances, stops and resting lots; order slots add up."""
    world = session.world
    n_traders = int(world.clock[0]["n_traders"])
    resting = 0
    for k, market in enumerate(exchange.markets):
        row = world.instruments[k]
        assert (int(row["best_bid"]), int(row["best_ask"])) == (market.best_bid(), market.best_ask())
        assert int(row["last_price"]) == market.last
        base, queues = int(row["level_base"]), [*market.sides[1].levels.items(), *market.sides[-1].levels.items()]
        lots = {price: sum(order.size for order in queue) for price, queue in queues}
        on_book = {p: int(world.levels[base + p]["quantity"]) for p in range(market.low, market.high + 1)}
        assert {price: quantity for price, quantity in on_book.items() if quantity} == lots
        resting += sum(len(queue) for _, queue in queues)
        assert world.position_size[k * n_traders : (k + 1) * n_traders].tolist() == exchange.sizes[k]
    assert world.quote_balance[:n_traders].tolist() == exchange.balances
    assert_stops_sleep_where_they_belong(session, exchange)
    assert int(world.clock[0]["live_orders"]) == resting
    assert resting + free_slots(session) == world.orders.shape[0]


def assert_stops_sleep_where_they_belong(session: Session, exchange: NaiveExchange) -> None:
    """The lists of the prices and those of the positions both hold every stop, and free rows are the rest."""
    world = session.world
    asleep, free = set(np.flatnonzero(world.stops["sequence"] >= 0).tolist()), set()
    row = int(world.clock[0]["free_stop"])
    while row >= 0:
        free.add(row)
        row = int(world.stops[row]["next"])
    assert len(asleep) == int(world.clock[0]["n_stops"]) == len(exchange.stops)
    assert asleep | free == set(range(len(world.stops))) and not asleep & free
    by_price, by_position = set(), set()
    for side in ("buy", "sell"):
        for level in np.flatnonzero(world.stop_levels[side] >= 0).tolist():
            row, before = int(world.stop_levels[side][level]), NONE
            while row >= 0:
                stop = world.stops[row]
                assert (stop["side"] > 0) == (side == "buy") and int(stop["prev"]) == before
                by_price.add(row)
                row, before = int(stop["next"]), row
    for position in np.flatnonzero(world.positions["first_stop"] >= 0).tolist():
        row, sequences = int(world.positions["first_stop"][position]), []
        while row >= 0:
            stop = world.stops[row]
            assert int(stop["instrument"]) * int(world.clock[0]["n_traders"]) + int(stop["owner"]) == position
            by_position.add(row)
            sequences.append(int(stop["sequence"]))
            row = int(stop["owner_next"])
        assert sequences == sorted(sequences)
    assert by_price == by_position == asleep


def free_slots(session: Session) -> int:
    """Length of the list of free order slots."""
    slot, n = int(session.world.clock[0]["free_order"]), 0
    while slot >= 0:
        n += 1
        slot = int(session.world.orders[slot]["next"])
    return n
