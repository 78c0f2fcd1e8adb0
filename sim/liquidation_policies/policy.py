"""The dials of a venue's liquidation agent."""

from typing import Literal

from sim.liquidation_policies.auction import Auction
from sim.liquidation_policies.throttle import Throttle
from sim.parts import ASSUMED, PROTOTYPE, Record, dial

DYDX = "dYdX v4 genesis, as quoted in docs/explanation/liquidation-and-fund.md"


class LiquidationPolicy(Record):
    """Dials of the liquidation agent of one venue."""

    execution: Literal[
        "ioc_at_bankruptcy",
        "market",
        "ioc_fillable",
        "ioc_below_mark",
        "resting_at_bankruptcy",
        "transfer",
        "dutch_auction",
    ] = dial(
        "ioc_at_bankruptcy",
        "the order that sells a position off, and what limits its price; or handed over without an order in the book",
    )
    patience_steps: int = dial(
        60,
        "resting_at_bankruptcy, transfer: steps after which what nobody took passes to the next layer",
        unit="steps",
        source=ASSUMED,
        ge=0,
        le=1_000_000,
    )
    fillable_spread: float = dial(
        1.5, "ioc_fillable: largest distance from the mark over the maintenance rate", source=DYDX, ge=0, le=100
    )
    fillable_adjustment: float = dial(
        1.0, "ioc_fillable: how fast it widens as equity falls below maintenance", source=DYDX, ge=0, le=100
    )
    discount: float = dial(
        0.0, "ioc_below_mark, transfer: distance of the price from the mark", unit="of mark", source=ASSUMED, ge=0, lt=1
    )
    transfer_to: Literal["liquidators", "fund"] = dial(
        "liquidators", "transfer: populations of liquidators, who choose; or the fund, at the bankruptcy price"
    )
    transfer_price: Literal["bankruptcy", "discount"] = dial(
        "bankruptcy", "transfer to liquidators: at the bankruptcy price, or at the discount but never beyond that"
    )
    auction: Auction | None = dial(None, "dutch_auction: how its price falls")
    bonus: float = dial(
        0.0,
        "transfer, dutch_auction: paid by the account to the liquidator, as far as it can",
        unit="of notional",
        source=ASSUMED,
        ge=0,
        le=0.5,
    )
    take_over_to: Literal["fund", "liquidators"] = dial(
        "fund", "who is asked first to take over at the bankruptcy price what an order left; liquidators: then the fund"
    )
    target: Literal["restore", "full", "next_tier", "close_factor"] = dial(
        "restore", "sell until the account complies, all of it, into a lower tier, or a share of the position"
    )
    buffer: float = dial(
        0.0,
        "restore: sell until equity is the maintenance margin and this share of it",
        unit="of maintenance",
        ge=0,
        le=10,
    )
    tiers_down: int = dial(1, "tiers that next_tier goes down", source=ASSUMED, ge=1, le=128)
    close_factor: float = dial(
        0.5, "close_factor: share of a position in one order", unit="of position", source=ASSUMED, gt=0, le=1
    )
    throttle: Throttle | None = dial(None, "how fast the positions of one account are sold; null: at once")
    selection: Literal["largest_requirement", "largest_loss", "random", "pro_rata", "all"] = dial(
        "largest_requirement",
        "which position of an account goes first, until it complies; pro_rata: restore takes the same share of each; "
        "all: every position has its turn",
    )
    cancel_orders: Literal["account", "instrument", "none"] = dial(
        "account", "open orders that are cancelled first: all of the account, those of the position's instrument, none"
    )
    take_over_below: float | None = dial(
        None,
        "below this share of maintenance the fund takes positions with their collateral, unsold; null: never",
        unit="of maintenance",
        gt=0,
        le=1,
    )
    leftover_to: Literal["trader", "fund", "liquidator"] = dial(
        "trader", "who keeps what is left of an account that a liquidation has emptied; liquidator: the last one"
    )
    check_every_steps: int = dial(
        1, "steps between checks for accounts newly in breach", unit="steps", source=ASSUMED, ge=1, le=1_000_000
    )
    queue: Literal["worst_ratio", "account", "shuffled"] = dial(
        "worst_ratio", "order in which breached accounts are served"
    )
    rounds_max: int = dial(8, "most rounds of check and sale within a step", source=ASSUMED, ge=1, le=1_000)
    latency_steps: int = dial(0, "steps between breach and first sale", unit="steps", source=ASSUMED, ge=0, le=100_000)
    cap_per_step: float | None = dial(
        3.0e6,
        "most notional the venue sells a step and instrument, the fund's inventory included; null: no cap",
        unit="quote",
        source=PROTOTYPE,
        gt=0,
        le=1e13,
    )
    price_band: float | None = dial(
        0.016,
        "no sale of the venue farther than this from the mark; null: no band",
        unit="of mark",
        source=PROTOTYPE,
        gt=0,
        le=0.99,
    )
    fee_rate: float = dial(
        0.012, "fee on liquidated notional, to the insurance fund", unit="of notional", source=ASSUMED, ge=0, le=0.5
    )
    unlock_fee_rate: float = dial(
        0.0, "hedge mode: fee on pairs of legs that are closed against each other before the rest is sold, to the fund",
        unit="of notional", source=ASSUMED, ge=0, le=0.5,
    )  # fmt: skip
    impact: Literal["on", "off"] = dial("on", "off: executed at the mark against the outside world")
