"""The oracle: look at every account, in blocks that the compiler turns into vector code.

A block is first judged without branches on contiguous columns; only a block with a breach, or with a value
beyond the proven 64-bit range, is walked account by account with the exact rule.
"""

import numpy as np

from sim.rules.calls import LEVEL_SCALE, is_below
from sim.rules.margin import SAFE_BITS
from sim.rules.worth import unit
from sim.terms import kernel
from sim.terms.vocabulary import FORM_EXTENDED, FORM_LEGS

BLOCK = 512


@kernel
def _add_position(size, worth, value_of_lot, tiers, n, scale, slack, largest):
    """slack += scale * value - requirement for a block of one instrument's positions; rows: floor, rate, deduction."""
    worst = 0
    for i in range(size.shape[0]):
        value = abs(size[i]) * value_of_lot
        requirement = 0
        for row in range(n):
            if value >= tiers[0, row]:
                requirement = tiers[1, row] * value - tiers[2, row]
        slack[i] += scale * (size[i] * worth) - requirement
        worst = max(worst, value)
    return max(largest, worst)


@kernel
def _block_is_suspect(world, rates, account, n, first_row, stride, count, slack):
    scale = world.clock[0]["rate_scale"]
    largest = 0
    balance = world.quote_balance[account : account + n]
    for i in range(n):
        slack[i] = scale * balance[i]
        largest = max(largest, abs(balance[i]))
    for j in range(count):
        row = first_row + j * stride
        k = row // world.clock[0]["n_traders"]
        if world.instruments[k]["margin_form"] & (FORM_EXTENDED | FORM_LEGS):
            return True  # forms that have no such line are judged one by one
        mark = world.instruments[k]["mark_price"]
        valued_at = world.instruments[k]["reference_price"] if world.clock[0]["arithmetic"] != 0 else mark
        largest = _add_position(
            world.position_size[row : row + n],
            unit(world.instruments[k], mark), abs(unit(world.instruments[k], valued_at)),
            rates[k], world.instruments[k]["n_tiers"], scale, slack, largest,
        )  # fmt: skip
    least = 0
    for i in range(n):
        least = min(least, slack[i])
    return least < 0 or largest > SAFE_BITS // scale // 16


@kernel
def sweep_all(world):
    """Put every account below its venue's level into queue[0], in account order; how many (at most the capacity)."""
    n_traders = world.clock[0]["n_traders"]
    n_instruments = world.clock[0]["n_instruments"]
    slack = np.empty(BLOCK, np.int64)
    rates = np.zeros((n_instruments, 3, world.tiers.shape[0]), np.int64)
    for k in range(n_instruments):
        for row in range(world.instruments[k]["n_tiers"]):
            tier = world.tiers[world.instruments[k]["first_tier"] + row]
            rates[k, 0, row] = tier["floor"]
            rates[k, 1, row] = tier["rate"]
            rates[k, 2, row] = tier["deduction"]
    found = 0
    for section in range(n_instruments + 1):
        for p in range(world.populations.shape[0]):
            first = world.populations[p]["first_trader"]
            last = first + world.populations[p]["n_traders"]
            mixed = world.populations[p]["may_switch"] != 0  # judged one by one
            isolated = last > first and world.traders[first]["isolated"] != 0
            if world.populations[p]["exempt"] != 0 or (section > 0 and not isolated and not mixed):
                continue
            for trader in range(first, last, BLOCK):
                n = min(BLOCK, last - trader)
                account = section * n_traders + trader
                first_row = trader if section == 0 else account - n_traders
                count = 1 if section > 0 else (0 if isolated else n_instruments)
                level = world.venues[world.populations[p]["venue"]]["watch_level"]
                if (
                    mixed
                    or level != LEVEL_SCALE
                    or _block_is_suspect(world, rates, account, n, first_row, n_traders, count, slack)
                ):
                    for a in range(account, account + n):
                        if is_below(world, a, level) and found < world.queue.shape[1]:
                            world.queue[0, found] = a
                            found += 1
    world.clock[0]["checks"] += world.quote_balance.shape[0]
    return found
