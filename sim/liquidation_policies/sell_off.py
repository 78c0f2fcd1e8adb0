"""Sell a breached account off on the book: by immediate-or-cancel limit at its bankruptcy price, or at market."""

from typing import Literal

from sim.parts import ASSUMED, PROTOTYPE, Record, dial


class LiquidationPolicy(Record):
    """Dials of the liquidation agent of one venue."""

    execution: Literal["ioc_at_bankruptcy", "market"] = dial("ioc_at_bankruptcy", "the order that sells a position off")
    target: Literal["restore", "full"] = dial("restore", "restore: sell until the account complies; full: all of it")
    queue: Literal["worst_ratio", "account", "shuffled"] = dial(
        "worst_ratio", "order in which breached accounts are served"
    )
    rounds_max: int = dial(8, "most rounds of check and sale within a step", source=ASSUMED, ge=1, le=1_000)
    latency_steps: int = dial(0, "steps between breach and first sale", unit="steps", source=ASSUMED, ge=0, le=100_000)
    cap_per_step: float | None = dial(
        3.0e6, "most notional sold a step and instrument; null: no cap", unit="quote", source=PROTOTYPE, gt=0, le=1e13
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
    impact: Literal["on", "off"] = dial("on", "off: executed at the mark against the outside world")
