"""Behaviour under stress: traders look at their accounts from time to time and answer to what they see.

A warning (equity below a multiple of the maintenance margin) is answered by each trader in its own way; a fast move
against the position can make it close in panic, more so when others do; leverage can be held within a band.
Sources of the kinds of answer: Bookstaber, Paddrik, Tivnan 2018 (reactions, not losses, set the severity of fire
sales); Paddrik, Rajan, Young 2020 (late and partial answers to margin calls). The shares are assumed.
"""

import math
from typing import Literal

from sim.parts import ASSUMED, Record, dial
from sim.rules.margin import account_margin, account_of
from sim.rules.safe_radius import BLOCK_BITS, FALL, RISE, displacement, note_least
from sim.strategies.answers import close_share, draw_on_wallet, hedge, hold_leverage, top_up_from_outside
from sim.strategies.attention import anybody_holds, note_calm
from sim.strategies.desk import window_return
from sim.strategies.stop_user import drop_stops, protect
from sim.streams import draw, uniform
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import DRAW_ANSWER, DRAW_REACTION


class Answers(Record):
    """Shares of traders by their answer to a warning; they sum to one."""

    top_up: float = dial(0.10, "add money from outside wealth", source=ASSUMED, ge=0, le=1)
    reduce: float = dial(0.15, "sell a part of each position", source=ASSUMED, ge=0, le=1)
    hedge: float = dial(
        0.05, "take the other side in the venue's next instrument; reduce what margin does not admit", source=ASSUMED,
        ge=0, le=1,
    )  # fmt: skip
    close: float = dial(0.10, "close everything", source=ASSUMED, ge=0, le=1)
    late: float = dial(0.20, "reduce, but late", source=ASSUMED, ge=0, le=1)
    ignore: float = dial(0.40, "do nothing", source=ASSUMED, ge=0, le=1)


class Reactions(Record):
    """Dials of what leveraged traders do about their own accounts."""

    attention_s: float = dial(60.0, "every trader looks at its account once in this time", unit="s", ge=1, le=86_400)
    warning_ratio: float = dial(2.0, "equity over maintenance margin below which a warning comes", ge=1, le=100)
    target_ratio: float = dial(4.0, "the same ratio that an answer restores", ge=1, le=1_000)
    answers: Answers = dial(Answers(), "shares of traders by answer")
    late_delay_s: float = dial(900.0, "mean delay of a late answer", unit="s", ge=1, le=1e6)
    outside_wealth: float = dial(0.5, "money outside the venue for top-ups", unit="of start money", ge=0, le=100)
    pays_calls: float = dial(
        1.0, "share who pay margin calls, from their wallet and then from outside as far as that goes", source=ASSUMED,
        ge=0, le=1,
    )  # fmt: skip
    panic: float = dial(
        0.0, "chance to close at a look while the market has moved by panic_move_bp against the position", ge=0, le=1
    )
    panic_move_bp: float = dial(200.0, "such a move; the chance grows with the move", unit="bp", gt=0, le=10_000)
    panic_window_s: float = dial(300.0, "window of the move", unit="s", ge=1, le=86_400)
    herding: float = dial(0.0, "growth of that chance with the share of others who close", ge=0, le=1_000)
    leverage_band: float | None = dial(
        None, "trade back to the chosen leverage when it is off by this share; null: never", gt=0, le=10
    )
    slippage: float = dial(0.01, "limit of these orders beyond the mid", unit="of price", ge=0, le=0.5)


Answer = Literal["top_up", "reduce", "hedge", "close", "late", "ignore"]


@kernel
def look_at_accounts(world, p, t):
    """The traders whose turn it is look at their accounts; each population is through once in its attention time."""
    population = world.populations[p]
    period, n = population["attention_steps"], population["n_traders"]
    if period == 0:
        return
    turn = t % period
    first, end = turn * n // period, (turn + 1) * n // period
    if first == end:
        return
    venue = world.venues[population["venue"]]
    fall, rise = displacement(world)
    for k in range(venue["first_instrument"], venue["first_instrument"] + venue["n_instruments"]):
        crowd = world.desks[p * world.clock[0]["n_instruments"] + k]["crowd"]
        move = window_return(world, k, t, population["panic_steps"])
        share = 0.0
        if population["panic"] > 0.0 and abs(move) > population["panic_move"]:
            share = look_in_panic(world, p, t, k, first, end, move, crowd)
        else:
            look_where_due(world, p, t, k, first, end, fall, rise)
        if share > 0.0 or (crowd > 0.0 and anybody_holds(world, p, k, first, end)):
            world.desks[p * world.clock[0]["n_instruments"] + k]["crowd"] += (share - crowd) / float(period)


