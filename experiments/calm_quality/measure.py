"""One part of the calm market: a day of prices, some minutes of its book, or what orders put into it do."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim.engine.posting import post_order
from sim.engine.session import Session
from sim.evidence.book_facts import DEPTH_BP, RATE_EDGES_BP, book_facts, order_facts
from sim.evidence.book_streams import simulated_orders, simulated_updates
from sim.evidence.frames import empty_sides
from sim.evidence.price_path import filled_prices
from sim.evidence.stylised_facts import autocorrelation, hill
from sim.runs.run import with_steps
from sim.scenario import Scenario, load
from sim.scenario.build import UserTrader, build_session
from sim.terms.vocabulary import BUY, MARKET, NONE, SELL

CALM, ZERO_INTELLIGENCE = "calm", "zero_intelligence"  # the latter also names the scenario that this arm plays
# What each arm is played for, besides the calm market, which is played for everything.
WANTED = {
    "constant_volatility": ("day",),
    "plain_flow": ("day", "book"),
    "no_repricing": ("day", "single_orders"),
    "no_arbitrage": ("day", "metaorders"),
    ZERO_INTELLIGENCE: ("day",),
}
CHUNK = 7_200
MINUTE = 60
WARM_UP = 120  # steps before anything is read of a book
BOOK_STEPS = 240
SIZES = tuple(float(size) for size in np.geomspace(1e5, 1e7, 9))  # single orders, quote units: two decades
RESPONSE_STEPS = 5
GAP_STEPS = 300  # between single orders
DURATIONS = tuple(int(steps) for steps in np.rint(np.geomspace(12, 480, 7)))  # metaorders, steps
PARTICIPATION = 0.1  # of the mean turnover, bought or sold each second of a metaorder
CYCLE_STEPS = 1_200  # between the starts of two metaorders
DRAWN_TIME = -1  # of arrival within the step
SECOND_LAGS = (1, 61, 90, 120, 300, 600)


def measure(scenario: Scenario, cell: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The part that the cell names; see the functions below. Arms that switch something off play what it may change.

    Their days are shorter, and so are the runs into which orders are put.
    """
    part, arm = str(cell["part"]), str(cell["arm"])
    if arm == ZERO_INTELLIGENCE:
        scenario = load(ZERO_INTELLIGENCE, [f"steps={scenario.steps}"])
    if arm != CALM and part not in WANTED[arm]:
        return {}
    share = {"day": 1.0 if arm == CALM else 0.25, "book": 1.0, "single_orders": 1 / 24, "metaorders": 1 / 16}[part]
    return PARTS[part](with_steps(scenario, max(round(scenario.steps * share), 1)), seed)


def day(scenario: Scenario, seed: int) -> dict[str, Any]:
    """Mids of every minute as text, and what only seconds can tell."""
    session = build_session(scenario, seed)
    mids, spreads, events = [], [], 0
    while session.tick < scenario.steps:
        session.advance(min(CHUNK, scenario.steps - session.tick))
        rows = session.take_steps()
        mids.append(_two_sided(rows))
        spreads.append(rows["best_ask"] - rows["best_bid"])
        events = int(rows["order_events"][-1])
        session.take_events()
    seconds, spread = filled_prices(np.concatenate(mids)), np.concatenate(spreads)
    returns = np.diff(np.log(seconds))
    found = {
        "minutes": " ".join(f"{mid:.1f}" for mid in seconds[::MINUTE]),
        "one_tick": float(np.mean(spread == 1)),
        "second_volatility_bp": float(returns.std() * 1e4),
        "second_hill": hill(np.abs(returns), 0.01),
        "events_per_step": events / len(seconds),
    }
    for lag in SECOND_LAGS:
        found[f"second_acf_{lag}"] = autocorrelation([returns], lag) if lag < len(returns) else None
    return found


def book(scenario: Scenario, seed: int) -> dict[str, Any]:
    """Spread, depth, level changes and marketable orders of four minutes whose every order event is recorded."""
    plain = scenario.record.model_copy(update={"order_events": True})
    scenario = with_steps(scenario.model_copy(update={"record": plain}), WARM_UP + BOOK_STEPS)
    session = build_session(scenario, seed)
    session.advance(WARM_UP)
    session.take_events()
    instrument = session.world.instruments[0]
    first, last = int(instrument["level_base"] + instrument["ladder"]), int(instrument["n_levels"])
    quantity = session.world.levels["quantity"][first : first + last].copy()
    ladder, bid = int(instrument["ladder"]), int(instrument["best_bid"])
    session.advance(BOOK_STEPS)
    events = session.take_events()
    events["step"] -= WARM_UP
    tick, lot = session.names.tick_size[0], session.names.lot_size[0]
    facts = book_facts(simulated_updates(events, quantity, ladder, bid, tick, lot), 1.0, float(BOOK_STEPS))
    orders = order_facts(simulated_orders(events, tick, lot), 1.0, float(BOOK_STEPS))
    found = {
        "spread_bp": facts.spread_bp,
        "one_tick_seconds": facts.one_tick_seconds,
        "one_tick_messages": facts.one_tick_messages,
        "increase_mean": facts.increase_mean,
        "increase_median": facts.increase_median,
        "orders_per_s": orders.per_second,
        "order_mean": orders.mean,
        "order_median": orders.median,
        "volatility_bp": facts.second_volatility_bp,
    }
    found |= {f"bid_{distance:g}": facts.bid_depth[distance] for distance in DEPTH_BP}
    found |= {f"ask_{distance:g}": facts.ask_depth[distance] for distance in DEPTH_BP}
    for place, edge in enumerate(RATE_EDGES_BP[1:]):
        found[f"up_{edge:g}"], found[f"down_{edge:g}"] = facts.increases[place], facts.decreases[place]
    found |= {f"sign_{lag}": value for lag, value in orders.sign_autocorrelation.items()}
    return found


