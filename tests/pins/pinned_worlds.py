"""Twenty configurations that between them use every part and every choice of a dial, and what their bytes hash to.

A world is a scenario of the package or a file of tests/pins/worlds, with settings, a seed, and event kinds that must
happen in it: a market in which nothing happens would pin nothing. Most play the October market, made small and with its
fall at the beginning, under one venue's rule book; the crowd has every kind of population. Two are played twice, once
with mirrored draws.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from sim.parts import Record
from sim.runs.run import simulate
from sim.scenario import Scenario, load
from sim.terms.vocabulary import EVENT_KINDS

FOLDER = Path(__file__).parent
FALL = [{"start_step": 5, "duration_steps": 8, "size": -0.12}]
SOLD = ("liquidation", "liquidation_sale", "default")
ALL_HEDGE = {"top_up": 0.0, "reduce": 0.0, "hedge": 1.0, "close": 0.0, "late": 0.0, "ignore": 0.0}
MOVING = {"update_every_steps": 3, "volatility": {"multiple": 4.0, "return_steps": 1, "least_returns": 5}}
OF_MARK = {"measure": "expected_shortfall", "of": "mark", "multiple": 2.0, "window": 12, "quantile": 0.8}
AT_RISK = {
    "volatility": {"measure": "value_at_risk", "multiple": 2.0, "window": 12, "quantile": 0.8},
    "anti_procyclicality": {"buffer": 0.25, "floor": 0.003, "max_step": 0.1, "released_above": 0.02},
}
CALLS = {"warn": 2.0, "restrict": 1.0, "liquidate": 0.4, "deadline_steps": 4, "delivery_steps": 2, "restore": 1.3}
FUND = {"kind": "insurance_fund", "size": 20_000.0}


class World(NamedTuple):
    """One pinned configuration."""

    scenario: str
    settings: dict[str, Any]
    shows: tuple[str, ...]
    seed: int = 1
    antithetic: bool = False


def october(rules: str, *shows: str, **more: Any) -> World:
    """The October market under a venue's rule book; settings below `binance`, or whole paths with a dot in front."""
    settings = {
        "steps": 40, "instruments.BTCUSDT.news": FALL, "instruments.ETHUSDT.news": FALL, "venues.binance.rules": rules,
        "populations.speculators.count": 400, "populations.trend.leverage_median": 8.0,
    }  # fmt: skip
    for path, value in more.pop("settings", {}).items():
        settings[path[1:] if path.startswith(".") else f"venues.binance.{path}"] = value
    return World("btc_2025_10_10", settings, shows, **more)


def crowd(*shows: str, file: str = "crowd.yaml", **settings: Any) -> World:
    """The crowd with changes of its venue: the margin, the liquidation or the waterfall."""
    changes: dict[str, Any] = settings.pop("world", {})
    for part, dials in settings.items():
        changes |= {f"venues.venue.{part}.{name}": value for name, value in dials.items()}
    return World(file, changes, shows, seed=3)


