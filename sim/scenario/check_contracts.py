"""Checks of inverse contracts: their coin is the money of the whole world."""

from collections.abc import Iterator

from sim.calculator.numbers import exact
from sim.calculator.schedules import initial_curve
from sim.scenario.check_populations import Found
from sim.scenario.contracts import coin_atom, is_inverse
from sim.scenario.records import Scenario
from sim.scenario.schedules import margin_of

COINS_MAX = 1 << 44  # atoms of a lot at one tick: products with lots and rates stay within their proofs


def check_contracts(scenario: Scenario) -> Iterator[Found]:
    """Refuse worlds whose money would be two things, and what is only defined for linear contracts."""
    known = [(row, item) for row, item in enumerate(scenario.instruments) if item.venue in scenario.venues]
    known = [(row, item) for row, item in known if item.contract_name in scenario.venues[item.venue].contracts]
    if len(known) < len(scenario.instruments) or not is_inverse(scenario):
        return
    for row, item in known:
        if scenario.contract_of(item).contract != "inverse":
            yield (
                ("instruments", row),
                (
                    f"{item.name} is linear beside an inverse contract, whose coin is the money of the whole scenario; "
                    "allowed: contracts of one kind"
                ),
            )
    if len(known) > 1:
        yield ("instruments", 1), "inverse contracts are each paid in their own coin; allowed: one instrument"
    if scenario.prices == "arithmetic":
        yield ("prices",), "arithmetic values every lot at the start price, which inverse contracts do not have"
    for name, venue in scenario.venues.items():
        if venue.margin.hedge_mode:
            yield ("venues", name, "margin", "hedge_mode"), "true needs linear contracts"
    for row, population in enumerate(scenario.populations):
        if getattr(population, "unit_field_density", None) is not None:
            yield ("populations", row, "unit_field_density"), "needs linear contracts"
    for row, item in known:
        margin = margin_of(scenario, item)
        if any(curve.depends_on_size for curve in (margin.maintenance, initial_curve(margin))):
            path = ("venues", item.venue, "margin", "schedules", item.contract_name)
            yield path, "slope and square_root count units of size, which an inverse contract has not; leave them out"
        contract = scenario.contract_of(item)
        coins = exact(contract.lot_size) / exact(contract.tick_size) / coin_atom(scenario)
        if coins.denominator != 1 or coins > COINS_MAX:
            lot = f"a lot of {contract.lot_size:g} at a tick of {contract.tick_size:g}"
            most = f"allowed: a whole number up to {COINS_MAX:.3g}"
            atom = float(coin_atom(scenario))
            yield ("instruments", row), f"{lot} is {float(coins):.4g} units of {atom:g} coins; {most}"
