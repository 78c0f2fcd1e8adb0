"""Worlds small enough to play in a test: two instruments, one venue, every population that a market needs."""

import copy
from typing import Any

from sim.engine.session import Session
from sim.rules.radii import DUE
from sim.rules.safe_radius import FALL
from sim.scenario.build import UserTrader, build_session
from sim.scenario.checks import check_scenario
from sim.scenario.records import Scenario

TIERS = {
    "BTC": [[0, 0.004, 100], [20_000, 0.01, 50], [80_000, 0.025, 20], [300_000, 0.05, 10]],
    "ETH": [[0, 0.005, 75], [10_000, 0.0125, 40], [50_000, 0.05, 10]],
}
VENUE: dict[str, Any] = {
    "contracts": {"BTC": {"tick_size": 1.0, "lot_size": 0.01}, "ETH": {"tick_size": 0.1, "lot_size": 0.05}},
    "margin": {"scope": "cross", "schedules": TIERS},
    "mark_price": {"kind": "book_mark", "basis_window_steps": 5, "clamp": 0.05},
    "funding": {"interval_steps": 20, "first_step": 10},
    "liquidation": {"cap_per_step": 200_000.0, "price_band": 0.05, "fee_rate": 0.01},
    "waterfall": [
        {"kind": "insurance_fund", "size": 20_000.0, "throttle_per_step": 50_000.0},
        {"kind": "auto_deleveraging"},
    ],
}
POPULATIONS: list[dict[str, Any]] = [
    {"kind": "market_maker", "name": "makers", "venue": "venue", "count": 2, "capital": 3.0e6, "depth": 4.0e5,
     "levels": 6, "closest_bp": 4.0, "farthest_bp": 600.0, "layoff_half_life_s": 30.0},
    {"kind": "noise_trader", "name": "noise", "venue": "venue", "count": 10, "capital": 1.0e6, "orders_per_s": 3.0,
     "mean_order": 1_500.0, "max_order": 20_000.0},
    {"kind": "arbitrageur", "name": "arbitrage", "venue": "venue", "count": 2, "capital": 5.0e6,
     "speed_per_bp": 200.0, "cap_per_s": 2.0e4, "inventory_limit": 1.0e6},
    {"kind": "trend_follower", "name": "trend", "venue": "venue", "count": 10, "window_s": 10.0,
     "order_median": 2_000.0},
    {"kind": "leveraged_speculator", "name": "speculators", "venue": "venue", "count": 40, "open_interest": 1.0e6,
     "leverage_median": 15.0, "largest_share": 0.1, "trades_per_s": 1.0, "trade_median": 500.0, "trade_max": 5_000.0},
    {"kind": "basis_trader", "name": "basis", "venue": "venue", "count": 6, "unleveraged_longs": 3.0e5,
     "unwind_cap_per_s": 5_000.0},
    {"kind": "fundamentalist", "name": "fundamental", "venue": "venue", "count": 8, "capital": 2.0e4,
     "orders_per_s": 1.0, "kappa": 40.0, "value_half_life_s": 10.0, "opinion_sigma_bp": 20.0, "position_limit": 3.0e4},
    {"kind": "chartist", "name": "chartists", "venue": "venue", "count": 8, "capital": 2.0e4, "orders_per_s": 1.0,
     "beta": 1_000.0, "gamma_per_bp": 0.02, "trend_half_life_s": 5.0, "position_limit": 3.0e4},
    {"kind": "momentum_trader", "name": "momentum", "venue": "venue", "count": 12, "capital": 500.0,
     "looks_per_s": 1.5, "window_s": 6.0, "entry_bp": 20.0, "holding_s": 20.0},
    {"kind": "mean_reversion_trader", "name": "reversion", "venue": "venue", "count": 12, "capital": 500.0,
     "looks_per_s": 1.5, "average_half_life_s": 5.0, "entry_bp": 20.0, "stop_bp": 150.0, "holding_s": 20.0,
     "sizing": {"kind": "volatility_target"}},
    {"kind": "hawkes_trader", "name": "flow", "venue": "venue", "count": 10, "capital": 1.0e6, "base_per_s": 0.5,
     "excitation_half_life_s": 4.0, "mean_order": 600.0, "max_order": 8_000.0},
    {"kind": "funding_trader", "name": "funding", "venue": "venue", "count": 8, "capital": 500.0, "looks_per_s": 1.0,
     "entry_rate": 0.0005, "exit_rate": 0.0002, "lead_s": 12.0, "sizing": {"kind": "capped_kelly"}},
]  # fmt: skip
FLOWS: list[dict[str, Any]] = [
    {"kind": "static_book", "name": "book", "venue": "venue", "count": 2, "closest_ticks": 4, "depth_ticks": 200},
    {"kind": "zero_intelligence", "name": "by_distance", "venue": "venue", "count": 9, "order_notional": 60.0},
    {"kind": "zero_intelligence", "name": "uniform", "venue": "venue", "count": 7, "arrivals": "uniform",
     "limit_rates": [0.4], "cancel_rates": [0.3], "market_rate": 0.7, "window_ticks": 12, "order_notional": 30.0},
    {"kind": "avellaneda_stoikov", "name": "stoikov", "venue": "venue", "count": 2, "order_notional": 80.0,
     "horizon_s": 20.0, "inventory_limit": 15.0, "volatility_half_life_s": 10.0},
    {"kind": "avellaneda_stoikov", "name": "given", "venue": "venue", "order_notional": 80.0, "volatility_bp": 3.0,
     "horizon": "fixed", "centre": "index"},
    {"kind": "noise_trader", "name": "reaching", "venue": "venue", "count": 5, "orders_per_s": 3.0, "mean_order": 500.0,
     "max_order": 5_000.0, "reach": "exponential", "reach_bp": 20.0, "anchor": "index"},
]  # fmt: skip
INSTRUMENTS: list[dict[str, Any]] = [
    {"name": "BTC", "venue": "venue", "start_price": 1_000.0, "price_levels": 1_024, "index": {"volatility_bp": 3.0}},
    {"name": "ETH", "venue": "venue", "start_price": 100.0, "price_levels": 1_024, "liquidity_scale": 0.5,
     "index": {"volatility_bp": 4.0}},
]  # fmt: skip
# What people do under stress: warnings answered, panic, stops, buyers of what is liquidated, makers who leave.
BUYERS: dict[str, Any] = {
    "kind": "liquidation_buyer", "name": "dip_buyers", "venue": "venue", "count": 12, "first_trigger_bp": 80.0,
    "last_trigger_bp": 900.0, "budget_of_open_interest": 0.2, "take_profit_bp": 150.0, "attention_s": 5.0,
    "window_s": 30.0,
}  # fmt: skip
STRESS = {
    "populations": [*POPULATIONS, BUYERS],
    "populations.speculators.reactions": {
        "attention_s": 4.0, "warning_ratio": 3.0, "target_ratio": 6.0, "late_delay_s": 10.0, "panic": 0.2,
        "panic_move_bp": 100.0, "panic_window_s": 10.0, "herding": 2.0, "leverage_band": 0.3,
        "answers": {"top_up": 0.2, "reduce": 0.2, "hedge": 0.2, "close": 0.1, "late": 0.2, "ignore": 0.1},
    },
    "populations.speculators.stops": {"share": 0.7, "loss_low": 0.1},
    "populations.makers.staying_share": 0.2,
    "populations.makers.leave_volatility_bp": 25.0,
    "populations.makers.leave_inventory": 0.6,
    "populations.makers.return_delay_s": 6.0,
}  # fmt: skip
CRASH = {
    "instruments.BTC.news": [{"start_step": 5, "duration_steps": 8, "size": -0.12}],
    "instruments.ETH.news": [{"start_step": 5, "duration_steps": 8, "size": -0.1}],
    "venues.venue.mark_price.clamp": None,
}
MIRRORED = {
    **CRASH,
    "prices": "arithmetic",
    "venues.venue.funding.interest_rate": 0.0,
    "venues.venue.mark_price.clamp": 0.05,
}


