"""One run in one flat record: the keys of summary.json. What did not happen is None; nothing is NaN."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.evidence.calls import call_figures
from sim.evidence.cascade import liquidation_forest
from sim.evidence.frames import RATE_PARTS
from sim.evidence.inputs import NamesLike, OpeningLike, RunFacts
from sim.evidence.margin_series import RISE_MINUTES, largest_rise, peak_to_trough
from sim.evidence.price_path import (
    deepest_fall,
    depth_trough_ratio,
    fall_legs,
    fall_recovered,
    fall_share_10min,
    filled_prices,
    open_interest_lost,
    overshoot_share,
    spread_median_bp,
    volatility_bp_per_minute,
)
from sim.terms.vocabulary import EVENT_AUTO_DELEVERAGING, EVENT_LIQUIDATION

Rows = NDArray[Any]
Record = dict[str, Any]


def summary(steps: Rows, events: Rows, funds: Rows, names: NamesLike, opening: OpeningLike, facts: RunFacts) -> Record:
    """The summary of a run from its STEPS, EVENTS and FUNDS rows (whole run), in quote units, bp and steps.

    Drawdown, recovery, depth, spread and volatility are those of the first instrument.
    """
    record: Record = {"seed": facts.seed, "config_hash": facts.config_hash, "steps": facts.steps}
    record |= _liquidations(steps, events, names, opening)
    record |= _price(steps, names, facts)
    record |= _fund(steps, events, funds, names, opening, facts)
    record |= _cascade(events)
    record |= _margin_rates(steps, facts)
    record |= call_figures(events, names)
    value = opening.open_interest_value
    record["open_interest_start"] = value
    record["mean_posted_margin"] = _ratio(opening.posted_margin, value)
    record["digest"] = facts.digest
    return {key: _plain(value) for key, value in record.items()}


def _ratio(part: float, whole: float) -> float | None:
    return float(part) / float(whole) if whole else None


def _plain(value: Any) -> Any:
    """Built-in types only, and never NaN or infinity."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _money(column: Rows, atom: float) -> float:
    """Sum of atoms in quote units; Python integers, so that the total cannot wrap."""
    return float(sum(column.tolist()) * atom)


def _liquidations(steps: Rows, events: Rows, names: NamesLike, opening: OpeningLike) -> Record:
    long = _money(steps["liquidated_long"], names.atom)
    short = _money(steps["liquidated_short"], names.atom)
    rows = events[events["kind"] == EVENT_LIQUIDATION]
    return {
        "liquidations": len(rows),
        "liquidated_accounts": len(np.unique(rows["actor"])),
        "first_liquidation_step": rows["step"][0] if len(rows) else None,
        "liquidated_notional": long + short,
        "liquidated_share_of_open_interest": _ratio(long + short, opening.open_interest_value),
        "long_share_of_liquidated": _ratio(long, long + short),
    }


def _price(steps: Rows, names: NamesLike, facts: RunFacts) -> Record:
    rows = steps[steps["instrument"] == 0]
    prices = filled_prices(rows["last_price"])
    fall = deepest_fall(prices)
    news_row = None
    if facts.news_step is not None and facts.news_step < facts.steps:
        news_row = int(np.searchsorted(rows["step"], facts.news_step))
    tick = names.tick_size[0]
    return {
        "price_drawdown": fall.drawdown,
        "price_high": None if fall.high_row is None else prices[fall.high_row] * tick,
        "price_low": None if fall.low_row is None else prices[fall.low_row] * tick,
        "price_low_step": None if fall.low_row is None else rows["step"][fall.low_row],
        "fall_recovered_10min": fall_recovered(prices, fall, facts.step_seconds, 600.0),
        "fall_recovered_60min": fall_recovered(prices, fall, facts.step_seconds),
        "fall_legs": fall_legs(prices, fall, facts.step_seconds),
        "open_interest_lost": open_interest_lost(rows, fall, facts.step_seconds),
        "fall_share_10min": fall_share_10min(prices, facts.step_seconds),
        "overshoot_share_of_fall": overshoot_share(rows, prices, fall),
        "depth_trough_ratio": depth_trough_ratio(rows, fall, facts.step_seconds, news_row),
        "spread_median_bp": spread_median_bp(rows),
        "volatility_bp_per_minute": volatility_bp_per_minute(prices, facts.step_seconds, news_row),
        "traded_notional": _money(steps["traded_value"], names.atom),
    }


