"""Dials of venues and populations as table rows: rates a step, fractions, lots."""

from dataclasses import dataclass
from fractions import Fraction
from math import exp, inf, log, sqrt
from typing import Any

import numpy as np

from sim.scenario.call_dials import fill_calls
from sim.scenario.flow_dials import fill_flow, fill_stoikov, fill_stoikov_desk, flow_quotes, stoikov_quotes
from sim.scenario.policy_dials import NO_LIMIT, choice, fill_policy
from sim.scenario.records import Instrument, Scenario, Venue
from sim.scenario.signal_dials import fill_signal_desk, fill_signals, keep_of
from sim.strategies import AvellanedaStoikov, MarketMaker, Reactions, StopUse, ZeroIntelligence
from sim.strategies.market_maker import FRESH_SLOT, TOUCH_SLOTS
from sim.tables import layout
from sim.terms import vocabulary as words

KINDS = {
    "market_maker": words.MARKET_MAKER,
    "noise_trader": words.NOISE_TRADER,
    "arbitrageur": words.ARBITRAGEUR,
    "trend_follower": words.TREND_FOLLOWER,
    "leveraged_speculator": words.LEVERAGED_SPECULATOR,
    "basis_trader": words.BASIS_TRADER,
    "liquidation_buyer": words.LIQUIDATION_BUYER,
    "liquidator": words.LIQUIDATOR,
    "fundamentalist": words.FUNDAMENTALIST,
    "chartist": words.CHARTIST,
    "momentum_trader": words.MOMENTUM_TRADER,
    "mean_reversion_trader": words.MEAN_REVERSION_TRADER,
    "hawkes_trader": words.HAWKES_TRADER,
    "funding_trader": words.FUNDING_TRADER,
    "python": words.USER_TRADER,
    "zero_intelligence": words.ZERO_INTELLIGENCE,
    "avellaneda_stoikov": words.AVELLANEDA_STOIKOV,
    "static_book": words.STATIC_BOOK,
}
BP = 1e-4


def fill_venue(row: np.void, venue: Venue, atom: Fraction, fee_scale: int) -> None:
    """Fees and the dials of liquidation and waterfall; money in atoms, absent limits as -1."""
    row["maker_fee"] = round(venue.fees.maker_rate * fee_scale)
    row["taker_fee"] = round(venue.fees.taker_rate * fee_scale)
    fill_policy(row, venue.liquidation, atom, fee_scale)
    fill_calls(row, venue.margin.calls, fee_scale)
    row["auto_top_up"] = int(venue.margin.auto_top_up)
    row["throttle_atoms"] = NO_LIMIT
    for place, layer in enumerate(venue.waterfall):
        if layer.kind == "insurance_fund":
            row["fund_on"], row["inventory_policy"] = 1, choice(layer, "inventory_policy")
            row["hold_steps"] = NO_LIMIT if layer.hold_steps is None else layer.hold_steps
            row["hold_gain"] = NO_LIMIT if layer.hold_until_gain is None else round(layer.hold_until_gain * fee_scale)
            row["hedge_cost"] = round(layer.hedge_cost * fee_scale)
            row["stressed_rate"] = round(layer.stressed_close_out_rate * fee_scale)
            if layer.throttle_per_step is not None:
                row["throttle_atoms"] = round(layer.throttle_per_step / float(atom))
        else:
            fund_after = any(other.kind == "insurance_fund" for other in venue.waterfall[place + 1 :])
            row["adl_ranking"], row["adl_price"] = choice(layer, "ranking"), choice(layer, "price")
            row["adl_on"] = words.ADL_BEFORE_FUND if fund_after else words.ADL_AFTER_FUND


