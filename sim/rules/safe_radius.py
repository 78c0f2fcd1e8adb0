"""When to look: an index over accounts that decides which of them the exact check must visit.

An account has two radii: how far the marks may fall, and how far they may rise, from the anchor prices before its
buffer can be gone. What it loses on the way is linear in either (a long position its notional, a short one that and
the growth of its requirement), so that an account with one position is not due before its own price is reached,
wherever the market has been meanwhile; where requirements jump at the edges of tiers, not before the next edge.
Blocks of accounts keep their least radii, and sections of blocks theirs. Floats decide only when to look, never the
outcome; an account that was touched is always looked at. An account is looked for below its venue's level: a breach,
unless there are margin calls.
"""

from sim.rules.brute_force import sweep_all
from sim.rules.calls import LEVEL_SCALE, is_below, watch_level
from sim.rules.forms import edge_radius, growth_of
from sim.rules.inverse_bound import NEAR, inverse_terms
from sim.rules.legs import is_paired
from sim.rules.margin import account_span, account_trader, extended_requirements, notional
from sim.rules.radii import (
    ABOVE,
    DUE,
    NEVER,
    SHRINK,
    pair_terms,
    radii_within,
    requirement_bound,
    rise_from_anchor,
    steepest,
)
from sim.rules.worth import unit
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import FORM_EXTENDED

FALL, RISE = 0, 1  # rows of every table of radii
BLOCK_BITS = 5
BLOCK = 1 << BLOCK_BITS


@kernel
def mark_account_dirty(world, account):
    """The account changed: look at it in the next sweep, and do not pass its owner's next look."""
    block = account >> BLOCK_BITS
    world.safe_radius[FALL, account] = DUE
    world.safe_block[FALL, block] = DUE
    world.safe_section[FALL, block >> BLOCK_BITS] = DUE
    world.look_radius[FALL, account] = DUE
    world.look_block[FALL, block] = DUE


@kernel
def mark_look_due(world, account):
    """Stops were placed or are gone: do not pass the next look of the account's owner."""
    world.look_radius[FALL, account] = DUE
    world.look_block[FALL, account >> BLOCK_BITS] = DUE


@kernel
def mark_everybody_dirty(world):
    """What is required of accounts changed: look at all of them, and pass no look of an owner."""
    make_due(world.safe_radius)
    make_due(world.safe_block)
    make_due(world.safe_section)
    make_due(world.look_radius)
    make_due(world.look_block)


@kernel
def make_due(radii):
    """Set every radius down so that none is beyond the displacement."""
    for i in range(radii.shape[1]):
        radii[FALL, i] = DUE


@kernel
def displacement(world):
    """(largest fall, largest rise) of a mark from its anchor, relative; negative when all went the other way."""
    fall, rise = -NEVER, -NEVER
    for k in range(world.instruments.shape[0]):
        moved = rise_from_anchor(world.instruments[k])
        fall, rise = max(fall, -moved), max(rise, moved)
    return fall, rise


@kernel
def look(world, account):
    """(radius down, radius up, found below its venue's level) of an account at the present marks.

    A bound in floats settles nearly all cases without a division of integers; the exact rule decides the rest.
    """
    row, stride, count = account_span(world, account)
    k = 0 if row < stride else row // stride
    scale = float(world.clock[0]["rate_scale"])
    equity = world.quote_balance[account]
    requirement = 0.0
    falling, rising, either, gained = 0.0, 0.0, 0.0, 0.0
    fallen, risen, edge, lowest = -NEVER, -NEVER, NEVER, NEVER
    extended = False
    watched = watch_level(world, account)
    level = float(watched) / float(LEVEL_SCALE)
    for _ in range(count):
        size = world.position_size[row]
        paired = is_paired(world, row)
        if size != 0 or paired:
            instrument = world.instruments[k]
            mark = instrument["mark_price"]
            equity += size * unit(instrument, mark)
            moved = rise_from_anchor(instrument)
            fallen, risen = max(fallen, -moved), max(risen, moved)
        if paired:
            lost, near = pair_terms(world, instrument, row, level)
            either, edge, extended = either + lost, min(edge, near), True
        elif size != 0:
            value = notional(world, instrument, size, mark)
            worth = float(abs(size)) * float(instrument["anchor_price"] * instrument["tick_value"])
            if instrument["margin_form"] != 0:
                edge = min(edge, edge_radius(world, instrument, size, value))
            if instrument["margin_form"] & FORM_EXTENDED:
                extended = True
            else:
                requirement += requirement_bound(world, instrument, value)
            if instrument["inverse"] != 0:
                lost, rounded = inverse_terms(instrument, size, level * growth_of(world, instrument))
                either, gained, lowest = either + lost, gained + rounded, min(NEAR, edge)
            elif instrument["margin_form"] & FORM_EXTENDED or watched != LEVEL_SCALE:
                either += worth * (1.0 + level * growth_of(world, instrument))
            elif size > 0:
                falling += worth
                gained += worth * moved
            else:
                worth *= 1.0 + steepest(world, instrument)
                rising += worth
                gained -= worth * moved
        row += stride
        k += 1
    if extended:
        atoms = extended_requirements(world, row - count * stride, stride, count, equity, False)
        requirement += scale * float(atoms) * ABOVE
    if watched != LEVEL_SCALE:  # each position's maintenance is rounded up before the level counts, then once more
        requirement = level * (requirement + scale * float(count)) * ABOVE + scale
    if scale * float(equity) < requirement and is_below(world, account, watched):
        return DUE, DUE, True
    room = float(equity - count) - requirement / scale - gained
    down, up = radii_within(room, fallen, risen, falling, rising, either)
    return min(down, lowest), min(up, edge), False


