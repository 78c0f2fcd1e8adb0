"""What a trader can do about its account: money, fewer lots, the other side, the chosen leverage."""

import math

from sim.rules.inbox import limit_for, post_taker, shifted
from sim.rules.margin import account_margin, account_of, account_span, account_trader, notional
from sim.rules.settlement import transfer
from sim.rules.worth import lot_price
from sim.strategies.sizing import admitted_lots, affordable_lots
from sim.streams import draw, uniform
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    DRAW_CALL,
    DRAW_REACTION,
    EVENT_CALL_PAYMENT,
    EVENT_TOP_UP,
    FLAG_OPEN_LEG,
    FLAG_REDUCE_ONLY,
    NONE,
)

LEVERAGE_ROOM = 0.98  # of the chosen leverage when a position is built up again: fees must fit too


@kernel
def draw_on_wallet(world, p, k, row, account, equity, maintenance):
    """The reserve goes to the position with the lowest equity over maintenance of its owner's; the atoms moved."""
    population = world.populations[p]
    owner = population["first_trader"] + row
    venue = world.venues[population["venue"]]
    for other in range(venue["first_instrument"], venue["first_instrument"] + venue["n_instruments"]):
        if other != k and world.position_size[other * world.clock[0]["n_traders"] + owner] != 0:
            its_equity, its_maintenance = account_margin(world, account_of(world, owner, other))
            if float(its_equity) * float(maintenance) < float(equity) * float(its_maintenance):
                return 0
    missing = int(math.ceil(population["target_ratio"] * float(maintenance))) - equity
    return top_up_from_wallet(world, k, owner, account, missing)


@kernel
def top_up_from_wallet(world, k, owner, account, missing):
    """Move free money to an isolated position; the atoms moved."""
    if account == owner:
        return 0
    amount = max(min(missing, world.quote_balance[owner]), 0)
    if amount > 0:
        transfer(world, EVENT_TOP_UP, owner, account, amount, k, owner, owner, NONE)
    return amount


@kernel
def top_up_from_outside(world, p, k, row, account, missing):
    """Own money in the wallet first, then what is left of the wealth outside the venue."""
    owner = world.populations[p]["first_trader"] + row
    missing -= top_up_from_wallet(world, k, owner, account, missing)
    amount = min(missing, world.traders[owner]["outside_wealth"])
    if amount > 0:
        outside = world.clock[0]["outside_trader"]
        world.traders[owner]["outside_wealth"] -= amount
        transfer(world, EVENT_TOP_UP, outside, account, amount, k, owner, outside, NONE)


@kernel
def answer_call(world, k, account, amount, event):
    """What the owner of an account sends when it is called: (from its wallet, at once; from outside, on its way)."""
    owner = account_trader(world, account)
    p = world.traders[owner]["population"]
    row = owner - world.populations[p]["first_trader"]
    if uniform(draw(world, p, int(0), row, DRAW_CALL)[0]) >= world.populations[p]["pays_calls"]:
        return 0, 0
    own = 0
    if account != owner:
        own = max(min(amount, world.quote_balance[owner]), 0)
        if own > 0:
            transfer(world, EVENT_CALL_PAYMENT, owner, account, own, k, owner, owner, event)
    sent = min(amount - own, world.traders[owner]["outside_wealth"])
    world.traders[owner]["outside_wealth"] -= sent
    return own, sent


@kernel
def close_share(world, p, t, k, row, size, share):
    """Close a share of a position at the market, within the slippage."""
    lots = min(int(math.ceil(share * float(abs(size)))), abs(size))
    post_reaction(world, p, t, k, row, -1 if size > 0 else 1, lots, FLAG_REDUCE_ONLY)


