"""What a position must be backed with: tiers of maintenance, initial margin beside them, and what counts as equity."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Strict, Tag

from sim.margin_regimes.calls import MarginCalls
from sim.margin_regimes.dynamics import Dynamics
from sim.parts import ASSUMED, InstrumentName, Record, Row, dial

Floor = Annotated[float, Field(ge=0, le=1e15)]
Rate = Annotated[float, Field(gt=0, le=1)]
Leverage = Annotated[float, Field(ge=1, le=1_000)]
RateTier = Annotated[tuple[Floor, Rate], Strict(strict=False)]
Tier = Annotated[tuple[Floor, Rate, Leverage], Strict(strict=False)]
Rows = Annotated[Row[Tier], Field(min_length=1, max_length=64)]
RateRows = Annotated[Row[RateTier], Field(min_length=1, max_length=64)]
Mode = Literal["marginal", "whole"]


def _form_of_tiers(rows: Any) -> str:
    first = rows[0] if isinstance(rows, list | tuple) and len(rows) > 0 else ()
    return "[rates]" if isinstance(first, list | tuple) and len(first) == 2 else "[rows]"


def _form_of_schedule(value: Any) -> str:
    return "[table]" if isinstance(value, dict | Schedule) else "[rows]"


class Initial(Record):
    """Initial margin: its own tiers, a ratio to maintenance, or a maximum leverage; one of the three."""

    tiers: RateRows | None = dial(None, "rows of notional floor and rate", unit="quote, fraction")
    ratio: float | None = dial(None, "initial over maintenance margin", unit="times", ge=1, le=1_000)
    max_leverage: float | None = dial(None, "initial rate is one over it", unit="times", ge=1, le=1_000)
    mode: Mode = dial("whole", "of these tiers; by default a rate holds for all of the notional")
    slope: float | None = dial(
        None, "rate added a unit of size; default: as for maintenance", unit="1 / base", ge=0, le=1
    )
    square_root: float | None = dial(
        None, "coefficient of the square root of size; default: as for maintenance", unit="1 / sqrt(base)", ge=0, le=1
    )


class Schedule(Record):
    """Margin of one contract's positions by their notional and size."""

    tiers: Annotated[
        Annotated[Rows, Tag("[rows]")] | Annotated[RateRows, Tag("[rates]")], Discriminator(_form_of_tiers)
    ] = dial(
        ...,
        "rows of notional floor, maintenance rate and, unless initial margin is given below, maximum leverage",
        unit="quote, fraction, times",
    )
    mode: Mode = dial("marginal", "marginal: a rate applies above its floor; whole: to all of the notional")
    slope: float = dial(0.0, "rate added a unit of size; the rate stops at one", unit="1 / base", ge=0, le=1)
    square_root: float = dial(
        0.0, "c in max(w, w - w c + c sqrt(size)) for the one rate w", unit="1 / sqrt(base)", ge=0, le=1
    )
    minimum: float = dial(0.0, "smallest margin of a position", unit="quote", ge=0, le=1e12)
    initial: Initial | None = dial(
        None, "initial margin; default: from the rows' leverage, or regime.initial_multiple of maintenance"
    )


class ClosingFee(Record):
    """An estimated closing fee inside the requirement."""

    rate: float = dial(0.0, "of notional", unit="fraction", ge=0, le=0.5)
    basis: Literal["none", "mark", "bankruptcy"] = dial("none", "whether it is required, and at which price")


class MarginRegime(Record):
    """How much collateral a position needs. A list of rows is a schedule whose tiers are marginal."""

    scope: Literal["cross", "isolated"] = dial(
        "cross", "cross: all positions share a wallet; isolated: each has its own collateral"
    )
    hedge_mode: bool = dial(False, "cross: a trader may hold a long and a short leg of one instrument at a time")
    netting: Literal["sum", "larger_side", "net"] = dial(
        "sum",
        "hedge mode: the legs of an instrument need the sum of their margins, the larger one, or that of the rest",
    )
    isolated_reserve_share: float = dial(
        0.0, "share of a wallet that is not allotted to positions", source=ASSUMED, ge=0, le=0.95
    )
    auto_top_up: bool = dial(False, "isolated: the wallet's reserve tops up a position in breach")
    notional_basis: Literal["mark", "entry"] = dial("mark", "price at which the notional is taken")
    closing_fee: ClosingFee = dial(ClosingFee(), "estimated closing fee inside the requirement")
    unrealised_profit_credit: float = dial(
        1.0, "share of a position's unrealised profit that counts; losses count in full", ge=0, le=1
    )
    calls: MarginCalls | None = dial(None, "calls for money before an account is sold off; null: none")
    maintenance_scale: float = dial(
        1.0, "multiplies every maintenance rate; rates stop at 1", source=ASSUMED, gt=0, le=100
    )
    initial: Literal["max_leverage", "max_with_maintenance", "multiple_of_maintenance"] = dial(
        "max_leverage",
        "initial margin of rows with a leverage: one over it; the larger of that and maintenance; or a multiple",
    )
    initial_multiple: float = dial(
        2.0, "for multiple_of_maintenance, and where a schedule says nothing", source=ASSUMED, ge=1, le=100
    )
    dynamics: Dynamics | None = dial(None, "rates that move with the market; default: they stay as stated")
    schedules: dict[
        InstrumentName,
        Annotated[
            Annotated[Rows, Tag("[rows]")] | Annotated[Schedule, Tag("[table]")],
            Discriminator(_form_of_schedule),
        ],
    ] = dial(
        ...,
        "by contract: rows of notional floor (quote), maintenance rate, maximum leverage; or a mapping with tiers",
        unit="quote, fraction, times",
    )
