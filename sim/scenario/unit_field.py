"""Positions for exact tests of cascades: single lots whose liquidation prices are a Poisson field."""

import numpy as np

from sim.scenario.margin_forms import maintenance_at_start
from sim.scenario.people import STREAM_PEOPLE, Crowd, idle_crowd
from sim.scenario.records import Scenario
from sim.strategies import LeveragedSpeculator
from sim.streams import Dice, stream_of


def unit_field(scenario: Scenario, record: LeveragedSpeculator, density: float, dice: Dice) -> Crowd:
    """Longs of one lot at the start price; each is in breach from its own tick of a Poisson field on, exactly."""
    rng = dice.generator(STREAM_PEOPLE, stream_of(record.name))
    crowd = idle_crowd(scenario, record.count, 0.0, record.leverage_median)
    k = next(k for k, instrument in enumerate(scenario.instruments) if instrument.venue == record.venue)
    contract = scenario.contract_of(scenario.instruments[k])
    unit = contract.tick_size * contract.lot_size
    safe_ticks = np.floor(np.cumsum(rng.exponential(1.0 / density, record.count)))
    value = np.full(record.count, round(scenario.instruments[k].start_price / contract.tick_size) * unit)
    crowd.lots[k] = -1 if scenario.mirror else 1
    crowd.weight[:] = 0.0
    crowd.weight[k] = 1.0
    crowd.wallet = (
        np.ceil(maintenance_at_start(scenario, scenario.instruments[k], value, np.ones(record.count), value) / unit)
        + safe_ticks
    ) * unit
    return crowd