def fill_population(row: np.void, record: Any, scenario: Scenario) -> None:
    """The dials of one population; sizes stay in quote units (a desk knows lots), rates are per step."""
    dt, thinning = scenario.step_seconds, scenario.flow_thinning
    row["kind"] = KINDS[record.kind]
    if record.kind == "market_maker":
        _fill_maker(row, record, dt, thinning)
    elif record.kind == "noise_trader":
        row["rate_per_step"] = record.orders_per_s * dt / thinning
        row["size_median"] = record.mean_order * exp(-(record.size_sigma**2) / 2.0) * thinning
        row["size_sigma"], row["size_max"] = record.size_sigma, record.max_order * max(thinning, 1.0)
        row["slippage"] = record.slippage
        row["reach"] = record.reach_bp * BP if record.reach == "exponential" else 0.0
        row["at_index"] = int(record.anchor == "index")
    elif record.kind == "zero_intelligence":
        fill_flow(row, record, dt, thinning)
    elif record.kind == "avellaneda_stoikov":
        fill_stoikov(row, record, dt)
        row["volatility_keep"] = 1.0 if record.volatility_bp else keep_of(record.volatility_half_life_s, dt)
    elif record.kind == "static_book":
        row["n_levels"], row["window_ticks"] = record.depth_ticks, record.closest_ticks
        row["order_lots"] = record.lots_per_tick
    elif record.kind == "arbitrageur":
        row["at_index"] = int(record.anchor == "index")
        row["band"] = record.band_bp * BP
        row["speed"] = record.speed_per_bp / BP * dt
        row["cap"] = record.cap_per_s * dt
        row["inventory_limit"] = record.inventory_limit / record.count
        row["layoff_share"] = 1.0 - keep_of(record.layoff_half_life_s, dt)
    elif record.kind == "trend_follower":
        row["rate_per_step"] = record.orders_per_s * dt  # an entry is a wallet: thinning leaves it whole
        row["trigger"], row["slippage"] = record.trigger_bp * BP, record.slippage
        row["window_steps"] = max(round(record.window_s / dt), 1)
    elif record.kind == "leveraged_speculator":
        row["rate_per_step"] = record.trades_per_s * dt / thinning
        row["size_median"], row["size_sigma"] = record.trade_median * thinning, record.trade_sigma
        row["size_max"], row["slippage"] = record.trade_max * max(thinning, 1.0), record.slippage
        row["long_share"] = record.long_share
    elif record.kind == "basis_trader":
        row["unwind_band"], row["cap"] = record.unwind_band_bp * BP, record.unwind_cap_per_s * dt
    elif record.kind == "liquidator":
        row["take_profit"], row["opinion_sigma"] = record.required_profit_bp * BP, record.required_profit_sigma
        row["look_steps"] = record.latency_steps_max
        row["layoff_share"] = 1.0 - keep_of(record.layoff_half_life_s, dt)
    elif record.kind == "liquidation_buyer":
        row["rate_per_step"] = record.orders_per_s * dt  # an entry is a wallet: thinning leaves it whole
        row["trigger"], row["last_trigger"] = record.first_trigger_bp * BP, record.last_trigger_bp * BP
        row["window_steps"] = max(round(record.window_s / dt), 1)
        row["look_steps"] = max(round(record.attention_s / dt), 1)
        row["take_profit"], row["slippage"] = record.take_profit_bp * BP, record.slippage
    fill_signals(row, record, scenario)
    _fill_reactions(row, getattr(record, "reactions", None), dt)
    row["worst_first"] = int(getattr(record, "collateral_allocation", "") == "worst_first")
    _fill_stops(row, getattr(record, "stops", None))


def _fill_reactions(row: np.void, reactions: Reactions | None, dt: float) -> None:
    """Looks, warnings and answers; answers as a cumulative distribution."""
    if reactions is None:
        return
    row["attention_steps"] = max(round(reactions.attention_s / dt), 1)
    row["warning_ratio"], row["target_ratio"] = reactions.warning_ratio, reactions.target_ratio
    row["pays_calls"] = reactions.pays_calls
    total = 0.0
    for answer in ("top_up", "reduce", "hedge", "close", "late"):
        total += getattr(reactions.answers, answer)
        row[f"answer_{answer}"] = total
    # A chance c at each look waits (1 / c - 1) looks on average after the first.
    period = int(row["attention_steps"]) * dt
    row["late_chance"] = period / (period + reactions.late_delay_s)
    row["panic"], row["panic_move"] = reactions.panic, reactions.panic_move_bp * BP
    row["panic_steps"] = max(round(reactions.panic_window_s / dt), 1)
    row["herding"], row["reaction_slippage"] = reactions.herding, reactions.slippage
    row["leverage_band"] = reactions.leverage_band or 0.0


