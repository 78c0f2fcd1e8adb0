"""Switching a population or a logger off leaves what all others draw as it is, bit by bit."""

import numpy as np
import pytest
from posting_stage import decide_once, look_once
from small_worlds import FLOWS, POPULATIONS, small_session

import sim.scenario.people
from sim.engine.seeding import seed_quotes
from sim.scenario.build import UserTrader
from sim.terms.vocabulary import MARKET_MAKER, STOP_LIMIT, STOP_MARKET

BUYERS = {
    "kind": "liquidation_buyer", "name": "buyers", "venue": "venue", "count": 20, "budget_of_open_interest": 0.2,
    "size_sigma": 0.3, "first_trigger_bp": 10.0, "last_trigger_bp": 60.0, "window_s": 4.0,
}  # fmt: skip
# Those who quote stand first: without them the quotes of all others have other rows.
PEOPLE = [*FLOWS, *POPULATIONS, BUYERS]
NAMES = [item["name"] for item in PEOPLE]
SEEDS = range(11)
STEPS = 8
MOVES = (0.0, 0.004, 0.012, 0.004, -0.009, -0.012, 0.002, 0.011)  # of the mid from the start price, step by step
FIELDS = ("kind", "side", "instrument", "size", "time_key", "flags")
LOOSE = ("kind", "side", "instrument", "time_key", "flags")
# Whose sizes are shares of what others hold: basis traders take the other side of speculators, the budget of trend
# followers and buyers is a share of open interest. Without those others these sizes are others; draws are not.
FOLLOWS = {"basis": ("speculators",), "trend": ("speculators", "basis"), "buyers": ("speculators", "basis")}
ALL_ACTIVE = {
    "populations.speculators.reactions": {
        "attention_s": 2.0, "warning_ratio": 30.0, "target_ratio": 40.0,
        "panic": 0.3, "panic_move_bp": 60.0, "panic_window_s": 3.0,
    },
    "populations.speculators.stops": {"share": 0.8},
    "populations.trend.trigger_bp": 1.0,
    "populations.trend.orders_per_s": 2.5,
    "populations.trend.size_sigma": 0.3,  # so that every entry is at least a lot
    "populations.momentum.entry_bp": 1.0,
    "populations.momentum.exit_bp": 1.0,
    "populations.reversion.entry_bp": 1.0,
    "populations.reversion.exit_bp": 1.0,
    "populations.funding.entry_rate": 0.0,
    "populations.funding.exit_rate": 0.0,
    "populations.funding.lead_s": 20.0,
}  # fmt: skip


def world_without(absent, seed):
    """The small world less one population; what the others need of the market is set by hand below."""
    people = [dict(item) for item in PEOPLE if item["name"] != absent]
    for item in people:
        for path, value in ALL_ACTIVE.items():
            if path.split(".")[1] == item["name"]:
                item[path.split(".")[2]] = value
    return small_session({"populations": people, "index_correlation": 0.5}, seed)


def posted(session):
    """{population: rows that it posts} over some steps of a market whose prices are given: drawn, not traded."""
    world, found = session.world, {name: [] for name in session.names.populations}
    first = world.populations["first_trader"]
    own = {name: np.isin(session.names.population_of_trader, p) for p, name in enumerate(session.names.populations)}
    held = world.position_size.reshape(world.instruments.shape[0], -1)
    held[:, own.get("basis", np.zeros(0, bool))] = -7  # what they hold follows from others
    for t, move in enumerate(MOVES):
        for k in range(world.instruments.shape[0]):
            row, view = world.instruments[k], world.market_view[k]
            view["mid"] = float(row["reference_price"]) * (1.0 + move)
            row["mark_price"], row["index_milli"] = round(view["mid"]), int(row["reference_price"]) * 1000
            row["index_price"] = row["reference_price"]
            row["premium_sum"], row["premium_count"] = (-1) ** t * 20_000_000, 10
            world.mids[k, t % world.mids.shape[1]] = view["mid"]
        decide_once(world, t)
        look_once(world, t)
        rows = world.inbox[: int(world.clock[0]["inbox_rows"])].copy()
        world.clock[0]["inbox_rows"] = 0
        quoted = rows["owner"] < 0  # a quote that is taken away belongs to who placed it
        rows["owner"][quoted] = world.quotes["owner"][rows["tag"][quoted]]
        for p, name in enumerate(session.names.populations):
            mine = rows[session.names.population_of_trader[rows["owner"]] == p]
            mine["owner"] -= first[p]
            found[name].append(mine)
    return {name: np.concatenate(parts) for name, parts in found.items() if name != "institutions"}


def people_of(session):
    """{population: chosen leverage, wealth, positions, entry values}, as drawn at the start."""
    world, found = session.world, {}
    n, n_traders = world.instruments.shape[0], int(world.clock[0]["n_traders"])
    for p, name in enumerate(session.names.populations[1:], start=1):
        rows = np.flatnonzero(session.names.population_of_trader == p)
        found[name] = (
            world.traders["initial_rate"][rows],
            world.quote_balance.reshape(-1, n_traders)[:, rows].sum(axis=0),
            world.position_size.reshape(n, n_traders)[:, rows],
            world.entry_value.reshape(n, n_traders)[:, rows],
        )
    return found


