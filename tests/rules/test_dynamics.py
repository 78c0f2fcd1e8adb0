"""Margin rates that move: what they follow, what holds them, and that they know nothing of the future."""

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from small_worlds import CRASH, STRESS, TIERS, empty_session, small_scenario, small_session

from sim.calculator.dynamics import first_rates
from sim.calculator.schedules import initial_curve
from sim.margin_regimes import RateDynamics
from sim.margin_regimes.dynamics import put_in_force, update_margin_rates
from sim.rules.margin import account_margin, maintenance_atoms
from sim.rules.settlement import change_position
from sim.scenario.schedules import margin_of
from sim.terms import entry

FINE = 10**9
FAST = {"return_steps": 1, "horizon_steps": 1, "least_returns": 1}
STEPS = 160
SIDE = {"update_every_steps": 1}
FLAT = {"BTC": {"tiers": [[0, 0.01]], "initial": {"ratio": 2.0}}, "ETH": [[0, 0.005, 75]]}
ESTIMATES = {
    "moving_average": {"measure": "moving_average", "multiple": 2.0},
    "value_at_risk": {"measure": "value_at_risk", "multiple": 1.5, "window": 40, "quantile": 0.95},
    "expected_shortfall": {"measure": "expected_shortfall", "multiple": 1.5, "window": 40, "quantile": 0.93},
}


@entry
def update(world, t):
    update_margin_rates(world, t)


@entry
def force(world, row):
    put_in_force(world, row)


@entry
def figures_of(world, account):
    return account_margin(world, account)


@entry
def needed_of(world, k, value):
    return maintenance_atoms(world, world.instruments[k], value)


@entry
def trade(world, k, trader, lots, cost):
    change_position(world, k, trader, lots, cost)


def dynamic(side="maintenance", applies_to="all", held=None, schedules=FLAT, **volatility):
    """Settings of a world one side of whose margin follows a volatility."""
    own = {**SIDE, "volatility": {**FAST, **volatility}, "anti_procyclicality": held or {}}
    return {"venues.venue.margin": {
        "scope": "cross", "schedules": schedules, "dynamics": {side: own, "applies_to": applies_to}
    }}  # fmt: skip


def rates_of(settings, path, column="maintenance_rate", steps=STEPS):
    """The first instrument's rate at every step when its index goes along a path (thousandths of a tick)."""
    session = empty_session(1, 1e6, {"steps": STEPS, **settings})
    session.world.index_path[0, : len(path)] = path
    session.advance(steps)
    rows = session.take_steps()
    return (rows[column][rows["instrument"] == 0]).tolist()


def swinging(*parts):
    """A path around 1,000 ticks each of whose moves is the same share of the start price: (steps, share) each."""
    level, path = 1_000_000, [1_000_000]
    for steps, share in parts:
        for _ in range(steps):
            level += round(share * 1_000_000) * (-1 if level > 1_000_000 else 1)
            path.append(level)
    return path[: STEPS + 1]


def wild(seed):
    moves = np.random.default_rng(seed).standard_t(3, STEPS) * 0.004
    return [1_000_000, *np.rint(1e6 * np.exp(np.cumsum(moves))).astype(np.int64).tolist()]


@pytest.mark.parametrize("measure", ESTIMATES)
def test_constant_volatility_gives_a_constant_margin(measure):
    settings = {**dynamic(**ESTIMATES[measure]), "prices": "arithmetic"}
    rates = rates_of(settings, swinging((STEPS, 0.015)))
    multiple = ESTIMATES[measure]["multiple"]
    assert set(rates[2:]) == {round(multiple * 0.015 * FINE)}


def test_the_moving_average_rises_as_the_literature_says_when_volatility_steps_from_1_to_3_percent():
    calm = 61
    settings = {**dynamic(multiple=2.0, decay=0.97), "prices": "arithmetic"}
    rates = rates_of(settings, swinging((calm, 0.01), (STEPS, 0.03)))
    assert rates[calm] == 0.02 * FINE
    for n, rise in ((1, 1.114), (5, 1.459), (10, 1.761), (30, 2.407), (60, 2.777)):
        assert rates[calm + n] / rates[calm] == pytest.approx(rise, abs=1e-3)


