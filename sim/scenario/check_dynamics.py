"""Checks of margin rates that move: what they refer to exists, and what is to be held has an estimate."""

from collections.abc import Iterator
from math import floor
from typing import Any

from sim.calculator.numbers import exact
from sim.margin_regimes import RateDynamics
from sim.scenario.check_populations import Found
from sim.scenario.errors import did_you_mean
from sim.scenario.records import Scenario, Venue
from sim.scenario.schedules import DEDUCTION_MAX, atom_of, floors_of, moves, rate_scale_of

Place = tuple[str | int, ...]
RANGE_MAX = 9 * 10**17  # atoms, so that ten times a part of it fits 64 bits


def check_dynamics(venue: Venue) -> Iterator[Found]:
    """Each problem of a rule book's moving rates, with its path in the book."""
    dynamics = venue.margin.dynamics
    if dynamics is None:
        return
    for word, side in (("maintenance", dynamics.maintenance), ("initial", dynamics.initial)):
        if side is not None:
            yield from _check_side(venue, ("margin", "dynamics", word), side)
    if dynamics.applies_to == "new" and dynamics.maintenance is not None:
        for contract in dynamics.maintenance.open_interest:
            if len(tiers_of(venue.margin.schedules.get(contract, ()))) > 1:
                yield (
                    ("margin", "dynamics", "maintenance", "open_interest", contract),
                    "does not go with applies_to: new in a schedule of several tiers, each with a way of its own; "
                    "give one tier, or applies_to: all",
                )
    if dynamics.applies_to == "new" and dynamics.maintenance is None:
        yield (
            ("margin", "dynamics", "applies_to"),
            "new holds for maintenance rates that move, and these do not; give dynamics.maintenance, or leave it out",
        )


def tiers_of(schedule: Any) -> Any:
    """Rows of a schedule, however it is given."""
    return getattr(schedule, "tiers", schedule)


def _check_side(venue: Venue, path: Place, side: RateDynamics) -> Iterator[Found]:
    for contract, scaling in side.open_interest.items():
        place = (*path, "open_interest", contract)
        if contract not in venue.margin.schedules:
            yield place, f"no margin schedule of '{contract}'{did_you_mean(contract, list(venue.margin.schedules))}"
        if scaling.high <= scaling.low:
            yield (*place, "high"), f"{scaling.high:g} is not above low, {scaling.low:g}; raise it"
    volatility, held = side.volatility, side.anti_procyclicality
    if volatility is None:
        if held.model_fields_set:
            yield (*path, "anti_procyclicality"), "has no estimate to hold; give volatility, or leave it out"
        return
    if volatility.measure != "moving_average" and (1 - exact(volatility.quantile)) * volatility.window < 1:
        least = -(-1 // (1 - exact(volatility.quantile)))
        yield (
            (*path, "volatility", "window"),
            f"{volatility.window} returns have no quantile of {volatility.quantile:g}; allowed: at least {least}",
        )
    for rule, needed in (("buffer", "released_above"), ("stressed_weight", "stressed_rate")):
        if getattr(held, rule) and getattr(held, needed) is None:
            yield (*path, "anti_procyclicality", needed), f"is missing; {rule}: {getattr(held, rule):g} needs it"
        if getattr(held, needed) is not None and not getattr(held, rule):
            yield (*path, "anti_procyclicality", needed), f"is of no use without {rule}; give it, or leave this out"


def check_ranges(scenario: Scenario) -> Iterator[Found]:
    """Refuse ranges of open interest that are no whole range of atoms, or too many for exact division."""
    atom = atom_of(scenario)
    scale = rate_scale_of(scenario)
    for instrument in scenario.instruments:
        dynamics = scenario.venues[instrument.venue].margin.dynamics
        largest = max(floors_of(scenario, instrument))
        if any(moves(scenario, instrument)) and largest / atom * scale >= DEDUCTION_MAX:
            yield (
                ("venues", instrument.venue, "margin", "schedules", instrument.contract_name),
                f"a floor of {float(largest):g} is too far for rates that move, in money units of {float(atom):g}; "
                "allowed: a lower last floor, or a larger lot or tick",
            )
        for word in ("maintenance", "initial"):
            side = getattr(dynamics, word, None)
            scaling = side.open_interest.get(instrument.contract_name) if side is not None else None
            if scaling is None:
                continue
            low, high = floor(exact(scaling.low) / atom), floor(exact(scaling.high) / atom)
            if not low < high < RANGE_MAX:
                path = ("venues", instrument.venue, "margin", "dynamics", word, "open_interest")
                yield (
                    (*path, instrument.contract_name, "high"),
                    f"{scaling.low:g} to {scaling.high:g} is {low} to {high} in units of {float(atom):g}; allowed: a "
                    f"rising range below {RANGE_MAX:.0e}",
                )
