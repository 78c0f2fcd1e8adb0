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
)  # column, dial


def choice(record: object, name: str) -> int:
    """The place of a dial's value among those that its record allows; the vocabulary counts in the same order."""
    return get_args(type(record).model_fields[name].annotation).index(getattr(record, name))  # type: ignore[attr-defined]


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