def _fill_stops(row: np.void, stops: StopUse | None) -> None:
    if stops is not None:
        row["stop_share"], row["stop_low"], row["stop_high"] = stops.share, stops.loss_low, stops.loss_high
        row["stop_slippage"] = NO_LIMIT if stops.slippage is None else stops.slippage
        row["reward_to_risk"], row["stop_last"] = stops.reward_to_risk, int(stops.trigger == "last")


def _fill_maker(row: np.void, record: MarketMaker, dt: float, thinning: float) -> None:
    row["n_levels"], row["jitter"] = record.levels, record.jitter
    row["n_quotes"] = int(row["n_traders"]) * 2 * record.levels
    if record.profile is not None:
        quotes = profile_quotes(record, dt, thinning)
        row["n_quotes"], row["n_fresh"] = len(quotes), sum(quote.fresh for quote in quotes)
    row["depth"], row["reprice"] = record.depth, record.reprice_bp * BP
    row["reprice_exponent"] = record.reprice_exponent
    row["refresh_share"] = min(dt / record.quote_life_s, 1.0)
    row["skew"] = record.skew_bp * BP
    row["volatility_keep"] = keep_of(record.volatility_half_life_s, dt)
    for column, limit in (
        ("volatility_threshold", record.volatility_threshold_bp),
        ("leave_volatility", record.leave_volatility_bp),
    ):
        row[column] = inf if limit is None else limit * BP * sqrt(dt)
    row["leave_inventory"] = inf if record.leave_inventory is None else record.leave_inventory
    row["return_delay"] = round(record.return_delay_s / dt)
    row["return_share"] = min(dt / record.return_time_s, 1.0)
    row["size_floor"], row["staying"] = max(record.size_floor, 1e-6), record.staying_share
    row["pull"] = min(record.index_pull_per_s * dt, 1.0)
    row["inventory_limit"] = record.inventory_limit * record.depth
    row["layoff_share"] = 1.0 - keep_of(record.layoff_half_life_s, dt)


@dataclass(frozen=True)
class Desk:
    """One population in one instrument: how money becomes lots."""

    scenario: Scenario
    instrument: Instrument
    row: np.void
    atom: Fraction

    @property
    def scale(self) -> float:
        """Lots x ticks that one quote unit buys, times the liquidity scale of the instrument."""
        return self.instrument.liquidity_scale / float(self.atom) / float(self.row["tick_value"])

    def fill(self, desk: np.void, record: Any, population: np.void) -> None:
        """Start values."""
        desk["scale"], desk["size_factor"], desk["share"] = self.scale, 1.0, 1.0
        desk["centre"] = desk["previous_mid"] = desk["previous_value"] = float(self.row["reference_price"])
        desk["average"] = float(self.row["reference_price"])
        fill_signal_desk(desk, record, population, self.instrument.index.volatility_bp, self.scenario.step_seconds)
        if isinstance(record, AvellanedaStoikov):
            contract, start = self.scenario.contract_of(self.instrument), self.instrument.start_price
            fill_stoikov_desk(desk, record, start, contract.tick_size, self.scenario.step_seconds)

    def lots(self, money: float) -> float:
        """Lots that quote money buys at the start price."""
        start = float(self.row["reference_price"])
        return money * self.scale / (1.0 / start if self.row["inverse"] else start)


def depth_profile(record: MarketMaker) -> list[tuple[float, float]]:
    """(distance as a fraction, money a side) of each quote of the whole population: cumulative depth is a power law."""

    def cumulative(bp: float) -> float:
        power = record.inner_exponent if bp <= record.inner_bp else record.outer_exponent
        return float(record.depth * (bp / record.inner_bp) ** power)

    n = record.levels
    step = log(record.farthest_bp / record.closest_bp) / max(n - 1, 1)
    distances = [record.closest_bp * exp(step * j) for j in range(n)]
    edges = [0.0, *(d * exp(step / 2.0) for d in distances)]
    return [(d * BP, cumulative(edges[j + 1]) - cumulative(edges[j])) for j, d in enumerate(distances)]


