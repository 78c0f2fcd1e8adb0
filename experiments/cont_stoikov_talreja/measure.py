"""First moves of the mid from given queues: the flow posts, the book plays, order by order."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.engine.first_move import first_moves
from sim.scenario import Scenario
from sim.scenario.build import build_session

MOVES = 10_000
CELLS = 100  # seeds are spread so far apart that no two cells share a draw


def measure(scenario: Scenario, cell: Mapping[str, Any], seed: int, moves: int = MOVES) -> dict[str, Any]:
    """How many of `moves` first moves went up."""
    bids, asks = int(cell["bids"]), int(cell["asks"])
    world = build_session(scenario, CELLS * seed + 10 * bids + asks).world
    outcomes = np.zeros(moves, np.int64)
    first_moves(world, 1, bids, asks, outcomes)
    if world.clock[0]["error"] or world.clock[0]["money_sum"] or not outcomes.all():
        raise RuntimeError("the book broke a law, or a move never came")
    return {"moves": moves, "up": int((outcomes > 0).sum())}
