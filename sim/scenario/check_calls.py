"""Checks across the dials of margin calls: deadlines that no money can meet, levels out of order."""

from collections.abc import Iterator
from itertools import pairwise

from sim.scenario.check_populations import Found
from sim.scenario.records import Venue

LEVELS = ("warn", "call", "restrict", "liquidate")


def check_calls(venue: Venue) -> Iterator[Found]:
    """Each problem of a venue's calls, with its path in the rule book."""
    calls = venue.margin.calls
    if calls is None:
        return
    path = ("margin", "calls")
    if calls.delivery_steps > calls.deadline_steps:
        yield (
            (*path, "delivery_steps"),
            f"{calls.delivery_steps} is later than the deadline, {calls.deadline_steps}, so that no call could be met; "
            "allowed: at most that",
        )
    given = [name for name in LEVELS if getattr(calls, name) is not None]
    for above, below in pairwise(given):
        high, low = getattr(calls, above), getattr(calls, below)
        if low > high:
            yield (*path, below), f"{low:g} is above {above}, {high:g}; allowed: at most that"
    if calls.liquidate is not None and calls.deadline_steps == 0:
        yield (*path, "liquidate"), f"{calls.liquidate:g} without a deadline; without one every breach is sold at once"
    clear = calls.call * (1.0 + calls.hysteresis)
    if calls.deadline_steps > 0 and calls.restore < clear:
        yield (
            (*path, "restore"),
            f"{calls.restore:g} would leave an account at the level of the call; allowed: at least call and its "
            f"hysteresis, {clear:g}",
        )
