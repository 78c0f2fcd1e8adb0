"""Dials of margin calls as columns of a venue's row, and the tables that they need."""

from math import ceil

import numpy as np

from sim.calculator.numbers import exact
from sim.margin_regimes.calls import NOTICES_MAX, MarginCalls
from sim.rules.calls import LEVEL_SCALE
from sim.scenario.records import Scenario
from sim.tables import layout
from sim.terms.vocabulary import NONE

EVENTS_OF_A_NOTICE = 8  # warning, call or its end, restriction, and payments of this call and earlier ones


def has_calls(scenario: Scenario) -> bool:
    """Whether any venue of the scenario has margin calls."""
    return any(venue.margin.calls is not None for venue in scenario.venues.values())


def fill_calls(row: np.void, calls: MarginCalls | None, fee_scale: int) -> None:
    """Levels in parts of LEVEL_SCALE, rounded up, 0 where there is none; what is sold after a call restores as much."""
    row["watch_level"] = row["call_level"] = LEVEL_SCALE
    if calls is None:
        return
    row["calls_on"], row["deadline_steps"], row["delivery_steps"] = 1, calls.deadline_steps, calls.delivery_steps
    for name in ("warn", "call", "restrict", "liquidate"):
        level = exact(getattr(calls, name) or 0.0)
        row[f"{name}_level"] = ceil(level * LEVEL_SCALE)
        row[f"{name}_clear"] = ceil(level * (1 + exact(calls.hysteresis)) * LEVEL_SCALE)
    row["restore_level"] = ceil(exact(calls.restore) * LEVEL_SCALE)
    if calls.deadline_steps == 0:
        row["call_level"] = row["call_clear"] = 0
    else:
        row["buffer_rate"] = max(int(row["buffer_rate"]), ceil((exact(calls.restore) - 1) * fee_scale))
    levels = (int(row[f"{name}_level"]) for name in ("warn", "call", "restrict", "liquidate"))
    # A sale that has begun goes on until the account is clear: it must be found up to there.
    row["watch_level"] = max(LEVEL_SCALE, int(row["call_clear"]), int(row["liquidate_clear"]), *levels)


def call_tables(scenario: Scenario, accounts: int) -> dict[str, np.ndarray]:
    """`account_call` and `calls`: room for every account where there are calls, else for none."""
    rows = accounts if has_calls(scenario) else 1
    return {"account_call": np.full(rows, NONE, np.int64), "calls": np.zeros(rows, layout.CALLS)}


def call_events(scenario: Scenario) -> int:
    """Event rows that the notices of a step may take."""
    return EVENTS_OF_A_NOTICE * NOTICES_MAX if has_calls(scenario) else 0
