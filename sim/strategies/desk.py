"""What several strategies do alike: numbers of arrivals, sizes, marketable orders, laying inventory off outside."""

import math

from sim.rules.inbox import limit_for, post_taker, shifted, valued_price
from sim.rules.settlement import move_lots
from sim.rules.worth import lot_price, unit
from sim.streams import below, draw, drawn_normal, uniform
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import DRAW_ARRIVAL, DRAW_COUNT, EVENT_OUTSIDE_TRADE, NONE

ENTRY_SHARE = 0.9  # of the largest position that a wallet admits: fees and slippage must fit too
MEAN_OF_A_PIECE = 500.0  # exp(-500) is still a number
LOT_FUZZ = 1e-6  # what is a whole lot but for the last bits is one


@kernel
def whole_part(world, p, t, k, rate):
    """A rate a step as a whole number: its floor, and one more with the probability of the fraction."""
    whole = int(math.floor(rate))
    fraction = rate - float(whole)
    if fraction > 0.0:
        words = draw(world, p, t, k, DRAW_ARRIVAL)
        if uniform(words[0]) < fraction:
            whole += 1
    return whole


@kernel
def drawn_lots(world, p, k, desk, word_a, word_b):
    """Log-normal order size in lots, at least one, at most the dial's largest."""
    population = world.populations[p]
    money = population["size_median"] * math.exp(population["size_sigma"] * drawn_normal(world, word_a, word_b))
    return lots_for(world, k, desk, min(money, population["size_max"]))


@kernel
def lots_for(world, k, desk, money):
    """Quote money (at liquidity scale 1) as lots at the present mid, at least one."""
    lots = money * world.desks[desk]["scale"] / lot_price(world, k, world.market_view[k]["mid"])
    return max(int(lots + LOT_FUZZ), 1)


@kernel
def lots_of_wallet(world, k, owner):
    """Lots that a wallet carries at its owner's chosen leverage."""
    leverage = float(world.clock[0]["rate_scale"]) / float(world.traders[owner]["initial_rate"])
    atoms = ENTRY_SHARE * leverage * float(world.quote_balance[owner])
    price = lot_price(world, k, world.market_view[k]["mid"])
    return int(atoms / (price * float(world.instruments[k]["tick_value"])))


@kernel
def window_return(world, k, t, window):
    """Relative move of the mid over the last `window` steps (fewer at the start)."""
    ring = world.mids.shape[1]
    then = world.mids[k, max(t - min(window, ring - 1), 0) % ring]
    return (world.market_view[k]["mid"] - then) / valued_price(world, k, then)


@kernel
def anchor_price(world, p, k):
    """The price around which a population thinks, in ticks: the index, or the mid that all have seen."""
    if world.populations[p]["at_index"] != 0:
        return float(world.instruments[k]["index_milli"]) / 1000.0
    return world.market_view[k]["mid"]


@kernel
def value_milli(world, k):
    """What the outside world would pay, in thousandths of a tick, had it learnt nothing from this venue's price."""
    return world.instruments[k]["index_milli"] - world.instruments[k]["index_offset_milli"]


@kernel
def mid_over(world, k, milli):
    """Mid minus a price, in ticks; both are whole thousandths, so the sign of a mirrored world is all that changes."""
    return (world.market_view[k]["mid"] * 1000.0 - float(milli)) / 1000.0


@kernel
def lay_off(world, p, k):
    """Each row closes a share of its inventory with the outside world, at the index price."""
    population = world.populations[p]
    share = population["layoff_share"]
    if share <= 0.0:
        return
    price = world.instruments[k]["index_price"]
    outside = world.clock[0]["outside_trader"]
    for trader in range(population["first_trader"], population["first_trader"] + population["n_traders"]):
        size = world.position_size[k * world.clock[0]["n_traders"] + trader]
        lots = int(float(size) * share)
        if lots != 0:
            value = -lots * unit(world.instruments[k], price)
            move_lots(world, EVENT_OUTSIDE_TRADE, k, outside, trader, -lots, value, price, NONE)


@kernel
def arrivals(world, p, t, k, mean):
    """A Poisson number with this mean, from one address (one for each further 500 of the mean).

    The probabilities of 0, 1, 2 ... are added up until they pass the draw.
    """
    never_inline()
    count = 0
    piece = 0
    while mean > 0.0:
        words = draw(world, p, t, (piece << 20) + k, DRAW_COUNT)
        target = float((words[0] << 21) | (words[1] >> 11)) * 2.0**-53
        part = min(mean, MEAN_OF_A_PIECE)
        chance = math.exp(-part)
        below_target = chance
        n = 0
        while below_target <= target and chance > 0.0:
            n += 1
            chance *= part / float(n)
            below_target += chance
        count += n
        mean -= part
        piece += 1
    return count


@kernel
def closer_of_two(world, p, k, side, word_a, word_b):
    """Of two random rows the one whose position this side closes; taking turns at inventory costs nobody a look."""
    population = world.populations[p]
    first = k * world.clock[0]["n_traders"] + population["first_trader"]
    owner = below(word_a, population["n_traders"])
    other = below(word_b, population["n_traders"])
    if world.position_size[first + other] * side < world.position_size[first + owner] * side:
        owner = other
    return population["first_trader"] + owner


@kernel
def send_taker(world, p, k, word, side, owner, lots, flags):
    """Post a marketable order that gives in to the population's slippage from the mid, at a random time of the step."""
    never_inline()
    limit = shifted(world, k, world.market_view[k]["mid"], float(side) * world.populations[p]["slippage"])
    post_taker(world, word, side, k, owner, limit_for(world, k, side, limit), lots, flags)


@kernel
def send_flow(world, p, k, desk, side, words, sizes):
    """A marketable order of heavy-tailed size; of two random traders the one who closes sends it."""
    never_inline()
    owner = closer_of_two(world, p, k, side, words[1], words[2])
    lots = drawn_lots(world, p, k, desk, sizes[0], sizes[1])
    send_taker(world, p, k, words[3], side, owner, lots, int(0))
