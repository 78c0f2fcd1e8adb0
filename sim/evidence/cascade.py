"""Which liquidation caused which: the causal forest, read from the `cause` column of the events.

A liquidation's parent is the nearest liquidation up its chain of causes (through the sale that moved the price).
A liquidation without one is a root: the news, the funding or its own trading did it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.terms.vocabulary import EVENT_LIQUIDATION, EVENT_ORDER_REJECTED, EVENT_ORDER_RESTED, NONE

if TYPE_CHECKING:
    import networkx as nx

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Forest:
    """Liquidations in order: event id, parent (position in this table, NONE for a root), root, depth (roots 0)."""

    event: Integers
    parent: Integers
    root: Integers
    depth: Integers

    @property
    def roots(self) -> int:
        """Number of liquidations that no other liquidation caused."""
        return int(np.count_nonzero(self.parent == NONE))

    @property
    def tree_sizes(self) -> Integers:
        """Liquidations in each tree, largest first."""
        if not len(self.root):
            return np.zeros(0, np.int64)
        sizes = np.bincount(self.root)
        return np.sort(sizes[sizes > 0])[::-1].astype(np.int64)

    @property
    def deepest(self) -> int:
        """Generations after the root in the deepest tree (0 when there is none)."""
        return int(self.depth.max()) if len(self.depth) else 0

    @property
    def branching_ratio(self) -> float | None:
        """1 - roots / liquidations: the share that another liquidation induced; None without liquidations."""
        return 1.0 - self.roots / len(self.event) if len(self.event) else None


def liquidation_forest(events: NDArray[Any]) -> Forest:
    """The forest of all liquidations in EVENTS rows of a whole run (row number = id).

    Raises ValueError where a cause is not an earlier event.
    """
    # The cause of an event of an order is that order's id, not an event: it has no place in the forest.
    of_an_order = (events["kind"] >= EVENT_ORDER_RESTED) & (events["kind"] <= EVENT_ORDER_REJECTED)
    cause = np.where(of_an_order, NONE, events["cause"].astype(np.int64))
    wrong = np.flatnonzero((cause >= np.arange(len(cause))) | (cause < NONE))
    if len(wrong):
        raise ValueError(f"event {wrong[0]}: cause {cause[wrong[0]]} is not an earlier event")
    is_liquidation = events["kind"] == EVENT_LIQUIDATION
    event = np.flatnonzero(is_liquidation).astype(np.int64)
    ancestor = cause[event]
    # Walk up through sales and take-overs; every step lowers the id, so this ends.
    while len(passing := np.flatnonzero((ancestor >= 0) & ~is_liquidation[ancestor])):
        ancestor[passing] = cause[ancestor[passing]]
    parent = np.where(ancestor >= 0, np.searchsorted(event, ancestor), NONE).astype(np.int64)
    root, depth = _roots_and_depths(parent)
    return Forest(event, parent, root, depth)


def _roots_and_depths(parent: Integers) -> tuple[Integers, Integers]:
    roots: list[int] = []
    depths: list[int] = []
    for position, above in enumerate(parent.tolist()):
        roots.append(position if above < 0 else roots[above])
        depths.append(0 if above < 0 else depths[above] + 1)
    return np.asarray(roots, dtype=np.int64), np.asarray(depths, dtype=np.int64)


def cascade_graph(events: NDArray[Any]) -> "nx.DiGraph[int]":
    """The forest as a networkx graph for export: nodes are event ids with step, actor and depth."""
    import networkx as nx

    forest = liquidation_forest(events)
    graph: nx.DiGraph[int] = nx.DiGraph()
    for event, depth in zip(forest.event.tolist(), forest.depth.tolist(), strict=True):
        row = events[event]
        graph.add_node(event, step=int(row["step"]), actor=int(row["actor"]), depth=depth)
    for event, above in zip(forest.event.tolist(), forest.parent.tolist(), strict=True):
        if above >= 0:
            graph.add_edge(int(forest.event[above]), event)
    return graph
