"""When to look: an index over accounts that decides which of them the exact check must visit.

With every mark within a relative distance r of the anchor prices, an account loses at most r * gross notional
(1 + largest rate): so a checked account needs no look until the marks have moved by its radius. Floats decide
only when to look, never the outcome; an account that was touched has radius -1 and is always looked at.
"""

from sim.rules.margin import account_margin, account_span, account_trader, is_breached
from sim.terms import kernel

BLOCK_BITS = 6
BLOCK = 1 << BLOCK_BITS
SHRINK = 1.0 - 1e-9
NEVER = 1e300


@kernel
def mark_account_dirty(safe_radius, block_radius, account):
    """The account changed: look at it in the next sweep."""
    safe_radius[account] = -1.0
    block_radius[account >> BLOCK_BITS] = -1.0


@kernel
def displacement(instruments):
    """Largest relative distance of a mark from its anchor."""
    worst = 0.0
    for k in range(instruments.shape[0]):
        anchor = float(instruments[k]["anchor_price"])
        worst = max(worst, abs(float(instruments[k]["mark_price"]) - anchor) / anchor)
    return worst


@kernel
def radius_of(clock, instruments, tiers, populations, traders, position_size, quote_balance, account, moved):
    """Displacement up to which a safe account stays safe, at the present displacement `moved`."""
    row, stride, count = account_span(clock, populations, traders, account)
    equity, maintenance = account_margin(
        clock, instruments, tiers, populations, traders, position_size, quote_balance, account
    )
    weight = 0.0
    for i in range(count):
        size = position_size[row + i * stride]
        if size != 0:
            k = (row + i * stride) // clock[0]["n_traders"]
            reach = 2.0 if size < 0 or clock[0]["arithmetic"] != 0 else 1.0
            anchor = float(instruments[k]["anchor_price"])
            weight += reach * float(abs(size)) * anchor * float(instruments[k]["tick_value"])
    if weight == 0.0:
        return NEVER
    return (float(equity - maintenance - count) / weight) * SHRINK - moved


@kernel
def sweep(
    clock, instruments, tiers, populations, traders, position_size, quote_balance, safe_radius, block_radius, queue
):
    """Put every breached account into queue[0], in account order; how many there are (at most the capacity)."""
    moved = displacement(instruments)
    found = 0
    work = 0
    accounts = quote_balance.shape[0]
    for block in range(block_radius.shape[0]):
        if block_radius[block] > moved:
            continue
        least = NEVER
        for account in range(block << BLOCK_BITS, min((block + 1) << BLOCK_BITS, accounts)):
            if safe_radius[account] <= moved:
                work += 1
                if populations[traders[account_trader(clock, account)]["population"]]["exempt"] != 0:
                    safe_radius[account] = NEVER
                elif is_breached(
                    clock, instruments, tiers, populations, traders, position_size, quote_balance, account
                ):
                    safe_radius[account] = -1.0
                    if found < queue.shape[1]:
                        queue[0, found] = account
                        found += 1
                else:
                    safe_radius[account] = radius_of(
                        clock, instruments, tiers, populations, traders, position_size, quote_balance, account, moved
                    )
            least = min(least, safe_radius[account])
        block_radius[block] = least
    clock[0]["checks"] += work
    clock[0]["anchor_work"] += work
    if clock[0]["anchor_work"] > accounts:
        _move_anchor(clock, instruments, safe_radius, block_radius)
    return found


@kernel
def _move_anchor(clock, instruments, safe_radius, block_radius):
    """Measure from today's marks again: every account is looked at once more."""
    for k in range(instruments.shape[0]):
        instruments[k]["anchor_price"] = instruments[k]["mark_price"]
    for account in range(safe_radius.shape[0]):
        safe_radius[account] = -1.0
    for block in range(block_radius.shape[0]):
        block_radius[block] = -1.0
    clock[0]["anchor_work"] = 0