@kernel
def hedge(world, p, t, k, row, size, share):
    """The other side in the venue's next instrument, less what is there already.

    With one instrument or isolated margin: reduce. What the initial margin does not admit is reduced too. In hedge
    mode: the other leg of the same instrument.
    """
    population = world.populations[p]
    venue = world.venues[population["venue"]]
    if population["hedged"] != 0:
        lock(world, p, t, k, row, size, share)
        return
    if venue["n_instruments"] < 2 or world.traders[population["first_trader"] + row]["isolated"] != 0:
        close_share(world, p, t, k, row, size, share)
        return
    other = venue["first_instrument"] + (k - venue["first_instrument"] + 1) % venue["n_instruments"]
    value = notional(world, world.instruments[k], size, world.instruments[k]["mark_price"])
    price = lot_price(world, other, world.market_view[other]["mid"])
    side = -1 if size > 0 else 1
    owner = population["first_trader"] + row
    there = max(side * world.position_size[other * world.clock[0]["n_traders"] + owner], 0)
    lots = int(share * float(value) / (price * float(world.instruments[other]["tick_value"]))) - there
    if lots <= 0:
        return
    admitted = affordable_lots(world, p, other, owner, side, float(lots))
    if admitted > 0:
        world.traders[owner]["entered"] = t + 2  # its free equity is committed in the next step
    post_reaction(world, p, t, other, row, side, admitted, int(0))
    if admitted < lots:
        close_share(world, p, t, k, row, size, share * float(lots - admitted) / float(lots + there))


@kernel
def lock(world, p, t, k, row, size, share):
    """Open the other leg for a share of what is not locked; what the initial margin does not admit is reduced."""
    side = -1 if size > 0 else 1
    owner = world.populations[p]["first_trader"] + row
    lots = min(int(math.ceil(share * float(abs(size)))), abs(size))
    admitted = admitted_lots(world, p, k, owner, side, float(lots), FLAG_OPEN_LEG)
    if admitted > 0:
        world.traders[owner]["entered"] = t + 2  # its free equity is committed in the next step
        post_reaction(world, p, t, k, row, side, admitted, FLAG_OPEN_LEG)
    elif lots > 0:
        close_share(world, p, t, k, row, size, share)


@kernel
def hold_leverage(world, p, t, k, row, size, account, equity):
    """Trade a position back to the leverage that its owner has chosen, within the initial margin.

    The leverage is that of the account; positions that share one are built up in turns, so that none takes the margin
    of another.
    """
    population = world.populations[p]
    owner = population["first_trader"] + row
    value, others = account_notional(world, account, k)
    chosen = LEVERAGE_ROOM * float(world.clock[0]["rate_scale"]) / float(world.traders[owner]["initial_rate"])
    wanted = chosen * float(equity) / max(float(value), 1.0)  # over what is held
    band = 1.0 + population["leverage_band"]
    if wanted * band < 1.0:
        close_share(world, p, t, k, row, size, 1.0 - wanted)
    elif wanted > band:
        venue = world.venues[population["venue"]]
        turn = t // population["attention_steps"] % venue["n_instruments"]
        if others > 0 and turn != k - venue["first_instrument"]:
            return
        if world.traders[owner]["entered"] > t + 1:
            return
        side = 1 if size > 0 else -1
        lots = affordable_lots(world, p, k, owner, side, (wanted - 1.0) * float(abs(size)))
        if lots > 0:
            world.traders[owner]["entered"] = t + 2  # its free equity is committed in the next step
        post_reaction(world, p, t, k, row, side, lots, int(0))


@kernel
def account_notional(world, account, k):
    """(notional in atoms of an account's positions at the mark, how many of them are not in instrument k)."""
    row, stride, count = account_span(world, account)
    value = 0
    others = 0
    for i in range(count):
        held = row + i * stride
        size = world.position_size[held]
        if size != 0:
            instrument = world.instruments[held // world.clock[0]["n_traders"]]
            value += notional(world, instrument, size, instrument["mark_price"])
            others += 1 if held // world.clock[0]["n_traders"] != k else 0
    return value, others


@kernel
def post_reaction(world, p, t, k, row, side, lots, flags):
    """An immediate-or-cancel order near the mid for the next step."""
    never_inline()
    if lots > 0:
        population = world.populations[p]
        limit = shifted(world, k, world.market_view[k]["mid"], float(side) * population["reaction_slippage"])
        words = draw(world, p, t, (k << 24) + row, DRAW_REACTION)
        owner = population["first_trader"] + row
        post_taker(world, words[2], side, k, owner, limit_for(world, k, side, limit), lots, flags)