def test_a_floor_at_the_stressed_level_and_a_flat_margin_never_rise():
    path = swinging((61, 0.01), (STEPS, 0.03))
    held = rates_of({**dynamic(multiple=2.0, held={"floor": 0.06}), "prices": "arithmetic"}, path)
    assert set(held[1:]) == {0.06 * FINE}
    assert set(rates_of({"venues.venue.margin.schedules": FLAT}, path)) == {0.01 * FINE}


@pytest.mark.parametrize(
    ("held", "calm", "stressed"),
    [
        ({"floor": 0.025}, 0.025, 0.06),
        ({"floor": 0.07}, 0.07, 0.07),
        ({"buffer": 0.25, "released_above": 0.05}, 0.025, 0.0625),
        ({"buffer": 0.25, "released_above": 0.02}, 0.025, 0.06),
        ({"stressed_weight": 0.25, "stressed_rate": 0.1}, 0.04, 0.07),
        ({"stressed_weight": 0.25, "stressed_rate": 0.1, "buffer": 0.25, "released_above": 0.04}, 0.05, 0.07),
    ],
)
def test_each_rule_against_procyclicality_by_hand(held, calm, stressed):
    """The estimate is 2 % in the calm and 6 % under stress, after two steps: the smaller of two returns."""
    tail = {"measure": "value_at_risk", "multiple": 2.0, "window": 2, "quantile": 0.5}
    path = swinging((40, 0.01), (STEPS, 0.03))
    rates = rates_of({**dynamic(held=held, **tail), "prices": "arithmetic"}, path)
    assert rates[40] == pytest.approx(calm * FINE, rel=1e-6)
    assert rates[-1] == pytest.approx(stressed * FINE, rel=1e-6)


def test_the_step_limit_binds_upwards_and_downwards():
    path = swinging((40, 0.01), (10, 0.03), (STEPS, 0.01))
    tail = {"measure": "value_at_risk", "multiple": 2.0, "window": 2, "quantile": 0.5}
    rates = rates_of({**dynamic(held={"max_step": 0.1}, **tail), "prices": "arithmetic"}, path)
    changes = np.array(rates[1:]) / np.array(rates[:-1])
    assert changes.max() == pytest.approx(1.1, abs=1e-4) and changes.min() == pytest.approx(0.9, abs=1e-4)
    assert rates[40] == 0.02 * FINE and max(rates) == pytest.approx(0.02 * 1.1**9 * FINE, rel=1e-3)


@pytest.mark.parametrize("measure", ESTIMATES)
def test_cutting_off_the_future_changes_nothing(measure):
    settings, path = dynamic(**ESTIMATES[measure]), wild(1)
    whole = rates_of(settings, path)
    assert rates_of(settings, [*path[:81], *([77_000] * 80)])[:81] == whole[:81]
    assert rates_of(settings, path, steps=81) == whole[:81]
    assert len(set(whole[:81])) > 8


@pytest.mark.parametrize("prices", ["geometric", "arithmetic"])
@pytest.mark.parametrize("measure", ESTIMATES)
def test_the_series_is_that_of_the_second_hand(measure, prices):
    slow = {"return_steps": 3, "horizon_steps": 7, "least_returns": 6}
    held = {"buffer": 0.25, "released_above": 0.03, "floor": 0.008, "max_step": 0.3}
    settings, path = dynamic(held=held, **{**ESTIMATES[measure], **slow}), wild(2)
    settings["venues.venue.margin"]["dynamics"]["maintenance"]["update_every_steps"] = 4
    found = rates_of({**settings, "prices": prices}, path)
    record = RateDynamics.model_validate(settings["venues.venue.margin"]["dynamics"]["maintenance"])
    wanted = first_rates(record, Fraction(1, 100), path[:STEPS], 1_000_000 if prices == "arithmetic" else None)
    assert found == [ceil(rate * 10**6) * 1_000 for rate in wanted]  # rates are in millionths here, rounded up
    assert len(set(found)) > 10


@pytest.mark.parametrize(
    ("open_interest", "rate"), [(0, 0.1), (20e6, 0.1), (27.5e6, 0.325), (35e6, 0.55), (50e6, 1.0), (90e6, 1.0)]
)
def test_dydx_scales_the_initial_rate_of_a_small_market_with_open_interest_and_leaves_maintenance(open_interest, rate):
    small = {"BTC": {"tiers": [[0, 0.05]], "initial": {"tiers": [[0, 0.1]]}}, "ETH": [[0, 0.005, 75]]}
    dynamics = {"initial": {**SIDE, "open_interest": {"BTC": {"low": 20e6, "high": 50e6}}}}
    session = empty_session(1, 1e6, {"venues.venue.margin": {"schedules": small, "dynamics": dynamics}})
    row = session.world.instruments[0]  # a lot is a hundredth of a coin at 1,000: 10 quote units
    row["open_interest"] = int(open_interest) // 10
    update(session.world, 0)
    assert (int(row["initial_rate"]), int(row["maintenance_rate"])) == (round(rate * FINE), 0.05 * FINE)


