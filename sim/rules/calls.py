"""Levels of an account as multiples of its maintenance margin, and what a margin call allows venue and owner.

An account is below a level when its equity is; exactly at it, it is not. At a level of one this is the breach test.
"""

from sim.rules.margin import account_margin, account_of, account_trader, is_breached
from sim.rules.rounding import rate_of
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import CALL_MISSED, CALL_RESTRICTED

LEVEL_SCALE = 10**6


@kernel
def is_below(world, account, level):
    """True when equity is below so many parts of LEVEL_SCALE of the maintenance margin, exactly."""
    never_inline()
    if level == LEVEL_SCALE:
        return is_breached(world, account)
    equity, maintenance = account_margin(world, account)
    return equity < rate_of(maintenance, level, LEVEL_SCALE)


@kernel
def venue_of(world, account):
    """The venue of the account's owner."""
    return world.populations[world.traders[account_trader(world, account)]["population"]]["venue"]


@kernel
def watch_level(world, account):
    """The highest level at which its venue looks for an account; a breach where there are no calls."""
    if world.clock[0]["calls"] == 0:
        return LEVEL_SCALE
    return world.venues[venue_of(world, account)]["watch_level"]


@kernel
def may_act(world, account):
    """True when the venue may sell the account off: in breach, or as its calls say."""
    if world.clock[0]["calls"] == 0:
        return is_breached(world, account)
    return _is_due(world, account)


@kernel
def _is_due(world, account):
    """After a missed call until the account is clear of the level; before, only below the level of no grace."""
    never_inline()
    venue = world.venues[venue_of(world, account)]
    if venue["deadline_steps"] == 0:
        return is_breached(world, account)
    row = world.account_call[account]
    if row >= 0 and world.calls[row]["state"] & CALL_MISSED:
        return is_below(world, account, venue["call_clear"])
    level = venue["liquidate_clear"] if world.account_case[account] >= 0 else venue["liquidate_level"]
    return level > 0 and is_below(world, account, level)


@kernel
def is_restricted(world, trader, k):
    """True when the account behind a position may only be reduced."""
    if world.clock[0]["calls"] == 0:
        return False
    row = world.account_call[account_of(world, trader, k)]
    return row >= 0 and world.calls[row]["state"] & CALL_RESTRICTED != 0