@kernel
def look_where_due(world, p, t, k, first, end, fall, rise):
    """Look at those accounts of a population's rows [first, end) that the market has moved far enough for."""
    if world.populations[p]["may_switch"] != 0:  # their accounts do not lie side by side
        for row in range(first, end):
            look_at_account(world, p, t, k, row)
        return
    account = account_of(world, world.populations[p]["first_trader"], k)
    radii, blocks = world.look_radius, world.look_block
    for block in range((account + first) >> BLOCK_BITS, ((account + end - 1) >> BLOCK_BITS) + 1):
        if blocks[FALL, block] > fall and blocks[RISE, block] > rise:
            continue
        start, stop = max(block << BLOCK_BITS, account + first), min((block + 1) << BLOCK_BITS, account + end)
        for at in range(start, stop):
            if radii[FALL, at] <= fall or radii[RISE, at] <= rise:
                look_at_account(world, p, t, k, at - account)
        note_least(radii, blocks, block)


@kernel
def look_in_panic(world, p, t, k, first, end, move, crowd):
    """All of them look at their accounts, and some flee; the share of holders who did."""
    holders = 0
    fled = 0
    for row in range(first, end):
        size = world.position_size[k * world.clock[0]["n_traders"] + world.populations[p]["first_trader"] + row]
        if size != 0:
            holders += 1
            if flees(world, p, t, k, row, size, move, crowd):
                close_share(world, p, t, k, row, size, 1.0)
                fled += 1
                continue
        look_at_account(world, p, t, k, row)
    return float(fled) / float(max(holders, 1))


@kernel
def look_at_account(world, p, t, k, row):
    """Tidy up or place stops, answer a warning; a look without an answer notes how long it holds."""
    never_inline()
    position = k * world.clock[0]["n_traders"] + world.populations[p]["first_trader"] + row
    size = world.position_size[position]
    if size != 0:
        protect(world, p, t, k, row, size)
        answer_warning(world, p, t, k, row, size)
    elif world.positions[position]["first_stop"] >= 0:
        drop_stops(world, p, t, k, row)
    else:
        note_calm(world, p, k, row)


@kernel
def flees(world, p, t, k, row, size, move, crowd):
    """Panic: a fast move against the position; the chance grows with the move and with the crowd."""
    population = world.populations[p]
    against = -move if size > 0 else move
    if population["panic"] <= 0.0 or against <= population["panic_move"]:
        return False
    chance = population["panic"] * against / population["panic_move"] * (1.0 + population["herding"] * crowd)
    words = draw(world, p, t, (k << 24) + row, DRAW_REACTION)
    return uniform(words[0]) < chance


@kernel
def answer_warning(world, p, t, k, row, size):
    """Answer to a warning, or hold the leverage within its band. Safe accounts are passed at the price of one look."""
    population = world.populations[p]
    account = account_of(world, population["first_trader"] + row, k)
    if population["warning_ratio"] <= 0.0:
        note_calm(world, p, k, row)
        return
    equity, maintenance = account_margin(world, account)
    if float(equity) >= population["warning_ratio"] * float(maintenance):
        if population["leverage_band"] > 0.0:
            hold_leverage(world, p, t, k, row, size, account, equity)
        note_calm(world, p, k, row)
        return
    if population["worst_first"] != 0:
        equity += draw_on_wallet(world, p, k, row, account, equity, maintenance)
        if float(equity) >= population["warning_ratio"] * float(maintenance):
            return
    ratio = float(equity) / (population["target_ratio"] * float(max(maintenance, 1)))
    cut = 1.0 - max(ratio, 0.0)
    missing = int(math.ceil(population["target_ratio"] * float(maintenance))) - equity
    kind = uniform(draw(world, p, int(0), row, DRAW_ANSWER)[0])
    if kind < population["answer_top_up"]:
        top_up_from_outside(world, p, k, row, account, missing)
    elif kind < population["answer_reduce"]:
        close_share(world, p, t, k, row, size, cut)
    elif kind < population["answer_hedge"]:
        hedge(world, p, t, k, row, size, cut)
    elif kind < population["answer_close"]:
        close_share(world, p, t, k, row, size, 1.0)
    elif kind < population["answer_late"]:
        # One draw for the trader, not one a position: all of them are cut at the same look.
        if uniform(draw(world, p, t, row, DRAW_ANSWER)[1]) < population["late_chance"]:
            close_share(world, p, t, k, row, size, cut)
