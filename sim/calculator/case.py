"""What a case says, as checked records: an account, the rules that it stands under, and the marks."""

from typing import Annotated, Literal

from pydantic import Field, Strict, StringConstraints

from sim.parts import Record, Row, dial

LARGEST, SMALLEST = 1e18, 1e-18
# Wider than the names of scenarios: venues call their contracts BTC-PERPETUAL or BTC/USDT:USDT.
CaseName = Annotated[str, StringConstraints(pattern=r"^\S+$", min_length=1, max_length=64)]
Amount = Annotated[float, Field(ge=0, le=LARGEST)]
Price = Annotated[float, Field(ge=SMALLEST, le=LARGEST)]
Rate = Annotated[float, Field(ge=0, le=1)]
Tiers = Annotated[Row[Annotated[tuple[Amount, Rate], Strict(strict=False)]], Field(min_length=1, max_length=128)]
Mode = Literal["marginal", "whole"]
RULES = "the case's own choice"


class Scaling(Record):
    """Initial rates that rise to one while the open interest rises from `low` to `high` (as on dYdX v4)."""

    low: float = dial(..., "open interest up to which the rate stays", unit="quote", source=RULES, ge=0, le=LARGEST)
    high: float = dial(
        ..., "open interest from which the rate is one", unit="quote", source=RULES, ge=SMALLEST, le=LARGEST
    )


class Initial(Record):
    """Initial margin: its own tiers, a ratio to maintenance, or a maximum leverage; one of the three."""

    tiers: Tiers | None = dial(None, "rows of notional floor and rate", unit="quote, fraction", source=RULES)
    ratio: float | None = dial(None, "initial over maintenance margin", unit="times", source=RULES, ge=1, le=1_000)
    max_leverage: float | None = dial(None, "initial rate is one over it", unit="times", source=RULES, ge=1, le=1_000)
    mode: Mode = dial("whole", "of these tiers; by default a rate holds for all of the notional", source=RULES)
    slope: float | None = dial(
        None, "rate added a unit of size; default: as for maintenance", unit="1 / base", source=RULES, ge=0, le=1
    )
    square_root: float | None = dial(
        None, "coefficient of the square root of size; default: as for maintenance", source=RULES, ge=0, le=1
    )
    open_interest: Scaling | None = dial(None, "scaling of these rates with the open interest", source=RULES)


class Schedule(Record):
    """Margin of one instrument's positions by their notional."""

    tiers: Tiers = dial(..., "rows of notional floor and maintenance rate", unit="quote, fraction", source=RULES)
    mode: Mode = dial(
        "marginal", "marginal: a rate applies above its floor; whole: to all of the notional", source=RULES
    )
    maintenance_amount: float | None = dial(
        None, "what is subtracted, in place of the derived amount; one tier only", source=RULES, ge=0, le=LARGEST
    )
    slope: float = dial(0.0, "rate added a unit of size", unit="1 / base", source=RULES, ge=0, le=1)
    square_root: float = dial(0.0, "coefficient of the square root of size", source=RULES, ge=0, le=1)
    minimum: float = dial(0.0, "smallest margin of a position", unit="quote", source=RULES, ge=0, le=LARGEST)
    initial: Initial | None = dial(None, "initial margin; default: regime.initial_multiple of maintenance")


class ClosingFee(Record):
    """An estimated closing fee inside the requirement."""

    rate: float = dial(0.0, "of notional", unit="fraction", source=RULES, ge=0, le=0.5)
    basis: Literal["none", "mark", "bankruptcy"] = dial(
        "none", "whether it is required, and at which price", source=RULES
    )


class Regime(Record):
    """How requirements are read off the schedules; only what differs from the default, or from the venue, is given."""

    scope: Literal["cross", "isolated"] = dial("cross", "margin mode of positions that name none", source=RULES)
    netting: Literal["sum", "larger_side", "net"] = dial(
        "sum", "of the long and the short legs of one instrument in one account; net: what one has beyond the other",
        source=RULES,
    )  # fmt: skip
    notional_basis: Literal["mark", "entry"] = dial("mark", "price at which the notional is taken", source=RULES)
    closing_fee: ClosingFee = dial(ClosingFee(), "estimated closing fee inside the requirement")
    unrealised_profit_credit: float = dial(
        1.0, "share of a position's unrealised profit that counts; losses count in full", source=RULES, ge=0, le=1
    )
    maintenance_scale: float = dial(1.0, "multiplies every maintenance rate; rates stop at 1", gt=0, le=100)
    initial_multiple: float = dial(
        2.0, "initial over maintenance margin where a schedule does not say", unit="times", ge=1, le=1_000
    )


