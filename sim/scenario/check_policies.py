"""Checks across the dials of a liquidation policy: what would never end, and what contradicts itself."""

from collections.abc import Iterator

from sim.liquidation_policies.policy import LiquidationPolicy
from sim.parts import Record
from sim.scenario.check_populations import Found
from sim.scenario.contracts import value_of_lot
from sim.scenario.records import Instrument, Scenario, Venue
from sim.waterfall_layers import InsuranceFund


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
    yield from check_hand_over(venue)
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


def check_own_policy(policy: Record, venue: Venue | None) -> Iterator[Found]:
    """The same on what a case of the calculator says itself about liquidation, over its venue's dials."""
    own = {name: value for name, value in policy.model_dump().items() if name in policy.model_fields_set}
    if not own:
        return
    known = {} if venue is None else venue.liquidation.model_dump()
    waterfall = [InsuranceFund()] if venue is None else venue.waterfall
    merged = LiquidationPolicy.model_validate({**known, **own})
    yield from check_policy(Venue.model_construct(liquidation=merged, waterfall=waterfall))


def check_hand_over(venue: Venue) -> Iterator[Found]:
    """Refuse what is paid to nobody, and an auction that never ends."""
    policy, at = venue.liquidation, "liquidation"
    off_book = policy.execution in ("transfer", "dutch_auction")
    if policy.bonus > 0 and not off_book:
        yield (at, "bonus"), f"{policy.bonus:g} is paid to nobody under execution: {policy.execution}; allowed: 0"
    if policy.leftover_to == "liquidator" and not off_book:
        yield (at, "leftover_to"), f"liquidator, and execution: {policy.execution} has none; allowed: trader, fund"
    funded = any(layer.kind == "insurance_fund" for layer in venue.waterfall)
    if policy.execution == "transfer" and policy.transfer_to == "fund" and not funded:
        yield (at, "transfer_to"), "fund without an insurance_fund in the waterfall; allowed: liquidators"
    if policy.transfer_price == "discount" and policy.transfer_to == "fund":
        yield (at, "transfer_price"), "discount, but the fund takes at the bankruptcy price; allowed: bankruptcy"
    auction = policy.auction
    if policy.execution == "dutch_auction" and auction is None:
        yield (at, "auction"), "is missing; execution: dutch_auction needs to know how its price falls"
    if auction is None:
        return
    if auction.floor >= auction.start:
        yield (
            (at, "auction", "floor"),
            f"{auction.floor:g} is not below start, {auction.start:g}: the price would not fall; lower it",
        )
    if auction.every_steps > auction.duration_steps:
        yield (
            (at, "auction", "every_steps"),
            f"{auction.every_steps} is above duration_steps, {auction.duration_steps}: the price would never fall; "
            "lower it",
        )
    elif auction.fall == "exponential":
        reached = auction.start * auction.cut ** (auction.duration_steps // auction.every_steps)
        if reached > auction.floor:
            yield (
                (at, "auction", "duration_steps"),
                f"{auction.duration_steps} steps bring the price down to {reached:.4g} of the mark, and never to the "
                f"floor, {auction.floor:g}; allow more steps, or lower cut",
            )


def check_inventory(row: int, fund: InsuranceFund) -> Iterator[Found]:
    """Refuse a fund that would never let go of what it holds, and ends to holding where nothing is held."""
    if fund.inventory_policy == "hold" and fund.hold_steps is None and fund.hold_until_gain is None:
        yield ("waterfall", row, "inventory_policy"), "hold never ends; give hold_steps, hold_until_gain, or both"
    for name in ("hold_steps", "hold_until_gain"):
        if getattr(fund, name) is not None and fund.inventory_policy != "hold":
            yield ("waterfall", row, name), f"{getattr(fund, name):g} without inventory_policy: hold; leave it out"


def check_sales(scenario: Scenario, instrument: Instrument) -> Iterator[Found]:
    """Refuse a throttle that could never finish: one under which a venue may not sell a single lot."""
    venue = scenario.venues[instrument.venue]
    throttle = venue.liquidation.throttle
    lot = value_of_lot(scenario, instrument)
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
    if cap is not None and cap < lot:
        yield (
            ("venues", instrument.venue, "liquidation", "cap_per_step"),
            f"{cap:g} never sells a lot of {instrument.name}, worth {lot:g} at the start; allowed: at least {lot:g}",
        )
