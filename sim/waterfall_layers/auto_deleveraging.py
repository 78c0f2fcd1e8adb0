"""Auto-deleveraging: opposite positions are closed, in an order and at a price that the venue's rules state."""

from typing import Literal

import numpy as np

from sim.parts import Record, dial
from sim.rules.bankruptcy import value_at_mark
from sim.rules.exchange import shrink_if_needed
from sim.rules.margin import account_margin, account_of
from sim.rules.rounding import share_floor
from sim.rules.settlement import move_lots, settle_collateral
from sim.rules.sorting import ROW_BITS, ROW_MASK, sort_keys
from sim.rules.worth import unit
from sim.streams import below, draw
from sim.terms import kernel
from sim.terms.vocabulary import (
    DRAW_DELEVERAGING,
    EVENT_AUTO_DELEVERAGING,
    PRICE_PREVIOUS_MARK,
    RANKING_MARK_ENTRY_LEVERAGE,
    RANKING_RANDOM_START,
)


class AutoDeleveraging(Record):
    """Takes what no layer above could; a counterparty that would sink is passed over."""

    kind: Literal["auto_deleveraging"] = "auto_deleveraging"
    ranking: Literal["profit_leverage", "mark_entry_leverage", "random_start"] = dial(
        "profit_leverage",
        "highest first: profit share x leverage; mark / entry x notional / equity; or in turn from a drawn start",
        source="BitMEX, Binance; Hyperliquid; dYdX v4",
    )
    price: Literal["bankruptcy", "previous_mark"] = dial(
        "bankruptcy",
        "bankruptcy price of the account in default, or the mark of the step before",
        source="most venues; Hyperliquid",
    )


SCORE_MAX = 1e6
SCORE_SCALE = 1e6  # scores are compared to six decimals; nearer ones go by trader
RANKING_LIFE_STEPS = 10  # a ranking serves this long; every candidate is looked at again before it is used


@kernel
def deleverage(world, v, k, trader, lots, share, cause):
    """Close up to `lots` of a defaulted position against opposites in their order; lots closed.

    `share` is the equity that is handed on at the bankruptcy price. A counterparty that would sink is passed over.
    """
    clock = world.clock
    n_traders = clock[0]["n_traders"]
    row = k * n_traders + trader
    size = world.position_size[row]
    lots = min(lots, abs(size))
    sign = 1 if size > 0 else -1
    instrument = world.instruments[k]
    price = instrument["mark_price"]
    at_previous = world.venues[v]["adl_price"] == PRICE_PREVIOUS_MARK
    if at_previous:
        price = instrument["previous_mark"]
    old = clock[0]["step"] - instrument["adl_step"] >= RANKING_LIFE_STEPS
    spent = instrument["adl_next"] >= instrument["adl_rows"] and instrument["adl_rows"] == world.ranking.shape[1]
    if instrument["adl_side"] != -sign or old or spent:
        rank_counterparties(world, v, k, -sign)
    closed = 0
    while closed < lots and instrument["adl_next"] < instrument["adl_rows"]:
        other = world.ranking[k, instrument["adl_next"]]
        held = world.position_size[k * n_traders + other]
        part = min(lots - closed, abs(held))
        if held * sign >= 0 or other == trader:
            instrument["adl_next"] += 1
            continue
        if at_previous:
            handed = sign * part * (unit(instrument, instrument["mark_price"]) - unit(instrument, price))
        else:
            handed = share_floor(share, part, abs(size))
        account = account_of(world, other, k)
        equity, _ = account_margin(world, account)
        if equity + handed < 0:
            instrument["adl_next"] += 1
            continue
        amount = sign * part * unit(instrument, instrument["mark_price"]) - handed
        move_lots(world, EVENT_AUTO_DELEVERAGING, k, trader, other, sign * part, amount, price, cause)
        settle_collateral(world, k, other, held, 0, 0, False)
        shrink_if_needed(world, k, other)
        _note(world, v, k, part, handed)
        closed += part
        share -= handed
        size = world.position_size[row]
    return closed


@kernel
def _note(world, v, k, part, handed):
    value = value_at_mark(world, k, part)
    world.instruments[k]["adl_now"] += value
    world.funds[v]["adl_notional"] += value
    world.funds[v]["adl_count"] += 1
    if handed < 0:
        world.funds[v]["adl_loss"] -= handed
    if world.funds[v]["adl_first_step"] < 0:
        world.funds[v]["adl_first_step"] = world.clock[0]["step"]


@kernel
def rank_counterparties(world, v, k, side):
    """Candidates with positions of sign `side` in the venue's order, ties by trader."""
    clock = world.clock
    n_traders = clock[0]["n_traders"]
    instrument = world.instruments[k]
    ranking = world.venues[v]["adl_ranking"]
    words = draw(world, int(0), clock[0]["step"], k, DRAW_DELEVERAGING)
    start = below(words[0], n_traders)
    keys = np.empty(n_traders, np.int64)
    found = 0
    for trader in range(n_traders):
        population = world.populations[world.traders[trader]["population"]]
        size = world.position_size[k * n_traders + trader]
        if size * side <= 0 or population["exempt"] != 0:
            continue
        account = account_of(world, trader, k)
        equity, _ = account_margin(world, account)
        if equity <= 0:
            continue
        if ranking == RANKING_RANDOM_START:
            keys[found] = ((trader - start) % n_traders << ROW_BITS) | trader
        else:
            score = profit_score(world, k, trader, equity, ranking)
            keys[found] = (int(-min(max(score, -SCORE_MAX), SCORE_MAX) * SCORE_SCALE) << ROW_BITS) | trader
        found += 1
    sort_keys(keys, found)
    found = min(found, world.ranking.shape[1])  # a list that is used up is ranked anew
    for i in range(found):
        world.ranking[k, i] = keys[i] & ROW_MASK
    instrument["adl_side"] = side
    instrument["adl_step"] = clock[0]["step"]
    instrument["adl_rows"] = found
    instrument["adl_next"] = 0


@kernel
def profit_score(world, k, trader, equity, ranking):
    """Profit share x leverage, a loss divided by it; or mark / entry x leverage, for a short its mirror image."""
    instrument = world.instruments[k]
    size = world.position_size[k * world.clock[0]["n_traders"] + trader]
    entry = world.entry_value[k * world.clock[0]["n_traders"] + trader]
    paid = value_at_mark(world, k, size) if world.clock[0]["arithmetic"] != 0 else max(abs(entry), 1)
    profit = float(size * unit(instrument, instrument["mark_price"]) - entry) / float(paid)
    leverage = float(value_at_mark(world, k, size)) / float(equity)
    if ranking == RANKING_MARK_ENTRY_LEVERAGE:
        return max(1.0 + profit, 0.0) * leverage
    return profit * leverage if profit > 0.0 else profit / leverage
