"""When to look: an index over accounts that decides which of them the exact check must visit.

With every mark within a relative distance r of the anchor prices, an account loses at most r * gross notional
(1 + largest rate): so a checked account needs no look until the marks have moved by its radius. Floats decide
only when to look, never the outcome; an account that was touched has radius -1 and is always looked at.
"""

from sim.rules.margin import account_span, account_trader, is_breached, maintenance_atoms, notional
from sim.terms import kernel

BLOCK_BITS = 6
BLOCK = 1 << BLOCK_BITS
SHRINK = 1.0 - 1e-9
NEVER = 1e300
ANCHOR_WORK = 2  # looks per account, the first of which is due to the anchor itself, before measuring anew


@kernel
def mark_account_dirty(world, account):
    """The account changed: look at it in the next sweep, and do not pass its owner's next look."""
    world.safe_radius[account] = -1.0
    world.block_radius[account >> BLOCK_BITS] = -1.0
    world.look_radius[account] = -1.0


@kernel
def mark_look_due(world, account):
    """Stops were placed or are gone: do not pass the next look of the account's owner."""
    world.look_radius[account] = -1.0


@kernel
def displacement(world):
    """Largest relative distance of a mark from its anchor."""
    worst = 0.0
    for k in range(world.instruments.shape[0]):
        anchor = float(world.instruments[k]["anchor_price"])
        worst = max(worst, abs(float(world.instruments[k]["mark_price"]) - anchor) / anchor)
    return worst


@kernel
def look(world, account, moved):
    """Displacement up to which the account stays safe, at the present displacement `moved`; -1 where it is breached.

    Maintenance rounded up per position settles nearly all cases in one pass; the exact rule decides the rest.
    """
    row, stride, count = account_span(world, account)
    equity = world.quote_balance[account]
    maintenance = 0
    weight = 0.0
    for i in range(count):
        size = world.position_size[row + i * stride]
        if size != 0:
            instrument = world.instruments[(row + i * stride) // world.clock[0]["n_traders"]]
            mark = instrument["mark_price"]
            equity += size * mark * instrument["tick_value"]
            maintenance += maintenance_atoms(world, instrument, notional(world, instrument, size, mark))
            reach = 2.0 if size < 0 or world.clock[0]["arithmetic"] != 0 else 1.0
            anchor = float(instrument["anchor_price"])
            weight += reach * float(abs(size)) * anchor * float(instrument["tick_value"])
    if equity < maintenance and is_breached(world, account):
        return -1.0, True
    if weight == 0.0:
        return NEVER, False
    return (float(equity - maintenance - count) / weight) * SHRINK - moved, False


@kernel
def sweep(world):
    """Put every breached account into queue[0], in account order; how many there are (at most the capacity)."""
    moved = displacement(world)
    found = 0
    work = 0
    accounts = world.quote_balance.shape[0]
    for block in range(world.block_radius.shape[0]):
        if world.block_radius[block] > moved:
            continue
        least = NEVER
        for account in range(block << BLOCK_BITS, min((block + 1) << BLOCK_BITS, accounts)):
            if world.safe_radius[account] <= moved:
                work += 1
                if world.populations[world.traders[account_trader(world, account)]["population"]]["exempt"] != 0:
                    world.safe_radius[account] = NEVER
                else:
                    world.safe_radius[account], breached = look(world, account, moved)
                    if breached and found < world.queue.shape[1]:
                        world.queue[0, found] = account
                        found += 1
            least = min(least, world.safe_radius[account])
        world.block_radius[block] = least
    world.clock[0]["checks"] += work
    world.clock[0]["anchor_work"] += work
    if world.clock[0]["anchor_work"] > ANCHOR_WORK * accounts:
        _move_anchor(world)
    return found


@kernel
def _move_anchor(world):
    """Measure from today's marks again: every account is looked at once more.

    What is within (r - moved) / (1 + moved) of the new anchor is within r of the old one.
    """
    moved = displacement(world)
    for account in range(world.look_radius.shape[0]):
        world.look_radius[account] = (world.look_radius[account] - moved) / (1.0 + moved) * SHRINK
    for k in range(world.instruments.shape[0]):
        world.instruments[k]["anchor_price"] = world.instruments[k]["mark_price"]
    for account in range(world.safe_radius.shape[0]):
        world.safe_radius[account] = -1.0
    for block in range(world.block_radius.shape[0]):
        world.block_radius[block] = -1.0
    world.clock[0]["anchor_work"] = 0