WORLDS = {
    "baseline": World("baseline", {"steps": 60, "record.order_events": True, "venues.binance.mark_price.kind": "mid"},
                      ("fill", "trading_fee", "order_rested", "order_removed")),
    "binance_2026": october(
        "binance_usdm_2026_09", *SOLD, "auto_deleveraging", "scope_switch", settings={
            ".switches": [{"step": 7, "population": "speculators", "to": "isolated", "share": 0.5}]}),
    "binance_2021_hedge_mode": october(
        "binance_usdm_2021_03", *SOLD, "legs_locked", "fill", settings={
            "margin.hedge_mode": True, "margin.netting": "net", "margin.initial": "multiple_of_maintenance",
            "waterfall.auto_deleveraging.price": "previous_mark", ".margin_check": "brute_force",
            ".record.order_events": True, ".populations.speculators.reactions.answers": ALL_HEDGE}),
    "bitmex": october("bitmex_2020_03", *SOLD[:2], "liquidation_fee", "top_up", settings={
        "liquidation.fee_rate": 0.001, "margin.auto_top_up": True, "margin.isolated_reserve_share": 0.1}),
    "bybit": october("bybit_usdt_2024", *SOLD, "auto_deleveraging", settings={
        "margin.closing_fee": {"rate": 0.001, "basis": "bankruptcy"}, "margin.unrealised_profit_credit": 0.5,
        "liquidation.queue": "account", ".populations.speculators.stops.trigger": "last",
        ".switches": [{"step": 7, "population": "speculators", "to": "cross"}]}),
    "deribit_moving_margins": october("deribit_futures_2022_01", *SOLD, settings={
        "margin.dynamics": {"maintenance": MOVING, "initial": {"volatility": OF_MARK}},
        "margin.schedules.BTCUSDT.initial.mode": "marginal", "liquidation.cancel_orders": "instrument"}),
    "drift": october("drift_2024", *SOLD, "auto_deleveraging", settings={
        "waterfall": [{"kind": "auto_deleveraging"}], ".instruments.BTCUSDT.index.distribution": "student_t",
        ".instruments.ETHUSDT.index": {"kind": "points", "points": [[0, 4_370.0], [40, 3_900.0]]},
        ".instruments.ETHUSDT.news": []}),
    "dydx": october("dydx_v4_2024", *SOLD, "auto_deleveraging", settings={
        "liquidation.selection": "random", "waterfall.auto_deleveraging.ranking": "random_start",
        "liquidation.queue": "shuffled"}),
    "hyperliquid": october("hyperliquid_2025_10", *SOLD, "take_over", "auto_deleveraging", settings={
        "waterfall.auto_deleveraging.ranking": "mark_entry_leverage", "liquidation.selection": "largest_loss",
        "margin.initial": "max_with_maintenance", ".populations.speculators.collateral_allocation": "worst_first"}),
    "kraken_hedge_mode": october("kraken_futures_2026", *SOLD, "take_over", settings={
        "waterfall.insurance_fund.inventory_policy": "hedge", "liquidation.selection": "all",
        ".populations.speculators.collateral_allocation": "even"}),
    "okx": october("okx_2025", *SOLD, "margin_warning", "fund_payment", settings={
        "margin.calls": {**CALLS, "deadline_steps": 0, "delivery_steps": 0, "liquidate": None},
        "liquidation.latency_steps": 2, "liquidation.impact": "off"}),
    "synthetix": october("synthetix_perps_v3_2024", "liquidation", "take_over", settings={
        "margin.hedge_mode": True, "margin.netting": "larger_side", "liquidation.cancel_orders": "none",
        "waterfall.insurance_fund.inventory_policy": "hold", "waterfall.insurance_fund.hold_steps": 9,
        ".populations.speculators.collateral_allocation": "pool"}),
    "calm_2024": World("calm_2024_08_08", {"steps": 60}, (), 2),
    "inverse": World("inverse_perpetual", {
        "steps": 60, "instruments.XBTUSD.news": [{"start_step": 5, "duration_steps": 20, "size": -0.3}],
        "populations.speculators.count": 400, "populations.speculators.leverage_median": 12.0}, SOLD),
    "slow_sell_off_calls": World("slow_sell_off", {
        "steps": 60, "instruments.BTCUSDT.news": [{"start_step": 5, "duration_steps": 40, "size": -0.1}],
        "populations.speculators.count": 400, "venues.binance.margin.calls": CALLS,
        "venues.binance.margin.scope": "isolated", "venues.binance.margin.dynamics": {
            "maintenance": AT_RISK, "applies_to": "new"},
        "populations.speculators.leverage_rule": "quantile_of_admissible"},
        ("margin_warning", "margin_call", "call_payment", "call_met", "call_missed", "restriction", "liquidation")),
    "zero_intelligence": World("zero_intelligence", {"steps": 300, "record.order_events": True},
                               ("fill", "order_rested", "order_removed")),
    "crowd_with_code": crowd(*SOLD, "take_over", "funding", "legs_locked", "legs_unlocked",
                             file="crowd_with_code.yaml"),
    "crowd_isolated": crowd("liquidation", "take_over", "transfer", margin={"scope": "isolated"}, liquidation={
        "execution": "dutch_auction", "auction": {"start": 1.01, "floor": 0.95, "duration_steps": 6, "resets": 1},
        "target": "full"}, mark_price={"kind": "last"}, world={"record.order_events": True}),
    "crowd_auctions": crowd("liquidation", "take_over", "default", liquidation={
        "execution": "dutch_auction", "auction": {"start": 1.02, "floor": 0.9, "fall": "exponential", "resets": 1},
        "target": "full", "leftover_to": "liquidator", "bonus": 0.002}, waterfall={
        "insurance_fund": FUND}),
    "crowd_mirrored_transfers": crowd("liquidation", "take_over", liquidation={
        "execution": "transfer", "transfer_price": "discount", "discount": 0.002, "target": "close_factor",
        "selection": "pro_rata", "impact": "on"}, world={"prices": "arithmetic", "mirror": True}),
}  # fmt: skip
# The second runs of two pairs, whose draws mirror those of the first.
WORLDS |= {f"{name}_antithetic": WORLDS[name]._replace(antithetic=True) for name in ("binance_2026", "crowd_isolated")}


