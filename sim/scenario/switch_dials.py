"""Switches of margin scope as rows, and which populations may have traders of either scope."""

from collections.abc import Iterator

import numpy as np

from sim.rules.scope import SHARE_SCALE, SWITCHES_MAX
from sim.scenario.check_populations import Found
from sim.scenario.errors import did_you_mean
from sim.scenario.records import Scenario
from sim.tables import layout
from sim.terms.vocabulary import NONE


def switch_rows(scenario: Scenario, populations: np.ndarray) -> np.ndarray:
    """SWITCHES in the order of their steps, as the file has them within one; a row that is never due for none.

    Marks the populations, whose accounts are then looked at one by one.
    """
    names = [population.name for population in scenario.populations]
    table = np.zeros(max(len(scenario.switches), 1), layout.SWITCHES)
    table["step"] = NONE
    for row, switch in zip(table, sorted(scenario.switches, key=lambda item: item.step), strict=False):
        row["step"], row["population"] = switch.step, 1 + names.index(switch.population)
        row["isolated"], row["share"] = int(switch.to == "isolated"), round(switch.share * SHARE_SCALE)
        populations[int(row["population"])]["may_switch"] = 1
    return table


def switch_events(scenario: Scenario) -> int:
    """Event rows that the switches of a step may take: a notice each, and where orders are recorded the transfers."""
    transfers = len(scenario.instruments) if scenario.record.order_events else 0
    return SWITCHES_MAX * (1 + transfers) if scenario.switches else 0


def check_switches(scenario: Scenario) -> Iterator[Found]:
    """Refuse switches of nobody, and those after the end."""
    names = [population.name for population in scenario.populations]
    for row, switch in enumerate(scenario.switches):
        if switch.population not in names:
            known = did_you_mean(switch.population, names)
            yield ("switches", row, "population"), f"no population '{switch.population}'{known}"
            continue
        venue = scenario.venues.get(scenario.populations[names.index(switch.population)].venue)
        if venue is not None and venue.margin.hedge_mode:
            yield ("switches", row, "to"), f"{switch.to} does not go with hedge_mode, in which margin is cross"
        if scenario.populations[names.index(switch.population)].kind == "liquidator":
            yield (
                ("switches", row, "population"),
                f"'{switch.population}' are liquidators: their margin is always cross",
            )
        if switch.step >= scenario.steps:
            yield ("switches", row, "step"), f"{switch.step} is after the end; allowed: below steps, {scenario.steps}"
