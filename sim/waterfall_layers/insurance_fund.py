"""The venue's insurance fund: pays shortfalls, takes positions over at the bankruptcy price, works them off slowly."""

from typing import Literal

from sim.parts import ASSUMED, PROTOTYPE, Record, dial


class InsuranceFund(Record):
    """Dials of the insurance fund. It takes over while its equity after a stressed close-out stays at or above zero."""

    kind: Literal["insurance_fund"] = "insurance_fund"
    size: float = dial(1.0e9, "cash at the start", unit="quote", source=ASSUMED, ge=0, le=1e15)
    size_bp_of_open_interest: float | None = dial(
        None,
        "cash at the start over open interest; if given, replaces size",
        unit="bp",
        source=ASSUMED,
        ge=0,
        le=10_000,
    )
    inexhaustible: bool = dial(False, "never refuses; its need is measured all the same")
    stressed_close_out_rate: float = dial(
        0.02, "assumed loss of working inventory off", unit="of notional", source=ASSUMED, ge=0, le=1
    )
    throttle_per_step: float | None = dial(
        3.0e6,
        "most inventory worked off a step and instrument; null: no limit",
        unit="quote",
        source=PROTOTYPE,
        gt=0,
        le=1e13,
    )
