"""Position sizing: how much of its money a trader commits to a signal, and never more than its margin admits."""

import math
from typing import Annotated, Literal

from pydantic import Field

from sim.parts import ASSUMED, Record, dial
from sim.rules.admission import admits_order
from sim.rules.inbox import shifted, valued_price
from sim.rules.margin import account_margin
from sim.rules.worth import lot_price
from sim.strategies.desk import ENTRY_SHARE, LOT_FUZZ
from sim.terms import kernel, never_inline
from sim.terms.vocabulary import SIZING_CAPPED_KELLY, SIZING_FIXED, SIZING_FRACTIONAL

LARGEST_LOTS = float(1 << 30)
LARGEST_ATOMS = float(1 << 59)  # products of admission stay within 64 bits
LEAST_VARIANCE = 1e-18  # of a step: a market that stands still is no licence for any leverage


class FixedSizing(Record):
    """The same notional for everybody and every time."""

    kind: Literal["fixed"] = "fixed"
    notional: float = dial(
        10_000.0, "notional of a position at liquidity_scale 1", unit="quote", source=ASSUMED, gt=0, le=1e12
    )


class FractionalSizing(Record):
    """A share of the trader's equity, times the leverage that it has chosen."""

    kind: Literal["fractional"] = "fractional"
    share: float = dial(0.5, "part of the equity that backs a position", unit="of equity", source=ASSUMED, gt=0, le=1)


class CappedKellySizing(Record):
    """The growth-optimal exposure (Kelly 1956), edge over variance, in part and with a cap.

    The edge is the size of the signal, the variance that of returns over the signal's horizon.
    """

    kind: Literal["capped_kelly"] = "capped_kelly"
    kelly_share: float = dial(
        0.001, "part of edge over variance: signals promise far more than they keep", source=ASSUMED, gt=0, le=1
    )
    exposure_max: float = dial(5.0, "largest exposure", unit="of equity", source=ASSUMED, gt=0, le=1_000)


class VolatilityTargetSizing(Record):
    """The exposure whose volatility is the target, by a filter of the market's volatility."""

    kind: Literal["volatility_target"] = "volatility_target"
    target_volatility: float = dial(1.0, "volatility of equity", unit="per sqrt(year)", source=ASSUMED, gt=0, le=1_000)
    exposure_max: float = dial(10.0, "largest exposure", unit="of equity", source=ASSUMED, gt=0, le=1_000)


Sizing = Annotated[
    FixedSizing | FractionalSizing | CappedKellySizing | VolatilityTargetSizing, Field(discriminator="kind")
]
PARTS = (FixedSizing, FractionalSizing, CappedKellySizing, VolatilityTargetSizing)


@kernel
def filter_variance(world, p, k, desk):
    """Take the last step's move of the mid into the desk's variance a step."""
    never_inline()
    row, mid = world.desks[desk], world.market_view[k]["mid"]
    move = (mid - row["previous_mid"]) / valued_price(world, k, mid)
    keep = world.populations[p]["volatility_keep"]
    row["variance"] = keep * row["variance"] + (1.0 - keep) * move * move
    row["previous_mid"] = mid


@kernel
def sized_lots(world, p, k, desk, owner, side, edge, horizon):
    """Lots that a trader without a position opens on a signal: by its rule of sizing, within dial and margin.

    `edge`: expected gain as a fraction, `horizon`: steps in which it is expected.
    """
    never_inline()
    population, row = world.populations[p], world.desks[desk]
    price = lot_price(world, k, world.market_view[k]["mid"])
    kind, stake = population["sizing"], population["stake"]
    largest = population["size_max"] * row["scale"] / price
    if kind == SIZING_FIXED:
        lots = stake * row["scale"] / price
    else:
        variance = max(row["variance"], LEAST_VARIANCE)
        if kind == SIZING_FRACTIONAL:
            exposure = stake * float(world.clock[0]["rate_scale"]) / float(world.traders[owner]["initial_rate"])
        elif kind == SIZING_CAPPED_KELLY:
            exposure = min(stake * edge / (variance * horizon), population["stake_cap"])
        else:
            exposure = min(stake / math.sqrt(variance), population["stake_cap"])
        equity = float(max(account_margin(world, owner)[0], 0))
        lots = exposure * equity / (price * float(world.instruments[k]["tick_value"]))
    return affordable_lots(world, p, k, owner, side, min(lots, largest))


@kernel
def affordable_lots(world, p, k, owner, side, lots):
    """The whole part of `lots` that the initial margin admits at a price worse than the order's, by ENTRY_SHARE.

    Wallet, equity, chosen leverage and tier are judged by the venue's own rule.
    """
    return admitted_lots(world, p, k, owner, side, lots, int(0))


@kernel
def admitted_lots(world, p, k, owner, side, lots, flags):
    """The same for an order with these flags."""
    never_inline()
    slippage = world.populations[p]["slippage"]
    worst = shifted(world, k, world.market_view[k]["mid"], slippage) / ENTRY_SHARE
    dear = max(worst, 1.0)
    if world.instruments[k]["inverse"] != 0:  # a lot is more coins at a lower price
        worst = shifted(world, k, world.market_view[k]["mid"], -slippage) * ENTRY_SHARE
        dear = lot_price(world, k, worst)
    price = int(worst)
    most = LARGEST_ATOMS / (dear * float(world.instruments[k]["tick_value"]))
    wanted = int(min(lots, most, LARGEST_LOTS) + LOT_FUZZ)
    if wanted <= 0:
        return int(0)
    if admits_order(world, owner, k, side, price, wanted, flags):
        return wanted
    low, high = 0, wanted
    while high - low > 1:
        middle = (low + high) // 2
        if admits_order(world, owner, k, side, price, middle, flags):
            low = middle
        else:
            high = middle
    return low