class TwoPhase(Record):
    """Of a large position only a part at first (as on Hyperliquid)."""

    above: float = dial(1e5, "positions of more notional than this", unit="quote", source=RULES, ge=0, le=LARGEST)
    first_fraction: float = dial(
        0.2, "share of the position in the first order", unit="of position", source=RULES, gt=0, le=1
    )
    cooldown_steps: int = dial(30, "steps until the second order", unit="steps", source=RULES, ge=1, le=1_000_000)


class Window(Record):
    """A market's capacity in a window of time (as on Synthetix); here no sale has used any of it."""

    capacity: float = dial(..., "most notional of one instrument", unit="quote", source=RULES, gt=0, le=LARGEST)
    steps: int = dial(1, "length of the window", unit="steps", source=RULES, ge=1, le=1_000_000)


class Ramp(Record):
    """A share of what is to be sold that grows with the time since the breach (as on Drift); here it is just there."""

    start: float = dial(0.0, "share at the first step", unit="of what is to be sold", source=RULES, ge=0, le=1)
    duration_steps: int = dial(60, "steps until all of it", unit="steps", source=RULES, ge=1, le=1_000_000)


class Throttle(Record):
    """Limits on the first order of a position; what comes later is not printed."""

    max_fraction: float | None = dial(
        None, "most of a position in one order", unit="of position", source=RULES, gt=0, le=1
    )
    max_notional: float | None = dial(
        None, "most notional of an account in one step", unit="quote", source=RULES, gt=0, le=LARGEST
    )
    min_notional: float = dial(
        0.0, "max_fraction never makes an order smaller than this", unit="quote", source=RULES, ge=0, le=LARGEST
    )
    cooldown_steps: int = dial(1, "steps until the next order", unit="steps", source=RULES, ge=1, le=1_000_000)
    two_phase: TwoPhase | None = dial(None, "a smaller first order of large positions")
    window: Window | None = dial(None, "capacity of each market in a window of time")
    ramp: Ramp | None = dial(None, "a share that grows with the time since the breach")


class Auction(Record):
    """A price that falls from `start` to `floor`, shares of the mark at its start (as at Maker); here it begins."""

    start: float = dial(1.05, "first price", unit="of mark", source=RULES, gt=0, lt=2)
    floor: float = dial(0.8, "last price", unit="of mark", source=RULES, gt=0, lt=2)
    duration_steps: int = dial(60, "steps until the floor", unit="steps", source=RULES, ge=1, le=100_000)
    fall: Literal["linear", "exponential"] = dial("linear", "in a line, or by the same cut each time", source=RULES)
    cut: float = dial(0.99, "what is left of the price after a cut", unit="of price", source=RULES, gt=0, lt=1)
    every_steps: int = dial(1, "steps from one price to the next", unit="steps", source=RULES, ge=1, le=100_000)
    resets: int = dial(0, "times that it begins anew", source=RULES, ge=0, le=1_000)


class Policy(Record):
    """What the venue sends when an account is liquidatable; only what differs from the default, or from the venue."""

    target: Literal["restore", "full", "next_tier", "close_factor"] = dial(
        "restore", "sell until the account complies, all of it, into a lower tier, or a share", source=RULES
    )
    buffer: float = dial(
        0.0,
        "restore: until equity is maintenance and this share of it",
        unit="of maintenance",
        source=RULES,
        ge=0,
        le=10,
    )
    close_factor: float = dial(0.5, "share of a position in one order", unit="of position", source=RULES, gt=0, le=1)
    throttle: Throttle | None = dial(None, "limits on what is sold at once")
    tiers_down: int = dial(1, "tiers that next_tier goes down", source=RULES, ge=1, le=128)
    execution: Literal[
        "ioc_at_bankruptcy",
        "market",
        "ioc_fillable",
        "ioc_below_mark",
        "resting_at_bankruptcy",
        "transfer",
        "dutch_auction",
    ] = dial("ioc_at_bankruptcy", "what limits the price of the order, or at which it is handed over", source=RULES)
    transfer_to: Literal["liquidators", "fund"] = dial("liquidators", "transfer: who takes it", source=RULES)
    transfer_price: Literal["bankruptcy", "discount"] = dial(
        "bankruptcy", "transfer to liquidators: there, or at the discount but never beyond it", source=RULES
    )
    auction: Auction | None = dial(None, "dutch_auction: how its price falls")
    bonus: float = dial(0.0, "paid to the liquidator", unit="of notional", source=RULES, ge=0, le=0.5)
    fee_rate: float = dial(0.0, "fee on liquidated notional", unit="of notional", source=RULES, ge=0, le=0.5)
    unlock_fee_rate: float = dial(
        0.0, "fee on pairs of legs that are closed against each other first", unit="of notional", source=RULES, ge=0,
        le=0.5,
    )  # fmt: skip
    price_band: float | None = dial(
        None, "no order farther than this from the mark", unit="of mark", source=RULES, gt=0, le=0.99
    )
    take_over_below: float | None = dial(
        None,
        "share of maintenance below which the fund takes over instead",
        unit="of maintenance",
        source=RULES,
        gt=0,
        le=1,
    )
    cap_per_step: float | None = dial(
        None, "most notional a step and instrument", unit="quote", source=RULES, gt=0, le=LARGEST
    )
    fillable_spread: float = dial(
        1.5, "ioc_fillable: largest distance over the maintenance rate", source=RULES, ge=0, le=100
    )
    fillable_adjustment: float = dial(
        1.0, "ioc_fillable: how fast it widens as equity falls below maintenance", source=RULES, ge=0, le=100
    )
    discount: float = dial(
        0.0, "ioc_below_mark: distance of the limit from the mark", unit="of mark", source=RULES, ge=0, lt=1
    )