def seeded_sizes(session):
    """{population: size of each of its quotes in the book at the start}; a price may slide behind another's touch."""
    world, found = session.world, {}
    for p, name in enumerate(session.names.populations):
        if world.populations[p]["kind"] == MARKET_MAKER:
            mine = world.quotes[world.quotes["population"] == p]
            assert len(mine) > 20 and (mine["order_id"] >= 0).all()
            found[name] = world.orders["size"][mine["order_id"]].tolist()
    return found


def differences(whole, less, absent):
    """Names of the populations whose draws differ between two worlds, and "index" where a path does."""
    found = [] if np.array_equal(whole.world.index_path, less.world.index_path) else ["index"]
    sizes, fewer_sizes = seeded_sizes(whole), seeded_sizes(less)
    found += [f"book of {name}" for name in fewer_sizes if sizes[name] != fewer_sizes[name]]
    people, fewer = people_of(whole), people_of(less)
    orders, left = posted(whole), posted(less)
    for name in left:
        follows = absent in FOLLOWS.get(name, ())
        same = follows or all(np.array_equal(a, b) for a, b in zip(people[name], fewer[name], strict=True))
        fields = LOOSE if follows else (*FIELDS, "owner", "price")
        a, b = orders[name], left[name]
        same = same and len(a) == len(b) and all(np.array_equal(a[field], b[field]) for field in fields)
        if not same:
            found.append(name)
    return found


def test_switching_any_population_off_leaves_all_draws_of_the_others():
    """Opening positions, wealth and leverage, index paths, and side, size, time, row and limit of every order."""
    pairs, stops, rows = 0, 0, dict.fromkeys(NAMES, 0)
    for seed in SEEDS:
        for absent in NAMES:
            whole, less = world_without(None, seed), world_without(absent, seed)
            assert differences(whole, less, absent) == [], (seed, absent)
            pairs += 1
        for name, orders in posted(world_without(None, seed)).items():
            rows[name] += len(orders)
            stops += int(np.isin(orders["kind"], (STOP_LIMIT, STOP_MARKET)).sum())
    assert pairs >= 200 and stops > 200
    rows.pop("book")  # orders on every tick, placed once: it draws nothing
    assert min(rows.values()) > 20, f"every population must draw something: {rows}"


def test_draws_addressed_by_row_number_would_be_noticed():
    """The mutant: populations draw at their row of the table instead of at their name."""
    for absent in ("makers", "noise"):
        whole, less = world_without(None, 1), world_without(absent, 1)
        for session in (whole, less):
            session.world.populations["stream"] = np.arange(len(session.world.populations))
        after = NAMES[NAMES.index(absent) + 1 :]
        found = differences(whole, less, absent)
        assert set(after) - {"arbitrage", "basis"} <= set(found), "these draw but times and a row"


def test_a_book_seeded_by_row_number_would_be_noticed(monkeypatch):
    """The mutant: a quote is drawn at its row of the table of all quotes."""
    whole, less = world_without(None, 1), world_without("by_distance", 1)
    first = whole.world.populations["first_quote"].copy()
    for session in (whole, less):
        session.world.quotes["order_id"] = -1
        session.world.populations["first_quote"] = 0
        seed_quotes(session.world)
    whole.world.populations["first_quote"] = first
    sizes, fewer = seeded_sizes(whole), seeded_sizes(less)
    assert sizes["makers"] != fewer["makers"]


def test_people_drawn_by_row_number_would_be_noticed(monkeypatch):
    """The mutant: wealth, leverage and positions at the start come from a stream numbered by the order of calls."""
    counter = iter(range(10_000))
    monkeypatch.setattr(sim.scenario.people, "stream_of", lambda _: next(counter))
    found = differences(world_without(None, 1), world_without("noise", 1), "noise")
    assert {"speculators", "trend", "basis", "momentum", "reversion", "funding"} <= set(found)


LOGGERS = {
    "record.order_events": True,
    "record.depth_every_steps": 1,
    "record.audit_every_steps": 7,
    "record.liquidation_map_every_steps": 3,
}


@pytest.mark.parametrize("path", LOGGERS)
def test_a_logger_changes_nothing_that_it_looks_at(path):
    for seed in range(5):
        plain, logged = small_session({}, seed), small_session({path: LOGGERS[path]}, seed)
        plain.advance(40)
        logged.advance(40)
        assert plain.digest() == logged.digest()
    assert plain.world.desks.tobytes() == logged.world.desks.tobytes()


def test_a_user_written_trader_leaves_all_draws_of_the_others():
    for seed in range(3):
        mine = UserTrader("mine", "venue", 1e6, 5.0)
        assert differences(small_session({}, seed, (mine,)), small_session({}, seed), "mine") == []
