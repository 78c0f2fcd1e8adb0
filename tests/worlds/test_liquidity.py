"""More liquidity calms the market, where it is depth and arbitrage together and no fund runs out."""

import numpy as np

from sim.scenario import load
from sim.scenario.build import build_session

ENDLESS = "venues.binance.waterfall.insurance_fund.inexhaustible=true"
DOUBLED = (
    "populations.makers.depth=480e6",
    *(
        f"populations.{name}.{dial}"
        for name in ("arbitrage", "value")
        for dial in ("cap_per_s=2.4e6", "speed_per_bp=20000", "inventory_limit=9.6e8")
    ),
)
SEEDS = range(1, 41)
STEPS = 2200


def drawdown(seed, *overrides):
    session = build_session(load("btc_2025_10_10", [f"steps={STEPS}", ENDLESS, *overrides]), seed)
    session.advance(STEPS)
    steps = session.take_steps()
    last = steps["last_price"][steps["instrument"] == 0].astype(float)
    return 1.0 - float((last / np.maximum.accumulate(last)).min())


def lower_bound(differences):
    """Lower end of the 95 % t interval of a mean of paired differences (40 seeds: t of 39 degrees of freedom)."""
    values = np.array(differences)
    return values.mean() - 2.023 * values.std(ddof=1) / np.sqrt(len(values))


def test_doubled_depth_and_arbitrage_make_the_fall_and_its_amplification_smaller():
    off = "venues.binance.liquidation.impact=off"
    rows = [(drawdown(s), drawdown(s, off), drawdown(s, *DOUBLED), drawdown(s, off, *DOUBLED)) for s in SEEDS]
    thin, thin_twin, deep, deep_twin = np.array(rows).T
    assert lower_bound(thin - deep) > 0.015
    assert lower_bound((thin - thin_twin) - (deep - deep_twin)) > 0.0, "what forced sales add to the fall"
    assert (deep / deep_twin).mean() < (thin / thin_twin).mean()
