"""Sell a breached account off on the book: by immediate-or-cancel limit at its bankruptcy price, or at market."""

from typing import Literal

from sim.liquidation_policies.execution import limit_tick
from sim.liquidation_policies.resting import rest_on_book
from sim.liquidation_policies.selection import pro_rata_lots
from sim.liquidation_policies.take_over import fund_takes, passes_to_fund
from sim.liquidation_policies.targets import target_lots
from sim.liquidation_policies.throttle import Throttle, note_sale, throttled_lots
from sim.parts import ASSUMED, PROTOTYPE, Record, dial
from sim.rules.bankruptcy import band_tick, budget_lots, equity_share, value_at_mark
from sim.rules.exchange import execute, shrink_if_needed
from sim.rules.forced import book_sale, charge_fee, note_closed, return_collateral
from sim.rules.margin import account_margin, account_of
from sim.rules.settlement import move_lots
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import (
    ADL_AFTER_FUND,
    ADL_BEFORE_FUND,
    EVENT_LIQUIDATION_SALE,
    EXECUTION_IOC_AT_BANKRUPTCY,
    EXECUTION_MARKET,
    EXECUTION_RESTING_AT_BANKRUPTCY,
    FLAG_FORCED,
    IMMEDIATE_OR_CANCEL,
    NONE,
    SELECTION_PRO_RATA,
    TARGET_RESTORE,
)
from sim.waterfall_layers.auto_deleveraging import deleverage
from sim.waterfall_layers.insurance_fund import note_default, note_exhausted

DYDX = "dYdX v4 genesis, as quoted in docs/explanation/liquidation-and-fund.md"