@dataclass(frozen=True)
class Quote:
    """One quote of a profile: 1 for an ask and -1 for a bid, distance as a fraction, money, whether it is fresh."""

    away: int
    distance: float
    money: float
    fresh: bool


def profile_quotes(record: MarketMaker, dt: float, thinning: float) -> list[Quote]:
    """As many quotes in each bin as give its rate at their life, evenly spaced, fresh ones first."""
    quotes: list[Quote] = []
    before = (0.0, 0.0, 0.0)
    for part in record.profile or ():
        fresh = part.to_bp <= record.fresh_bp
        life = dt if fresh else max(record.quote_life_s, dt)
        count = max(round(part.increases_per_s * life / 2.0 / thinning), 1)
        width = part.to_bp - before[0]
        for i in range(count):
            # The first bin begins at the centre itself, so that the spread is one tick; the others at half a gap.
            distance = (before[0] + width * (i + (0.5 if before[0] > 0.0 else 0.0)) / count) * BP
            quotes.append(Quote(1, distance, (part.ask_money - before[2]) / count, fresh))
            quotes.append(Quote(-1, distance, (part.bid_money - before[1]) / count, fresh))
        before = (part.to_bp, part.bid_money, part.ask_money)
    return sorted(quotes, key=lambda quote: not quote.fresh)


def _profile_rows(record: MarketMaker, row: np.void, p: int, k: int, desk: Desk) -> np.ndarray:
    """QUOTES of a profile, dealt out to the makers in turn."""
    table = np.zeros(int(row["n_quotes"]), layout.QUOTES)
    flip = -1 if desk.scenario.mirror else 1
    for i, made in enumerate(profile_quotes(record, desk.scenario.step_seconds, desk.scenario.flow_thinning)):
        quote = table[i]
        quote["population"], quote["instrument"] = p, k
        quote["slot"] = FRESH_SLOT if made.fresh else TOUCH_SLOTS
        quote["owner"] = int(row["first_trader"]) + i // 2 % int(row["n_traders"])
        quote["away"], quote["distance"] = made.away * flip, made.distance
        quote["lots"] = max(round(desk.lots(made.money)), 1)
        quote["order_id"] = words.NONE
    return table


def population_quotes(record: Any, row: np.void, p: int, k: int, desk: Desk) -> np.ndarray:
    """QUOTES of one population in one instrument, no rows where a population has none."""
    if isinstance(record, MarketMaker):
        table = quote_rows(record, row, p, k, desk)
    elif isinstance(record, ZeroIntelligence):
        table = flow_quotes(row, max(round(desk.lots(record.order_notional * desk.scenario.flow_thinning)), 1))
    elif isinstance(record, AvellanedaStoikov):
        tick = desk.scenario.contract_of(desk.instrument).tick_size
        table = stoikov_quotes(record, row, tick, max(round(desk.lots(record.order_notional)), 1))
    else:
        table = np.zeros(0, layout.QUOTES)
    table["population"], table["instrument"], table["order_id"] = p, k, words.NONE
    return table


def quote_rows(record: MarketMaker, row: np.void, p: int, k: int, desk: Desk) -> np.ndarray:
    """QUOTES of one population in one instrument: each maker, each level, both sides; or those of its profile."""
    if record.profile is not None:
        return _profile_rows(record, row, p, k, desk)
    makers = int(row["n_traders"])
    table = np.zeros(int(row["n_quotes"]), layout.QUOTES)
    flip = -1 if desk.scenario.mirror else 1
    i = 0
    for maker in range(makers):
        for slot, (distance, money) in enumerate(depth_profile(record)):
            for away in (1, -1):
                quote = table[i]
                quote["population"], quote["instrument"], quote["slot"] = p, k, slot
                quote["owner"] = int(row["first_trader"]) + maker
                quote["away"], quote["distance"] = away * flip, distance
                quote["lots"] = max(round(desk.lots(money) / makers), 1)
                quote["order_id"] = words.NONE
                i += 1
    return table