def played(world: World) -> tuple[Scenario, Any]:
    """The scenario of a world and its run."""
    file = FOLDER / "worlds" / world.scenario
    scenario = load(file if file.suffix else world.scenario, world.settings)
    return scenario, simulate(scenario, world.seed, allow_code=True, antithetic=world.antithetic)


def pin_of(name: str) -> dict[str, str]:
    """SHA-256 of the configuration, the last state, steps, events and the summary of a world, floats by repr.

    The summary's own hashes are left out, so that each pin says what it says alone.
    """
    scenario, result = played(WORLDS[name])
    happened = {EVENT_KINDS[kind] for kind in result.events["kind"]}
    assert happened >= set(WORLDS[name].shows), f"{name}: {sorted(set(WORLDS[name].shows) - happened)} never happen"
    record = {key: value for key, value in result.summary.items() if key not in ("config_hash", "digest")}
    return {
        "configuration": scenario.config_hash,
        "state": result.summary["digest"],
        "steps": _sha256(result.steps),
        "events": _sha256(result.events),
        "profits": _sha256(result.profit_steps),
        "summary": sha256(repr(record).encode()).hexdigest(),
        "evaluation": sha256(repr(result.evaluation).encode()).hexdigest(),
    }


def _sha256(rows: Any) -> str:
    """Of the columns' names, types and bytes."""
    return sha256(repr(rows.dtype).encode() + rows.tobytes()).hexdigest()


def choices_of(record: Any) -> set[tuple[str, str, Any]]:
    """(record, dial, value) of each dial with a fixed set of values, in a scenario and all that it holds."""
    if isinstance(record, dict):
        record = tuple(record.values())
    if isinstance(record, tuple | list):
        return set().union(*map(choices_of, record))
    if not isinstance(record, Record):
        return set()
    own = {name for name, value in all_choices(type(record))}
    found = {(type(record).__name__, name, getattr(record, name)) for name in own}
    return found.union(*(choices_of(getattr(record, name)) for name in type(record).model_fields))


def all_choices(kind: type[Record]) -> Iterator[tuple[str, Any]]:
    """(dial, value) of each value that a dial of a fixed set may have, None aside."""
    for name, field in kind.model_fields.items():
        if get_origin(field.annotation) is Literal:
            yield from ((name, value) for value in get_args(field.annotation))


def records_below(kind: Any) -> set[type[Record]]:
    """A record and all records that its fields may hold."""
    if isinstance(kind, type) and issubclass(kind, Record):
        return {kind}.union(*(records_below(field.annotation) for field in kind.model_fields.values()))
    return set().union(*map(records_below, get_args(kind)))
