"""How much a trader commits: each rule says its figure, and none passes the initial margin."""

import math

import pytest
from posting_stage import Stage, record_of
from small_worlds import POPULATIONS, TIERS, small_session

from sim.strategies.sizing import sized_lots
from sim.terms import entry
from sim.terms.vocabulary import EVENT_FILL, EVENT_ORDER_REJECTED, REJECT_MARGIN

ONE = {"count": 2, "capital": 5_000.0, "capital_sigma": 0.0, "leverage_median": 10.0, "leverage_sigma": 0.0}
LOT = 0.01 * 1_000.0  # quote money of a lot of the first instrument at the start price


@entry
def size(world, p, k, desk, owner, side, edge, horizon):
    return sized_lots(world, p, k, desk, owner, side, edge, horizon)


def sized(sizing, edge=0.01, variance=1e-6, side=1, settings=None, **dials):
    stage = Stage("momentum", settings=settings, **{**ONE, **dials}, sizing=sizing)
    stage.desk["variance"] = variance
    return size(stage.world, 1, 0, 2, stage.first, side, edge, 100.0)


def test_fixed_sizing_is_the_same_money_for_everybody():
    for capital in (5_000.0, 50_000.0):
        assert sized({"kind": "fixed", "notional": 3_000.0}, capital=capital) == round(3_000.0 / LOT)


def test_fractional_sizing_is_a_share_of_equity_times_the_chosen_leverage():
    assert sized({"kind": "fractional", "share": 0.2}) == round(0.2 * 5_000.0 * 10.0 / LOT)
    assert sized({"kind": "fractional", "share": 0.2}, capital=10_000.0) == round(0.2 * 10_000.0 * 10.0 / LOT)


def test_capped_kelly_sizing_is_a_share_of_edge_over_variance_up_to_its_cap():
    kelly = {"kind": "capped_kelly", "kelly_share": 0.02, "exposure_max": 4.0}
    assert sized(kelly) == round(0.02 * 0.01 / (1e-6 * 100.0) * 5_000.0 / LOT)
    assert sized(kelly, edge=0.005) == round(0.02 * 0.005 / (1e-6 * 100.0) * 5_000.0 / LOT)
    assert sized(kelly, variance=1e-9) == round(4.0 * 5_000.0 / LOT)


def test_volatility_target_sizing_is_inverse_to_volatility_up_to_its_cap():
    target = {"kind": "volatility_target", "target_volatility": 4.0, "exposure_max": 6.0}
    a_step = 4.0 / math.sqrt(365.0 * 86_400.0)
    assert sized(target, variance=1e-6) == int(a_step / 1e-3 * 5_000.0 / LOT)
    assert sized(target, variance=0.25e-6) == int(a_step / 0.5e-3 * 5_000.0 / LOT)
    assert sized(target, variance=0.0) == round(6.0 * 5_000.0 / LOT)


def test_the_filter_of_volatility_begins_with_the_volatility_of_the_index():
    stage = Stage("momentum", volatility_half_life_s=100.0)
    assert stage.desk["variance"] == pytest.approx((3.0e-4) ** 2)
    for t in range(1, 101):  # moves of 10 bp for one half-life: half of the way
        stage.set_price(0.001 if t % 2 else 0.0, t=t)
        stage.orders(t)
    assert stage.desk["variance"] == pytest.approx(0.5 * (3.0e-4) ** 2 + 0.5e-6, rel=0.01)


def test_the_largest_order_is_a_dial():
    assert sized({"kind": "fixed", "notional": 9_000.0}, max_order=2_000.0) == round(2_000.0 / LOT)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("scope", ["cross", "isolated"])
@pytest.mark.parametrize("capital", [300.0, 5_000.0, 20_000.0])
def test_no_size_passes_the_initial_margin_of_chosen_leverage_and_tier(side, scope, capital):
    greedy = {"kind": "fixed", "notional": 1.0e9}
    settings = {"venues.venue.margin.scope": scope}
    lots = sized(greedy, capital=capital, side=side, settings=settings, max_order=1e12, leverage_median=25.0)
    worst = int(1_000.0 * 1.005 / 0.9)  # slippage and the reserve for fees

    def margin(lots):
        notional = lots * 0.01 * worst
        tier = max(1.0 / leverage for floor, _, leverage in TIERS["BTC"] if notional >= floor)
        return notional * max(tier, 1.0 / 25.0)

    assert margin(lots) <= capital * 1.0005 and margin(lots + 1) > capital * 0.9995 or _at_a_step(lots, worst)


def _at_a_step(lots, worst):
    """The next lot would fall into a tier whose rate the wallet does not carry."""
    return any((lots * 0.01 * worst < floor <= (lots + 1) * 0.01 * worst) for floor, *_ in TIERS["BTC"])


def test_who_has_no_money_opens_nothing():
    stage = Stage("momentum", **ONE)
    stage.world.quote_balance[stage.first] = 0
    assert size(stage.world, 1, 0, 2, stage.first, 1, 0.01, 100.0) == 0
    stage.world.quote_balance[stage.first] = -1_000
    assert size(stage.world, 1, 0, 2, stage.first, 1, 0.01, 100.0) == 0


GREEDY = [
    {"kind": "fixed", "notional": 1.0e9},
    {"kind": "fractional", "share": 1.0},
    {"kind": "capped_kelly", "kelly_share": 1.0, "exposure_max": 1_000.0},
    {"kind": "volatility_target", "target_volatility": 1_000.0, "exposure_max": 1_000.0},
]


@pytest.mark.parametrize("scope", ["cross", "isolated"])
@pytest.mark.parametrize("sizing", GREEDY, ids=lambda item: item["kind"])
def test_the_greediest_are_never_refused_for_margin_in_a_calm_world(sizing, scope):
    eager = {"sizing": sizing, "capital": 3_000.0, "leverage_median": 20.0, "max_order": 1.0e12, "looks_per_s": 4.0}
    people = [item for item in POPULATIONS if item["name"] in ("makers", "noise", "arbitrage")]
    people += [
        record_of("momentum", entry_bp=1.0, exit_bp=0.0, holding_s=8.0, **eager),
        record_of("reversion", entry_bp=1.0, exit_bp=0.0, holding_s=8.0, **eager),
        record_of("funding", entry_rate=0.0, exit_rate=-0.1, lead_s=20.0, **eager),
        record_of("chartists", capital=1_000.0, position_limit=1e9, beta=1e6, max_order=1e9),
        record_of("fundamental", capital=1_000.0, position_limit=1e9, kappa=1e5, max_order=1e9),
    ]
    fills, refused = {}, []
    for seed in range(3):
        session = small_session({"populations": people, "venues.venue.margin.scope": scope}, seed)
        session.world.clock[0]["record_orders"] = 1
        session.advance(80)
        events, names = session.take_events(), session.names
        for event in events[events["kind"] == EVENT_FILL]:
            name = names.populations[names.population_of_trader[event["actor"]]]
            fills[name] = fills.get(name, 0) + 1
        rejected = events[(events["kind"] == EVENT_ORDER_REJECTED) & (events["amount"] == REJECT_MARGIN)]
        refused += [names.populations[names.population_of_trader[actor]] for actor in rejected["actor"]]
    assert refused == []
    assert all(fills[name] > 30 for name in ("momentum", "reversion", "funding", "chartists", "fundamental")), fills