def _fund(steps: Rows, events: Rows, funds: Rows, names: NamesLike, opening: OpeningLike, facts: RunFacts) -> Record:
    ends: dict[str, float] = {"net_drain": 0.0, "gross_drain": 0.0, "fund_equity": 0.0, "fund_cash": 0.0}
    for instrument in facts.first_instruments():
        rows = steps[steps["instrument"] == instrument]
        for name in ends:
            ends[name] += float(rows[name][-1]) * names.atom if len(rows) else 0.0
    need = _money(funds["need_max"], names.atom)
    deleveraged = events["actor"][events["kind"] == EVENT_AUTO_DELEVERAGING]
    liquidated = _money(steps["liquidated_long"], names.atom) + _money(steps["liquidated_short"], names.atom)
    adl_notional = _money(steps["adl_value"], names.atom)
    value = opening.open_interest_value
    exhausted = not facts.fund_inexhaustible and bool(
        (funds["exhausted_step"] >= 0).any() or (need > 0 and need >= opening.fund_start)
    )
    return {
        "gross_drain_bp": _bp(ends["gross_drain"], value),
        "net_drain_bp": _bp(ends["net_drain"], value),
        "fund_start": opening.fund_start,
        "fund_end": ends["fund_equity"],
        "fund_cash_end": ends["fund_cash"],
        "fund_exhausted": exhausted,
        "fund_inexhaustible": facts.fund_inexhaustible,
        "largest_need": need,
        "largest_need_bp": _bp(need, value),
        "first_fund_payment_step": _first_step(funds["first_payment_step"]),
        "first_refusal_step": _first_step(funds["exhausted_step"]),
        "first_adl_step": _first_step(funds["adl_first_step"]),
        "adl_notional": adl_notional,
        "adl_share_of_liquidated": _ratio(adl_notional, liquidated),
        "adl_accounts": len(np.unique(deleveraged)),
        "uncovered": _money(funds["uncovered"], names.atom),
    }


def _bp(amount: float, value: float) -> float | None:
    share = _ratio(amount, value)
    return None if share is None else share * 1e4


def _cascade(events: Rows) -> Record:
    forest = liquidation_forest(events)
    return {
        "branching_ratio": forest.branching_ratio,
        "cascade_roots": forest.roots,
        "cascade_largest": int(forest.tree_sizes[0]) if len(forest.event) else None,
        "cascade_depth": forest.deepest if len(forest.event) else None,
    }


def _margin_rates(steps: Rows, facts: RunFacts) -> Record:
    """Level and procyclicality of the first tier's rates in force, of the first instrument."""
    rows = steps[steps["instrument"] == 0]
    record: Record = {}
    for side in ("maintenance", "initial"):
        rates = rows[f"{side}_rate"] / RATE_PARTS
        record[f"{side}_rate_mean"] = rates.mean() if len(rates) else None
        record[f"{side}_peak_to_trough"] = peak_to_trough(rates)
        for minutes in RISE_MINUTES:
            record[f"{side}_rise_{minutes}min"] = largest_rise(rates, round(60 * minutes / facts.step_seconds))
    return record


def _first_step(steps: Rows) -> int | None:
    """The earliest step over venues; None where it never happened."""
    return min((step for step in steps.tolist() if step >= 0), default=None)


def who_paid(funds: Rows, net_drain: float, atom: float) -> dict[str, float]:
    """Who bore the cost of liquidations, in quote units: the payers in the order of the waterfall.

    Liquidated accounts: fees and what was left of their margin, all of which the fund got. Fund: its net drain (quote
    units), so that nothing counts twice. Auto-deleveraged traders: loss against the mark. Uncovered: paid by nobody.
    """
    return {
        "Liquidated accounts\n(fees, rest of margin)": _money(funds["fees"] + funds["surplus"], atom),
        "Insurance fund\n(start minus end)": net_drain,
        "Auto-deleveraged\ntraders' loss": _money(funds["adl_loss"], atom),
        "Uncovered": _money(funds["uncovered"], atom),
    }
