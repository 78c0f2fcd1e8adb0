"""Marginal tiers of maintenance, cross or isolated collateral, and how initial margin follows from maintenance."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from sim.parts import ASSUMED, InstrumentName, Record, Row, dial

Floor = Annotated[float, Field(ge=0, le=1e15)]
Rate = Annotated[float, Field(gt=0, le=1)]
Leverage = Annotated[float, Field(ge=1, le=1_000)]
Tier = Annotated[tuple[Floor, Rate, Leverage], Strict(strict=False)]
Schedule = Annotated[Row[Tier], Field(min_length=1, max_length=64)]


class MarginRegime(Record):
    """How much collateral a position needs. Rates are marginal: each tier's rate applies above its floor."""

    scope: Literal["cross", "isolated"] = dial(
        "cross", "cross: all positions share a wallet; isolated: each has its own collateral"
    )
    isolated_reserve_share: float = dial(
        0.0, "share of a wallet that is not allotted to positions", source=ASSUMED, ge=0, le=0.95
    )
    auto_top_up: bool = dial(False, "isolated: the wallet's reserve tops up a position in breach")
    maintenance_scale: float = dial(
        1.0, "multiplies every maintenance rate; rates stop at 1", source=ASSUMED, gt=0, le=100
    )
    initial: Literal["max_leverage", "max_with_maintenance", "multiple_of_maintenance"] = dial(
        "max_leverage",
        "initial margin: the schedule's own; the larger of it and maintenance; or a multiple of maintenance",
    )
    initial_multiple: float = dial(2.0, "multiple for multiple_of_maintenance", source=ASSUMED, ge=1, le=100)
    schedules: dict[InstrumentName, Schedule] = dial(
        ...,
        "rows of notional floor (quote), maintenance rate, maximum leverage, by contract",
        unit="quote, fraction, times",
    )