@pytest.mark.parametrize("mode", ["marginal", "whole"])
def test_moved_tiers_stay_continuous_never_ask_too_little_and_stop_at_one(mode):
    rows = {name: {"tiers": [row[:2] for row in tiers], "mode": mode} for name, tiers in TIERS.items()}
    settings = dynamic(schedules=rows, multiple=2.0)
    scenario, world = small_scenario(settings), empty_session(1, 1e6, settings).world
    margin = margin_of(scenario, scenario.instruments[0])
    for rate in (1_234_567, 4_000_000, 17_171_717, 123_456_789, FINE):
        world.dynamics[0]["rate"] = rate
        force(world, 0)
        tiers = world.tiers[: int(world.instruments[0]["n_tiers"])]
        assert tiers["rate"].max() <= world.clock[0]["rate_scale"]
        assert world.instruments[0]["maintenance_rate"] >= rate
        for below, above in zip(tiers, tiers[1:], strict=False):
            edge = int(above["floor"])
            if mode == "marginal":
                lines = [int(row["rate"]) * edge - int(row["deduction"]) for row in (below, above)]
                assert lines[0] == lines[1]
        for value in (1, 19_999, 20_000, 79_999, 80_001, 300_000, 10**6):
            exact = sum_of(margin.maintenance, Fraction(rate, 4_000_000), Fraction(value))
            found = int(needed_of(world, 0, value * 200))
            assert exact <= Fraction(found, 200) <= exact * (1 + Fraction(1, 1_000)) + Fraction(1, 200)


def sum_of(curve, multiple, value):
    """The requirement when every rate is multiplied and stops at one."""
    rates = [(floor, min(rate * multiple, Fraction(1))) for floor, rate in curve.tiers]
    if curve.mode == "whole":
        return value * [rate for floor, rate in rates if floor <= value][-1]
    ends = [floor for floor, _ in rates[1:]] + [max(value, rates[-1][0])]
    return sum((max(min(value, end) - floor, 0) * rate for (floor, rate), end in zip(rates, ends, strict=True)), 0)


@pytest.mark.parametrize("initial", [{"ratio": 1.5}, {"tiers": [[0, 0.01], [50_000, 0.1]]}, {"max_leverage": 15}])
def test_initial_margin_is_raised_with_maintenance_where_it_would_fall_below(initial):
    tiers = [[0, 0.004], [20_000, 0.01], [80_000, 0.025]]
    schedules = {"BTC": {"tiers": tiers, "initial": initial}, "ETH": [[0, 0.005, 75]]}
    settings = dynamic(schedules=schedules, multiple=2.0)
    session, scenario = empty_session(1, 1e6, settings), small_scenario(settings)
    world, row = session.world, session.world.instruments[0]
    stated = initial_curve(margin_of(scenario, scenario.instruments[0]))
    for rate in (2_000_000, 4_000_000, 6_000_000, 50_000_000, FINE):
        world.dynamics[0]["rate"] = rate
        force(world, 0)
        own = world.tiers[int(row["first_initial_tier"]) :][: int(row["n_initial_tiers"])]
        if rate <= 4_000_000:
            assert own["rate"].tolist() == own["base_rate"].tolist()
        for value in (100, 19_999, 20_000, 49_999, 80_000, 10**7):
            tier = [r for r in own if r["floor"] <= value * 200][-1]
            marginal = stated.mode == "marginal"
            needed = int(tier["rate"]) * value * 200 - (int(tier["deduction"]) if marginal else 0)
            assert needed * 1.000001 >= (int(needed_of(world, 0, value * 200)) - 1) * 10**6


