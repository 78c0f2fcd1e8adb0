"""Which of an account's positions is closed next, and how much of each where all are to bear their part."""

from sim.liquidation_policies.compliance import wanted_atoms
from sim.liquidation_policies.targets import relief_of_a_lot
from sim.rules.margin import account_span, position_margin
from sim.rules.rounding import ceil_div, split_share
from sim.rules.worth import unit
from sim.streams import draw
from sim.terms import kernel
from sim.terms.vocabulary import DRAW_SELECTION, NONE, SELECTION_LARGEST_LOSS, SELECTION_RANDOM


@kernel
def next_position(world, v, trader, row, stride, count, tried):
    """Instrument of the untried position with the largest maintenance margin, loss or draw; NONE without one."""
    selection = world.venues[v]["selection"]
    best = NONE
    largest = 0
    for i in range(count):
        k = (row + i * stride) // world.clock[0]["n_traders"]
        size = world.position_size[row + i * stride]
        if size == 0 or tried & (1 << k):
            continue
        instrument = world.instruments[k]
        if selection == SELECTION_LARGEST_LOSS:
            weight = world.entry_value[row + i * stride] - size * unit(instrument, instrument["mark_price"])
        elif selection == SELECTION_RANDOM:
            # Addressed by place in the population: row numbers move when others join or leave.
            p = world.traders[trader]["population"]
            event = (k << 24) + trader - world.populations[p]["first_trader"]
            words = draw(world, p, world.clock[0]["step"], event, DRAW_SELECTION)
            weight = words[0]
        else:
            weight = position_margin(world, row % world.clock[0]["n_traders"], k)
        if best < 0 or weight > largest:
            largest = weight
            best = k
    return best


@kernel
def pro_rata_lots(world, v, k, account, tried, equity, maintenance):
    """Lots of one position when the same share of each that is untried is closed, `k` itself counted among them."""
    row, stride, count = account_span(world, account)
    own = 0
    whole = 0
    held = 0
    for i in range(count):
        other = (row + i * stride) // world.clock[0]["n_traders"]
        lots = abs(world.position_size[row + i * stride])
        if lots == 0 or (other != k and tried & (1 << other)):
            continue
        relief = max(relief_of_a_lot(world, v, other, row % world.clock[0]["n_traders"], lots, equity), 0) * lots
        whole += relief
        if other == k:
            own = relief
            held = lots
    if own == 0:
        return held
    gap = wanted_atoms(world, v, maintenance) - equity
    part = gap if own >= whole else split_share(gap, own, whole) + 1
    return min(held, max(ceil_div(part, own // held), 0))