class Units(Record):
    """Ticks and lots of an instrument."""

    tick_size: float = dial(..., "smallest price step", unit="quote", source=RULES, ge=SMALLEST, le=1e9)
    lot_size: float = dial(..., "smallest size step", unit="base", source=RULES, ge=SMALLEST, le=1e12)


class Position(Record):
    """One position; an inverse contract's size is in quote units (contracts of one), its money in the base coin."""

    instrument: CaseName = dial(..., "whose schedule and mark", source=RULES)
    side: Literal["long", "short"] = dial(..., "long or short", source=RULES)
    size: float = dial(..., "size", unit="base; quote if inverse", source=RULES, ge=SMALLEST, le=LARGEST)
    entry_price: float = dial(..., "average entry price", unit="quote", source=RULES, ge=SMALLEST, le=LARGEST)
    contract: Literal["linear", "inverse"] = dial("linear", "what profit is paid in: quote, or the coin", source=RULES)
    margin_mode: Literal["cross", "isolated"] | None = dial(None, "default: regime.scope", source=RULES)
    isolated_collateral: float | None = dial(
        None, "what is allotted to an isolated position", unit="quote; coin if inverse", source=RULES, ge=0, le=LARGEST
    )


class FirstRates(Record):
    """Rates of the first tier at the moment, where a venue's move; every other tier is moved in proportion."""

    maintenance: float | None = dial(None, "maintenance rate; default: as stated", source=RULES, gt=0, le=1)
    initial: float | None = dial(None, "initial rate; default: as stated", source=RULES, gt=0, le=1)


class FlatRates(Record):
    """The flat schedule that `--compare` sets beside the others."""

    maintenance: float = dial(..., "maintenance rate", unit="fraction", source=RULES, gt=0, le=1)
    initial: float | None = dial(None, "initial rate; default: regime.initial_multiple times", source=RULES, gt=0, le=1)


class Comparison(Record):
    """What `--compare` needs beyond the case."""

    flat: FlatRates | None = dial(None, "default: the rates of each schedule's first tier")
    returns: dict[CaseName, Annotated[Row[Annotated[float, Field(gt=-1, le=1_000)]], Field(min_length=2)]] = dial(
        {}, "past returns of each instrument, one a step, of the same steps", unit="fraction", source=RULES
    )
    confidence: float = dial(0.99, "of value at risk and expected shortfall", source=RULES, ge=0.5, lt=1)
    horizon_steps: int = dial(1, "steps over which losses are measured", unit="steps", source=RULES, ge=1, le=10_000)


class Case(Record):
    """An account and the rules that it stands under: a venue's, or schedules and a regime of its own."""

    title: str = dial("", "what to call it", max_length=200)
    venue: str | None = dial(None, "rule book: a file, or a name of configs/venues", source=RULES, min_length=1)
    regime: Regime = dial(Regime(), "how margin is required")
    liquidation: Policy = dial(Policy(), "what the venue does to an account in breach")
    collateral: float = dial(0.0, "the cross wallet", unit="quote", source=RULES, ge=-LARGEST, le=LARGEST)
    mark_prices: dict[CaseName, Price] = dial({}, "marks by instrument", unit="quote", source=RULES)
    open_interest: dict[CaseName, Amount] = dial({}, "open interest by instrument", unit="quote", source=RULES)
    rates_in_force: dict[CaseName, FirstRates] = dial({}, "first rates of the moment by instrument, where rates move")
    schedules: dict[CaseName, Schedule] = dial({}, "margin schedules by instrument")
    instruments: dict[CaseName, Units] = dial({}, "ticks and lots by instrument; default: the venue's, or none")
    positions: Annotated[Row[Position], Field(max_length=2_000)] = dial((), "what is held")
    compare: Comparison = dial(Comparison(), "what --compare needs")
