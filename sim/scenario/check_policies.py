"""Checks across the dials of a liquidation policy: what would never end, and what contradicts itself."""

from collections.abc import Iterator

from sim.scenario.check_populations import Found
from sim.scenario.records import Instrument, Scenario, Venue


def check_policy(venue: Venue) -> Iterator[Found]:
    """Refuse limits that contradict each other; paths begin within the venue."""
    policy, throttle = venue.liquidation, venue.liquidation.throttle
    if policy.take_over_below is not None and all(layer.kind != "insurance_fund" for layer in venue.waterfall):
        yield (
            ("liquidation", "take_over_below"),
            f"{policy.take_over_below:g} without an insurance_fund in the waterfall, which takes over",
        )
    if policy.leftover_to == "fund" and policy.cancel_orders != "account":
        yield (
            ("liquidation", "cancel_orders"),
            f"{policy.cancel_orders} leaves orders of an account whose money goes to the fund (leftover_to: fund); "
            "allowed: account",
        )
    if policy.execution == "resting_at_bankruptcy" and policy.cancel_orders == "none":
        yield (
            ("liquidation", "cancel_orders"),
            "none leaves the account's own orders beside the venue's (execution: resting_at_bankruptcy); "
            "allowed: account, instrument",
        )
    if throttle is None:
        return
    path = ("liquidation", "throttle")
    if throttle.max_notional is not None and throttle.min_notional > throttle.max_notional:
        yield (
            (*path, "min_notional"),
            f"{throttle.min_notional:g} is above max_notional, {throttle.max_notional:g}; allowed: at most that",
        )
    if throttle.min_notional > 0 and throttle.max_fraction is None:
        yield (*path, "min_notional"), f"{throttle.min_notional:g} without max_fraction, which it is the floor of"


def check_sales(scenario: Scenario, instrument: Instrument) -> Iterator[Found]:
    """Refuse a throttle that could never finish: one under which a venue may not sell a single lot."""
    venue = scenario.venues[instrument.venue]
    throttle = venue.liquidation.throttle
    lot = instrument.start_price * scenario.contract_of(instrument).lot_size
    if throttle is not None and throttle.max_notional is not None and throttle.max_notional < lot:
        yield (
            ("venues", instrument.venue, "liquidation", "throttle", "max_notional"),
            f"{throttle.max_notional:g} never sells a lot of {instrument.name}, worth {lot:g} at the start; "
            f"allowed: at least {lot:g}",
        )
    if throttle is not None and throttle.window is not None and throttle.window.capacity < lot:
        yield (
            ("venues", instrument.venue, "liquidation", "throttle", "window", "capacity"),
            f"{throttle.window.capacity:g} never sells a lot of {instrument.name}, worth {lot:g} at the start; "
            f"allowed: at least {lot:g}",
        )
    cap = venue.liquidation.cap_per_step
    if throttle is not None and cap is not None and cap < lot:
        yield (
            ("venues", instrument.venue, "liquidation", "cap_per_step"),
            f"{cap:g} never sells a lot of {instrument.name}, worth {lot:g} at the start; allowed: at least {lot:g}",
        )
