"""One ordinary sale after the other, each with all that it sets off before the next one comes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.engine.posting import post_order
from sim.evidence.cascade import liquidation_forest
from sim.scenario import Scenario
from sim.scenario.build import UserTrader, build_session
from sim.terms.vocabulary import EVENT_LIQUIDATION, MARKET, NONE, SELL

SELLER = UserTrader("seller", "school", 1.0e13, 1.0)
STEPS = 2  # the sale in one step, its cascade in the next, when the mark and the index have seen it


def measure(scenario: Scenario, cell: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Sizes of cascades (the ordinary sale counts as their first), roots and branching of the causal forest."""
    session = build_session(scenario, seed, (SELLER,))
    world = session.world
    seller, start = int(world.clock[0]["n_traders"]) - 1, int(world.instruments[0]["last_price"])
    sales = scenario.steps // STEPS
    events = []
    for sale in range(sales):
        post_order(world, seller, 0, MARKET, SELL, 0, NONE, 1, NONE, 0, NONE)
        session.advance(STEPS)
        if sale % 4096 == 0:
            events.append(session.take_events())
    events.append(session.take_events())
    return _sizes(np.concatenate(events), sales) | {
        "ticks_fallen": start - int(world.instruments[0]["last_price"]),
        "bids_left": int(world.instruments[0]["bid_orders"]),
    }


def _sizes(events: np.ndarray, sales: int) -> dict[str, Any]:
    forest = liquidation_forest(events)
    step = events["step"][events["kind"] == EVENT_LIQUIDATION]
    liquidations = np.bincount(step // STEPS, minlength=sales)
    roots = np.bincount(step[forest.parent == NONE] // STEPS, minlength=sales)
    size = liquidations + 1
    ratio = forest.branching_ratio or 0.0
    # Variance of a ratio of sums over sales, by its linear part.
    residual = roots - (1.0 - ratio) * liquidations
    found = {
        "sales": sales,
        "liquidations": len(step),
        "roots": forest.roots,
        "ratio_variance": float(residual.var()) / sales / max(float(liquidations.mean()), 1e-9) ** 2,
        "largest": int(size.max()),
        "trees_of_one": int((forest.tree_sizes == 1).sum()),
    }
    found |= {f"power_{k}": float((size.astype(float) ** k).sum()) for k in range(1, 5)}
    return found | {f"size_{s}": int((size == s).sum()) for s in range(1, 31)}
