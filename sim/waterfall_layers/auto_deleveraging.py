"""Auto-deleveraging: ranked opposite positions are closed at the bankruptcy price of the account in default."""

from typing import Literal

import numpy as np

from sim.parts import Record
from sim.rules.bankruptcy import value_at_mark
from sim.rules.exchange import shrink_if_needed
from sim.rules.margin import account_margin, account_of
from sim.rules.rounding import share_floor
from sim.rules.settlement import move_lots, settle_collateral
from sim.rules.sorting import ROW_BITS, ROW_MASK, sort_keys
from sim.terms import kernel
from sim.terms.vocabulary import EVENT_AUTO_DELEVERAGING


class AutoDeleveraging(Record):
    """Takes what no layer above could. Rank: profit times effective leverage, highest first."""

    kind: Literal["auto_deleveraging"] = "auto_deleveraging"


SCORE_MAX = 1e6
SCORE_SCALE = 1e6  # scores are compared to six decimals; nearer ones go by trader
RANKING_LIFE_STEPS = 10  # a ranking serves this long; every candidate is looked at again before it is used


@kernel
def deleverage(world, v, k, trader, lots, share, cause):
    """Close up to `lots` of a defaulted position against ranked opposites at its bankruptcy price; lots closed.

    A counterparty that this would sink is passed over. Rank: profit share x leverage (BitMEX, Binance).
    """
    clock = world.clock
    n_traders = clock[0]["n_traders"]
    row = k * n_traders + trader
    size = world.position_size[row]
    sign = 1 if size > 0 else -1
    instrument = world.instruments[k]
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
        handed = share_floor(share, part, abs(size))
        account = account_of(world, other, k)
        equity, _ = account_margin(world, account)
        if equity + handed < 0:
            instrument["adl_next"] += 1
            continue
        mark = instrument["mark_price"]
        amount = sign * part * mark * instrument["tick_value"] - handed
        move_lots(world, EVENT_AUTO_DELEVERAGING, k, trader, other, sign * part, amount, mark, cause)
        settle_collateral(world, k, other, held, 0, 0, False)
        shrink_if_needed(world, k, other)
        _note(world, v, k, part, handed)
        closed += part
        share -= handed
        size = world.position_size[row]
    if size == 0:
        settle_collateral(world, k, trader, sign, 0, 0, False)
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
    """Candidates with positions of sign `side`, highest profit share x leverage first, ties by trader."""
    clock = world.clock
    n_traders = clock[0]["n_traders"]
    instrument = world.instruments[k]
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
        entry = world.entry_value[k * n_traders + trader]
        paid = value_at_mark(world, k, size) if clock[0]["arithmetic"] != 0 else max(abs(entry), 1)
        profit = float(size * instrument["mark_price"] * instrument["tick_value"] - entry) / float(paid)
        leverage = float(value_at_mark(world, k, size)) / float(equity)
        score = profit * leverage if profit > 0.0 else profit / leverage
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
