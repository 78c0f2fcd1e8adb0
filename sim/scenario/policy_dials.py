"""Dials of liquidation as columns of a venue's row: money in atoms, shares in parts of the fee scale."""

from fractions import Fraction
from typing import get_args

import numpy as np

from sim.liquidation_policies import LiquidationPolicy

NO_LIMIT = -1
CHOICES = (
    ("execution", "execution"),
    ("target", "target"),
    ("queue_order", "queue"),
    ("selection", "selection"),
    ("cancel_scope", "cancel_orders"),
    ("leftover_to", "leftover_to"),
    ("transfer_to", "transfer_to"),
    ("transfer_price", "transfer_price"),
    ("take_over_to", "take_over_to"),
)  # column, dial


def choice(record: object, name: str) -> int:
    """The place of a dial's value among those that its record allows; the vocabulary counts in the same order."""
    return get_args(type(record).model_fields[name].annotation).index(getattr(record, name))  # type: ignore[attr-defined]


def closing_cost(policy: LiquidationPolicy) -> float:
    """What closing costs an account, of notional: the fee, a liquidator's bonus, the discount of a transfer."""
    discounted = policy.execution == "transfer" and policy.transfer_to == "liquidators"
    discount = policy.discount if discounted and policy.transfer_price == "discount" else 0.0
    return policy.fee_rate + policy.bonus + discount


def fill_policy(row: np.void, policy: LiquidationPolicy, atom: Fraction, scale: int) -> None:
    """What the venue does to an account in breach; absent limits as -1."""

    def atoms(money: float | None) -> int:
        return NO_LIMIT if money is None else round(money / float(atom))

    def parts(share: float | None) -> int:
        return NO_LIMIT if share is None else round(share * scale)

    for column, name in CHOICES:
        row[column] = choice(policy, name)
    row["rounds_max"], row["latency_steps"] = policy.rounds_max, policy.latency_steps
    row["tiers_down"], row["buffer_rate"] = policy.tiers_down, parts(policy.buffer)
    row["close_factor"] = parts(policy.close_factor)
    for name in ("fillable_spread", "fillable_adjustment"):
        row[name] = parts(getattr(policy, name))
    row["fillable_slope"] = parts(policy.fillable_spread * policy.fillable_adjustment)
    row["discount_rate"] = parts(policy.discount)
    row["unlock_fee"] = parts(policy.unlock_fee_rate)
    row["liquidation_fee"], row["band_rate"] = parts(policy.fee_rate), parts(policy.price_band)
    row["cap_atoms"], row["impact_on"] = atoms(policy.cap_per_step), int(policy.impact == "on")
    row["patience_steps"] = policy.patience_steps
    row["take_over_rate"], row["check_every"] = parts(policy.take_over_below), policy.check_every_steps
    row["bonus_rate"], row["closing_cost"] = parts(policy.bonus), parts(closing_cost(policy))
    if policy.auction is not None:
        auction = policy.auction
        row["auction_start"], row["auction_floor"] = parts(auction.start), parts(auction.floor)
        row["auction_steps"], row["auction_every"] = auction.duration_steps, auction.every_steps
        row["auction_cut"] = parts(auction.cut) if auction.fall == "exponential" else 0
        row["auction_resets"] = auction.resets
    throttle = policy.throttle
    if throttle is None:
        return
    row["throttled"], row["cooldown_steps"] = 1, throttle.cooldown_steps
    row["sale_share"], row["sale_least_atoms"] = parts(throttle.max_fraction), atoms(throttle.min_notional)
    row["sale_most_atoms"], row["two_phase_atoms"] = atoms(throttle.max_notional), NO_LIMIT
    if throttle.two_phase is not None:
        phases = throttle.two_phase
        row["two_phase_atoms"], row["first_share"] = atoms(phases.above), parts(phases.first_fraction)
        row["first_cooldown_steps"] = phases.cooldown_steps
    if throttle.window is not None:
        row["window_steps"], row["window_most_atoms"] = throttle.window.steps, atoms(throttle.window.capacity)
    if throttle.ramp is not None:
        row["ramp_steps"], row["ramp_start"] = throttle.ramp.duration_steps, parts(throttle.ramp.start)
