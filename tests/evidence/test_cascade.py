"""The causal forest: who caused whom."""

import numpy as np
import pytest

from sim.evidence.cascade import cascade_graph, liquidation_forest
from sim.tables.layout import EVENTS
from sim.terms.vocabulary import EVENT_FILL, EVENT_LIQUIDATION, EVENT_LIQUIDATION_SALE, EVENT_TAKE_OVER


def events(*rows: tuple[int, int]) -> np.ndarray:
    """Events of (kind, cause)."""
    table = np.zeros(len(rows), dtype=EVENTS)
    table["kind"], table["cause"] = [row[0] for row in rows], [row[1] for row in rows]
    return table


def test_no_liquidation_has_no_branching_ratio() -> None:
    forest = liquidation_forest(events())
    assert forest.branching_ratio is None
    assert forest.tree_sizes.tolist() == []
    assert forest.deepest == 0


def test_a_sale_links_the_liquidation_that_it_induced_to_the_one_that_sold() -> None:
    rows = events(
        (EVENT_LIQUIDATION, -1),  # 0 root
        (EVENT_LIQUIDATION_SALE, 0),  # 1
        (EVENT_LIQUIDATION, 1),  # 2 caused by the sale of 0
        (EVENT_TAKE_OVER, 2),  # 3
        (EVENT_LIQUIDATION_SALE, 3),  # 4
        (EVENT_LIQUIDATION, 4),  # 5 caused by 2, through a take-over and a sale
        (EVENT_LIQUIDATION, -1),  # 6 root
    )
    forest = liquidation_forest(rows)
    assert forest.event.tolist() == [0, 2, 5, 6]
    assert forest.parent.tolist() == [-1, 0, 1, -1]
    assert forest.root.tolist() == [0, 0, 0, 3]
    assert forest.depth.tolist() == [0, 1, 2, 0]
    assert forest.tree_sizes.tolist() == [3, 1]
    assert forest.branching_ratio == 0.5
    graph = cascade_graph(rows)
    assert sorted(graph.edges) == [(0, 2), (2, 5)]
    assert graph.nodes[5]["depth"] == 2


def test_a_cause_that_is_no_liquidation_at_all_makes_a_root() -> None:
    forest = liquidation_forest(events((EVENT_TAKE_OVER, -1), (EVENT_LIQUIDATION, 0)))
    assert forest.parent.tolist() == [-1]


@pytest.mark.parametrize("cause", [0, 7, -2])
def test_a_cause_must_be_an_earlier_event(cause: int) -> None:
    with pytest.raises(ValueError, match="event 0: cause"):
        liquidation_forest(events((EVENT_LIQUIDATION, cause)))


def test_the_id_of_an_order_is_no_cause_in_the_forest() -> None:
    forced = (EVENT_LIQUIDATION, -1), (EVENT_LIQUIDATION_SALE, 1), (EVENT_LIQUIDATION, 2)
    rows = events((EVENT_FILL, 1610613120), *forced)
    assert liquidation_forest(rows).parent.tolist() == [-1, 0]