@kernel
def anybody_due(down, up, fall, rise):
    """True when a radius is not beyond the displacement; counting them, without a way out, becomes vector code."""
    due = 0
    for i in range(down.shape[0]):
        due += int(down[i] <= fall) | int(up[i] <= rise)
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
def note_least(radii, blocks, block):
    """A block's radii from those of its rows."""
    first, end = block << BLOCK_BITS, min((block + 1) << BLOCK_BITS, radii.shape[1])
    blocks[FALL, block] = least_of(radii[FALL, first:end])
    blocks[RISE, block] = least_of(radii[RISE, first:end])


@kernel
def watched_accounts(world):
    """Every account below its venue's level into queue[0], by the rule that the scenario chose; how many."""
    never_inline()
    if world.clock[0]["margin_check"] != 0:
        return sweep_all(world)
    return sweep(world)


@kernel
def sweep(world):
    """Put every account below its venue's level into queue[0], in account order; how many (at most the capacity)."""
    fall, rise = displacement(world)
    found = 0
    sections, blocks = world.safe_section, world.safe_block
    for start in range(0, sections.shape[1], BLOCK):
        end = min(start + BLOCK, sections.shape[1])
        if not anybody_due(sections[FALL, start:end], sections[RISE, start:end], fall, rise):
            continue
        for section in range(start, end):
            if sections[FALL, section] > fall and sections[RISE, section] > rise:
                continue
            for block in range(section << BLOCK_BITS, min((section + 1) << BLOCK_BITS, blocks.shape[1])):
                if blocks[FALL, block] <= fall or blocks[RISE, block] <= rise:
                    found = sweep_block(world, block, fall, rise, found)
            note_least(blocks, sections, section)
    if world.clock[0]["anchor_work"] > world.quote_balance.shape[0] and world.instruments.shape[0] > 1:
        _move_anchor(world)
    return found


@kernel
def sweep_block(world, block, fall, rise, found):
    """Look at the accounts of a block that are due; the number of accounts found so far, these included."""
    radii = world.safe_radius
    for account in range(block << BLOCK_BITS, min((block + 1) << BLOCK_BITS, radii.shape[1])):
        if radii[FALL, account] > fall and radii[RISE, account] > rise:
            continue
        world.clock[0]["checks"] += 1
        if world.populations[world.traders[account_trader(world, account)]["population"]]["exempt"] != 0:
            radii[FALL, account], radii[RISE, account] = NEVER, NEVER
            continue
        touched = radii[FALL, account] == DUE
        radii[FALL, account], radii[RISE, account], breached = look(world, account)
        if breached and found < world.queue.shape[1]:
            world.queue[0, found] = account
            found += 1
        elif not touched:
            world.clock[0]["anchor_work"] += 1  # of accounts whose positions pull apart: measured anew it may be less
    note_least(radii, world.safe_block, block)
    return found


@kernel
def _move_anchor(world):
    """Measure from today's marks again: every account is looked at once more, and radii of looks are carried over."""
    fall, rise = displacement(world)
    for account in range(world.look_radius.shape[1]):
        down, up = world.look_radius[FALL, account], world.look_radius[RISE, account]
        world.look_radius[FALL, account] = min(1.0 - (1.0 - down) / (1.0 - fall) - SHRINK, NEVER)
        world.look_radius[RISE, account] = min((1.0 + up) / (1.0 + rise) - 1.0 - SHRINK, NEVER)
    for block in range(world.look_block.shape[1]):
        note_least(world.look_radius, world.look_block, block)
    for k in range(world.instruments.shape[0]):
        world.instruments[k]["anchor_price"] = world.instruments[k]["mark_price"]
    make_due(world.safe_radius)
    make_due(world.safe_block)
    make_due(world.safe_section)
    world.clock[0]["anchor_work"] = 0