class LiquidationPolicy(Record):
    """Dials of the liquidation agent of one venue."""

    execution: Literal["ioc_at_bankruptcy", "market", "ioc_fillable", "ioc_below_mark", "resting_at_bankruptcy"] = dial(
        "ioc_at_bankruptcy", "the order that sells a position off, and what limits its price"
    )
    patience_steps: int = dial(
        60,
        "resting_at_bankruptcy: steps after which what rests unfilled passes to the next layer",
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
        0.0, "ioc_below_mark: distance of the limit from the mark", unit="of mark", source=ASSUMED, ge=0, lt=1
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
    leftover_to: Literal["trader", "fund"] = dial(
        "trader", "who keeps what is left of an account that a liquidation has emptied"
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


@kernel
def sell_outside(world, v, k, trader, lots, cause):
    """The twin without impact: closed at the mark against the outside world; lots closed."""
    row = k * world.clock[0]["n_traders"] + trader
    size = world.position_size[row]
    lots = min(lots, budget_lots(world, v, k))
    if lots <= 0:
        return 0
    sign = 1 if size > 0 else -1
    mark = world.instruments[k]["mark_price"]
    amount = sign * lots * mark * world.instruments[k]["tick_value"]
    outside = world.clock[0]["outside_trader"]
    move_lots(world, EVENT_LIQUIDATION_SALE, k, trader, outside, sign * lots, amount, mark, cause)
    world.instruments[k]["sold_atoms"] += value_at_mark(world, k, lots)
    charge_fee(world, v, k, trader, lots, cause)
    return_collateral(world, v, k, trader, size, cause)
    note_closed(world, k, size, lots)
    return lots


@kernel
def sell_on_book(world, v, k, trader, lots, share, t, cause):
    """One immediate-or-cancel order; (lots filled, True when only the bankruptcy price stood in the way)."""
    clock, instrument = world.clock, world.instruments[k]
    size = world.position_size[k * clock[0]["n_traders"] + trader]
    sign = 1 if size > 0 else -1
    blocked = instrument["sell_blocked"] if sign > 0 else instrument["buy_blocked"]
    send = min(lots, budget_lots(world, v, k))
    if blocked == t + 1 or send <= 0:
        return 0, False
    limit = band_tick(world, instrument, -sign, world.venues[v]["band_rate"])
    bound = False
    execution = world.venues[v]["execution"]
    if execution != EXECUTION_MARKET:
        own = limit_tick(world, v, k, trader, size, share)
        if (own - limit) * sign > 0:
            limit = own
            bound = True
    filled = execute(world, k, IMMEDIATE_OR_CANCEL, -sign, trader, limit, send, FLAG_FORCED, NONE)
    if filled < send and not bound:
        if sign > 0:
            instrument["sell_blocked"] = t + 1
        else:
            instrument["buy_blocked"] = t + 1
    if filled > 0:
        instrument["sold_atoms"] += value_at_mark(world, k, filled)
        book_sale(world, v, k, trader, size, filled, cause)
    return filled, bound and filled < send and execution == EXECUTION_IOC_AT_BANKRUPTCY


@kernel
def wanted_lots(world, v, k, trader, tried):
    """Lots of a position that the policy wants sold, before its throttle."""
    account = account_of(world, trader, k)
    held = abs(world.position_size[k * world.clock[0]["n_traders"] + trader])
    equity, maintenance = account_margin(world, account)
    venue = world.venues[v]
    if venue["selection"] == SELECTION_PRO_RATA and venue["target"] == TARGET_RESTORE and equity > 0:
        return pro_rata_lots(world, v, k, account, tried, equity, maintenance)
    return target_lots(world, v, k, trader, held, equity, maintenance)


@kernel
def close_position(world, v, case, k, trader, tried, t, cause):
    """Sell one position of a breached account off; what the book refuses goes down the waterfall. Lots closed."""
    never_inline()
    row = k * world.clock[0]["n_traders"] + trader
    if world.venues[v]["impact_on"] == 0:
        held = abs(world.position_size[row])
        lots = throttled_lots(world, v, case, k, held, wanted_lots(world, v, k, trader, tried), t)
        filled = sell_outside(world, v, k, trader, lots, cause)
        note_sale(world, v, case, k, held, filled, t)
        return filled
    taken = 0
    size = world.position_size[row]
    equity, maintenance = account_margin(world, account_of(world, trader, k))
    if passes_to_fund(world, v, equity, maintenance):
        taken = fund_takes(world, v, k, trader, abs(size), cause)
        note_closed(world, k, size, taken)
        shrink_if_needed(world, k, trader)
        size = world.position_size[row]
        if size == 0:
            return taken
    lots = wanted_lots(world, v, k, trader, tried)
    rests = world.venues[v]["execution"] == EXECUTION_RESTING_AT_BANKRUPTCY
    if rests:
        filled, refused = rest_on_book(world, v, case, k, trader, lots, t, cause)
    else:
        lots = throttled_lots(world, v, case, k, abs(size), lots, t)
        filled, refused = sell_on_book(world, v, k, trader, lots, equity_share(world, trader, k), t, cause)
        note_sale(world, v, case, k, abs(size), filled, t)
    size = world.position_size[row]
    if size == 0:
        return taken + filled
    share = equity_share(world, trader, k)
    if not refused and (share > 0 or rests):
        return taken + filled
    if share <= 0 and not refused and world.venues[v]["execution"] != EXECUTION_IOC_AT_BANKRUPTCY and filled > 0:
        return taken + filled
    left = abs(size) if share <= 0 else min(lots - filled, abs(size))
    absorbed = absorb(world, v, k, trader, left, cause)
    if absorbed > 0:
        note_closed(world, k, size, absorbed)
        shrink_if_needed(world, k, trader)
    return taken + filled + absorbed


@kernel
def absorb(world, v, k, trader, lots, cause):
    """What the book refused goes down the waterfall, in the order of the venue's list. Lots absorbed."""
    order = world.venues[v]["adl_on"]
    absorbed = 0
    if order == ADL_BEFORE_FUND:
        absorbed += deleverage_if_bankrupt(world, v, k, trader, lots, cause)
    absorbed += fund_takes(world, v, k, trader, lots - absorbed, cause)
    if absorbed < lots:
        note_exhausted(world, v)
    if absorbed < lots and order == ADL_AFTER_FUND:
        absorbed += deleverage_if_bankrupt(world, v, k, trader, lots - absorbed, cause)
    return absorbed


@kernel
def deleverage_if_bankrupt(world, v, k, trader, lots, cause):
    """Auto-deleverage once the mark has reached the bankruptcy price, never before. Lots closed."""
    share = equity_share(world, trader, k)
    if share > 0 or world.position_size[k * world.clock[0]["n_traders"] + trader] == 0:
        return 0
    handed = world.funds[v]["adl_loss"]
    closed = deleverage(world, v, k, trader, lots, share, cause)
    handed = min(world.funds[v]["adl_loss"] - handed, -share)
    if handed > 0:
        note_default(world, k, trader, handed, cause)
    if closed > 0:
        return_collateral(world, v, k, trader, closed, cause)
    return closed