def single_orders(scenario: Scenario, seed: int) -> dict[str, Any]:
    """Move of the mid, bp, some seconds after one marketable order, against the same seed without it.

    Every GAP_STEPS an order, buys and sells in turn; one row of responses an order, as text.
    """
    starts = np.arange(WARM_UP, scenario.steps - GAP_STEPS, GAP_STEPS)
    base = _mids(scenario, seed, np.zeros(scenario.steps))
    columns = []
    for size in SIZES:
        flow = np.zeros(scenario.steps)
        flow[starts] = size * np.where(np.arange(len(starts)) % 2 == 0, 1.0, -1.0)
        columns.append(_responses(base, _mids(scenario, seed, flow), flow, starts, [RESPONSE_STEPS] * len(starts)))
    return {"responses": _text(columns)}


def metaorders(scenario: Scenario, seed: int) -> dict[str, Any]:
    """The same for orders that are split over time: their peak, the mean over their last seconds.

    All have one participation rate, so size is duration times that rate; buys and sells in turn.
    """
    rate = PARTICIPATION * _turnover(scenario)
    starts = np.arange(WARM_UP, scenario.steps - CYCLE_STEPS, CYCLE_STEPS)
    base = _mids(scenario, seed, np.zeros(scenario.steps))
    columns = []
    for duration in DURATIONS:
        flow = np.zeros(scenario.steps)
        for number, start in enumerate(starts):
            flow[start : start + duration] = rate if number % 2 == 0 else -rate
        ends = [duration] * len(starts)
        columns.append(_responses(base, _mids(scenario, seed, flow), flow, starts, ends))
    return {"responses": _text(columns), "rate": rate}


PARTS = {"day": day, "book": book, "single_orders": single_orders, "metaorders": metaorders}


def _two_sided(rows: np.ndarray) -> np.ndarray:
    """Mid after each step; NONE where a side of the book is empty, as happens where nobody makes a market."""
    no_bid, no_ask = empty_sides(rows)
    return np.where(no_bid | no_ask, float(NONE), (rows["best_bid"] + rows["best_ask"]) / 2.0)


def _turnover(scenario: Scenario) -> float:
    """Money a second of the takers among the populations."""
    return sum(
        float(getattr(record, "orders_per_s", 0.0)) * float(getattr(record, "mean_order", 0.0))
        for record in scenario.populations
    )


def _mids(scenario: Scenario, seed: int, flow: np.ndarray) -> np.ndarray:
    """Mid after every step while somebody sends `flow` (signed quote money) at market."""
    trader = UserTrader("injected", scenario.instruments[0].venue, 1.0e12, 10.0)
    session = build_session(scenario, seed, (trader,))
    unit = scenario.instruments[0].start_price * session.names.lot_size[0]
    mids = []
    edges = [0, *np.flatnonzero(flow).tolist(), scenario.steps]
    for here, there in zip(edges, edges[1:], strict=False):
        if flow[here] != 0.0:
            _post(session, flow[here] / unit)
        if there > here:
            session.advance(there - here)
            rows = session.take_steps()
            mids.append((rows["best_bid"] + rows["best_ask"]) / 2.0)
    return np.concatenate(mids)


def _post(session: Session, lots: float) -> None:
    owner = int(session.world.clock[0]["n_traders"]) - 1
    size = max(round(abs(lots)), 1)
    post_order(session.world, owner, DRAWN_TIME, MARKET, BUY if lots > 0 else SELL, 0, 0, size, NONE, 0, NONE)


def _responses(
    base: np.ndarray, moved: np.ndarray, flow: np.ndarray, starts: Sequence[int], ends: Sequence[int]
) -> np.ndarray:
    """Signed difference of the two paths from before each start to its end, bp: a mean over the last few seconds."""
    gap = (np.log(moved) - np.log(base)) * 1e4
    found = []
    for start, length in zip(starts, ends, strict=True):
        last = start + length
        found.append(np.sign(flow[start]) * (gap[last : last + 3].mean() - gap[start - 1]))
    return np.asarray(found)


def _text(columns: Sequence[np.ndarray]) -> str:
    """Rows of responses: one row an order, sizes apart by blanks, rows by semicolons."""
    return ";".join(" ".join(f"{value:.4f}" for value in row) for row in np.stack(columns, axis=1))
