"""What lots of a contract are worth at a price, in the money of the scenario: quote units, or coins."""

from fractions import Fraction

import numpy as np

from sim.calculator.numbers import exact
from sim.scenario.records import Contract, Instrument, Scenario

FINENESS = 10**6  # atoms of a lot of an inverse contract at the highest price, at least


def is_inverse(scenario: Scenario) -> bool:
    """True where the money of the scenario is a coin; contracts are not mixed."""
    return any(scenario.contract_of(item).contract == "inverse" for item in scenario.instruments)


def coin_atom(scenario: Scenario) -> Fraction:
    """The power of ten of a coin that cuts a lot of each instrument into enough parts at its highest price."""
    least = min(
        exact(scenario.contract_of(item).lot_size) / exact(scenario.price_range(item)[1])
        for item in scenario.instruments
    )
    atom = Fraction(1)
    while least / atom < FINENESS:
        atom /= 10
    return atom


def tick_value(contract: Contract, atom: Fraction) -> Fraction:
    """Atoms that a lot gains with a tick; of an inverse contract, those that it is worth at one tick."""
    tick, lot = exact(contract.tick_size), exact(contract.lot_size)
    return lot / tick / atom if contract.contract == "inverse" else tick * lot / atom


def worth(contract: Contract, lots: np.ndarray, ticks: np.ndarray | float) -> np.ndarray:
    """Signed worth of lots at a price in ticks, in money: its rise is the profit."""
    if contract.contract == "inverse":
        return np.asarray(-lots * (contract.lot_size / (ticks * contract.tick_size)))
    return np.asarray(lots * ticks * contract.tick_size * contract.lot_size)


def value_of_lot(scenario: Scenario, instrument: Instrument) -> float:
    """Notional of a lot at the start price, in money."""
    contract = scenario.contract_of(instrument)
    if contract.contract == "inverse":
        return contract.lot_size / instrument.start_price
    return instrument.start_price * contract.lot_size