def small_scenario(settings: dict[str, Any] | None = None) -> Scenario:
    """The small world with dotted settings, `populations.makers.count`; items of lists are found by name."""
    tree: dict[str, Any] = {
        "name": "small", "steps": 80, "index_correlation": 0.5, "record": {"audit_every_steps": 1},
        "venues": {"venue": VENUE}, "instruments": INSTRUMENTS, "populations": POPULATIONS,
    }  # fmt: skip
    tree = copy.deepcopy(tree)
    for path, value in (settings or {}).items():
        node: Any = tree
        *parents, last = path.split(".")
        for word in parents:
            if isinstance(node, list):
                node = next(item for item in node if item["name"] == word)
            else:
                node = node.setdefault(word, {})
        node[last] = copy.deepcopy(value)
    scenario = Scenario.model_validate(tree)
    problems = check_scenario(scenario)
    assert not problems, problems
    return scenario


def small_session(settings: dict[str, Any] | None = None, seed: int = 1, users: tuple[UserTrader, ...] = ()) -> Session:
    """A session of the small world, ready to play."""
    return build_session(small_scenario(settings), seed=seed, user_traders=users)


def empty_session(owners: int, capital: float, settings: dict[str, Any] | None = None) -> Session:
    """An empty book and `owners` flat traders with money: the stage for tests that place their own orders."""
    nobody = [{"kind": "noise_trader", "name": "noise", "venue": "venue", "count": 1, "orders_per_s": 0.0}]
    users = tuple(UserTrader(f"owner_{i}", "venue", capital, 20.0) for i in range(owners))
    return small_session({"populations": nobody, **(settings or {})}, users=users)


def everybody_is_due(world: Any) -> None:
    """What a test sets by hand marks no account as touched: no check and no look is passed."""
    for radii in (world.safe_radius, world.safe_block, world.safe_section, world.look_radius, world.look_block):
        radii[FALL] = DUE


def inverse_settings(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """The small world as one inverse contract of ten quote units: a thousandth of its money, in coins; BTC alone."""
    populations = []
    for row in (settings or {}).get("populations", POPULATIONS):
        coins = {key: value / 1_000 for key, value in row.items() if key in ("capital", "order_median")}
        populations.append({**row, **coins})
    return {
        "instruments": [{**INSTRUMENTS[0], "liquidity_scale": 0.001}],
        "venues.venue.contracts": {"BTC": {"tick_size": 1.0, "lot_size": 10.0, "contract": "inverse"}},
        "venues.venue.margin.schedules": {"BTC": [[floor / 1_000, *rest] for floor, *rest in TIERS["BTC"]]},
        "venues.venue.liquidation": {"cap_per_step": 200.0, "price_band": 0.05, "fee_rate": 0.01},
        "venues.venue.waterfall": [
            {"kind": "insurance_fund", "size": 20.0, "throttle_per_step": 50.0}, {"kind": "auto_deleveraging"}
        ],
        **{path: value for path, value in (settings or {}).items() if ".ETH." not in path},
        "populations": populations,
    }  # fmt: skip
