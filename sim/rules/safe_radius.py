"""When to look: an index over accounts that decides which of them the exact check must visit.

With every mark within a relative distance r of the anchor prices, an account loses at most r * gross notional
(1 + largest rate): so a checked account needs no look until the marks have moved by its radius; where requirements
jump at the edges of tiers, not beyond the next edge. Floats decide only when to look, never the outcome; an account
that was touched has radius -1 and is always looked at.
"""

from sim.rules.forms import edge_radius, growth_of
from sim.rules.margin import account_span, account_trader, extended_requirements, is_breached, notional
from sim.terms import kernel
from sim.terms.vocabulary import FORM_EXTENDED

BLOCK_BITS = 6
BLOCK = 1 << BLOCK_BITS
SHRINK = 1.0 - 1e-9
ABOVE = 1.0 + 1e-9  # far more than what the floats of a requirement can be off by
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
def requirement_bound(world, instrument, value):
    """Maintenance of a notional times rate_scale, as a float that is never below it: no product overflows."""
    worst = 0.0
    first = instrument["first_tier"]
    for row in range(first, first + instrument["n_tiers"]):
        tier = world.tiers[row]
        if tier["floor"] > value:
            break
        worst = max(worst, float(tier["rate"]) * float(value) - float(tier["deduction"]))
    return worst * ABOVE


@kernel
def look(world, account, moved):
    """Displacement up to which the account stays safe, at the present displacement `moved`; -1 where it is breached.

    A bound in floats settles nearly all cases without a division of integers; the exact rule decides the rest.
    """
    row, stride, count = account_span(world, account)
    k = 0 if row < stride else row // stride
    scale = float(world.clock[0]["rate_scale"])
    equity = world.quote_balance[account]
    requirement = 0.0
    weight = 0.0
    edge = NEVER
    extended = False
    for _ in range(count):
        size = world.position_size[row]
        if size != 0:
            instrument = world.instruments[k]
            mark = instrument["mark_price"]
            equity += size * mark * instrument["tick_value"]
            value = notional(world, instrument, size, mark)
            reach = 2.0 if size < 0 or world.clock[0]["arithmetic"] != 0 else 1.0
            if instrument["margin_form"] != 0:
                reach += growth_of(world, instrument)
                edge = min(edge, edge_radius(world, instrument, size, value))
            if instrument["margin_form"] & FORM_EXTENDED:
                extended = True
            else:
                requirement += requirement_bound(world, instrument, value)
            anchor = float(instrument["anchor_price"])
            weight += reach * float(abs(size)) * anchor * float(instrument["tick_value"])
        row += stride
        k += 1
    if extended:
        atoms = extended_requirements(world, row - count * stride, stride, count, equity, False)
        requirement += scale * float(atoms) * ABOVE
    if scale * float(equity) < requirement and is_breached(world, account):
        return -1.0, True
    if weight == 0.0:
        return NEVER, False
    return min((float(equity - count) - requirement / scale) / weight * SHRINK - moved, edge), False


@kernel
def anybody_due(radii, moved):
    """True when a radius is not beyond the displacement; counting them, without a way out, becomes vector code."""
    due = 0
    for i in range(radii.shape[0]):
        due += int(radii[i] <= moved)
    return due > 0


@kernel
def least_of(radii):
    """The least of some radii, in four lanes: each minimum waits for the one before it."""
    a, b, c, d = NEVER, NEVER, NEVER, NEVER
    whole = radii.shape[0] - radii.shape[0] % 4
    for i in range(0, whole, 4):
        a = radii[i] if radii[i] < a else a
        b = radii[i + 1] if radii[i + 1] < b else b
        c = radii[i + 2] if radii[i + 2] < c else c
        d = radii[i + 3] if radii[i + 3] < d else d
    for i in range(whole, radii.shape[0]):
        a = radii[i] if radii[i] < a else a
    return min(min(a, b), min(c, d))


@kernel
def sweep(world):
    """Put every breached account into queue[0], in account order; how many there are (at most the capacity)."""
    moved = displacement(world)
    found = 0
    work = 0
    accounts, blocks = world.quote_balance.shape[0], world.block_radius.shape[0]
    for start in range(0, blocks, BLOCK):
        if not anybody_due(world.block_radius[start : start + BLOCK], moved):
            continue
        for block in range(start, min(start + BLOCK, blocks)):
            if world.block_radius[block] > moved:
                continue
            first = block << BLOCK_BITS
            radii = world.safe_radius[first : min(first + BLOCK, accounts)]
            for i in range(radii.shape[0]):
                if radii[i] <= moved:
                    work += 1
                    if world.populations[world.traders[account_trader(world, first + i)]["population"]]["exempt"] != 0:
                        radii[i] = NEVER
                    else:
                        radii[i], breached = look(world, first + i, moved)
                        if breached and found < world.queue.shape[1]:
                            world.queue[0, found] = first + i
                            found += 1
            world.block_radius[block] = least_of(radii)
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
