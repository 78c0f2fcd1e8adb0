"""Time average of the spread, in units of mu / alpha: the book is looked at at the end of every step."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.scenario import Scenario
from sim.scenario.build import build_session

BURN_IN = 2_000  # steps, one a market order on average; the slowest book here forgets in a hundred
CHUNK = 10_000


def measure(scenario: Scenario, cell: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Mean spread after the burn-in, and the dials that decide it."""
    session = build_session(scenario, seed)
    flow = scenario.populations[0]
    total, looks, empty = 0.0, 0, 0
    while session.tick < scenario.steps:
        session.advance(min(CHUNK, scenario.steps - session.tick))
        rows = session.take_steps()
        rows = rows[rows["step"] >= min(BURN_IN, scenario.steps // 2)]
        both = (rows["best_bid"] >= 0) & (rows["best_ask"] >= 0)
        total += float((rows["best_ask"] - rows["best_bid"])[both].sum())
        looks, empty = looks + int(np.count_nonzero(both)), empty + int(np.count_nonzero(~both))
    alpha, mu = flow.limit_rates[0], 2.0 * flow.market_rate
    return {
        "u": flow.cancel_rates[0] / mu,
        "spread": total / max(looks, 1) * alpha / mu,
        "looks": looks,
        "one_sided": empty,
    }