def test_a_position_keeps_the_rate_of_its_entry_weighted_up_by_what_is_added():
    session = empty_session(1, 1e6, dynamic(applies_to="new", multiple=2.0))
    world, trader = session.world, int(session.world.clock[0]["n_traders"]) - 1
    steps = [(300, 10, 10), (200, 20, 14), (-100, 30, 14), (100, 40, Fraction(96, 5)), (-700, 50, 50), (-1, 60, 50.05)]
    for lots, now, kept in steps:
        world.instruments[0]["maintenance_rate"] = now
        trade(world, 0, trader, lots, lots * 2_000)
        assert int(world.positions[trader]["margin_rate"]) == ceil(kept), (lots, now)


@pytest.mark.parametrize("schedules", [FLAT, TIERS], ids=["flat", "tiers"])
def test_a_kept_rate_asks_what_the_same_rate_in_force_for_all_asks(schedules):
    found = []
    for applies_to in ("all", "new"):
        session = empty_session(1, 1e6, dynamic(applies_to=applies_to, schedules=schedules, multiple=2.0))
        world, trader = session.world, int(session.world.clock[0]["n_traders"]) - 1
        needed = []
        for rate in (5_000_000, 30_000_000, 700_000_000):
            world.dynamics[0]["rate"] = rate
            force(world, 0)
            for lots in (7, -2_100, 9_000, -40_000):
                world.position_size[trader] = 0
                trade(world, 0, trader, lots, lots * 2_000)
                needed.append(int(figures_of(world, trader)[1]))
        found.append(needed)
    assert found[0] == found[1] and len(set(found[0])) == 12


MOVING = {
    "moving_average": {"multiple": 8.0, "horizon_steps": 10, "return_steps": 2, "least_returns": 3},
    "value_at_risk": {"measure": "value_at_risk", "multiple": 4.0, "window": 10, "quantile": 0.9, "of": "mark"},
}
WORLDS = [
    (measure, applies_to, scope, mode)
    for measure, applies_to, scope, mode in (
        ("moving_average", "all", "cross", "list"),
        ("moving_average", "new", "isolated", "list"),
        ("value_at_risk", "all", "isolated", "whole"),
        ("value_at_risk", "new", "cross", "whole"),
    )
]


@pytest.mark.parametrize("world", WORLDS, ids="-".join)
def test_the_index_over_accounts_gives_what_looking_at_all_of_them_gives(world):
    measure, applies_to, scope, mode = world
    tables = {name: {"tiers": [row[:2] for row in rows], "mode": "whole"} for name, rows in TIERS.items()}
    settings = dynamic(applies_to=applies_to, schedules=TIERS if mode == "list" else tables, **MOVING[measure])
    settings["venues.venue.margin"] |= {"scope": scope}
    settings["venues.venue.margin"]["dynamics"]["initial"] = {"open_interest": {"BTC": {"low": 0.0, "high": 1e8}}}
    logs = []
    for check in ("safe_radius", "brute_force"):
        session = small_session({**CRASH, **STRESS, **settings, "margin_check": check}, 3)
        session.advance(70)
        rates = session.take_steps()["maintenance_rate"].tolist()
        logs.append((session.digest(), session.take_events().tobytes(), rates))
        assert len(set(logs[-1][2])) > 10
    assert logs[0] == logs[1]


def test_a_rising_maintenance_margin_liquidates_and_a_rising_initial_margin_alone_never_does():
    """Nobody trades and no price moves but an index that the mark does not follow: positions are fixed."""
    fixed = {"venues.venue.mark_price.kind": "last", "populations.speculators.trades_per_s": 0.0, "steps": STEPS}
    people = small_scenario().model_dump()["populations"]
    fixed["populations"] = [{**p, "trades_per_s": 0.0} for p in people if p["name"] == "speculators"]
    fixed.pop("populations.speculators.trades_per_s")
    found = {}
    for side in ("maintenance", "initial"):
        for applies_to in ("all", "new")[: 2 if side == "maintenance" else 1]:
            settings = {**fixed, **dynamic(side, applies_to, multiple=2.0)}
            session = small_session(settings, 3)
            session.world.index_path[0] = swinging((61, 0.01), (STEPS, 0.03))[: STEPS + 1]
            session.advance(STEPS)
            events, rows = session.take_events(), session.take_steps()
            liquidated = int((events["kind"] == 0).sum())
            found[side, applies_to] = liquidated, int(rows[f"{side}_rate"][rows["instrument"] == 0].max())
    assert found["maintenance", "all"][0] > 5
    assert found["maintenance", "new"][0] == 0 and found["initial", "all"][0] == 0
    assert all(rate > 0.05 * FINE for _, rate in found.values())
