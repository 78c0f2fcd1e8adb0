"""One path of the market: profit and last inventory of the maker."""

from collections.abc import Mapping
from typing import Any

from sim.scenario import Scenario
from sim.scenario.build import build_session


def measure(scenario: Scenario, cell: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Equity of the maker at the index price of time T, less what it brought; and what it holds then."""
    session = build_session(scenario, seed)
    world = session.world
    maker = int(world.populations[1]["first_trader"])
    brought = int(world.quote_balance[maker])
    session.advance(scenario.steps)
    inventory = int(world.position_size[maker])
    last = int(
        world.index_path[0, scenario.steps]
    )  # thousandths of a tick; the walk makes one more move after the last step
    value = inventory * last * int(world.instruments[0]["tick_value"]) / 1000.0
    profit = (int(world.quote_balance[maker]) - brought + value) * session.names.atom
    return {"profit": profit, "inventory": inventory}
