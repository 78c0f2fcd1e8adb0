"""Mean and deviation of profit and of the last inventory, with and without leaning against it."""

import math

import numpy as np
import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.canvas import BLUE, ORANGE, new_figure, png, styled
from sim.evidence.checks import Check, judged

# (target, band) of mean profit, its deviation and the deviation of the last inventory
TARGETS = {
    "with inventory": ((65.0, 1.0), (6.5, 0.6), (2.9, 0.3)),
    "symmetric": ((68.2, 1.5), (13.4, 1.2), (8.4, 0.6)),
}


def deviation_error(values: pd.Series) -> tuple[float, float]:
    """(standard deviation, its standard error) from the fourth moment: no normal law is assumed."""
    n, spread = len(values), float(values.std(ddof=1))
    if n < 2 or spread == 0.0:
        return 0.0, math.inf
    fourth = float(((values - values.mean()) ** 4).mean())
    return spread, math.sqrt(max(fourth - spread**4, 0.0) / n) / (2.0 * spread)


def analyse(runs: pd.DataFrame) -> Analysis:
    """Six figures beside their targets."""
    good = runs[runs["error"].isna()]
    checks, profits, inventories = [], {}, {}
    for name, (mean, deviation, held) in TARGETS.items():
        rows = good[good["symmetric"] == (name == "symmetric")]
        profit, inventory = rows["profit"].astype(float), rows["inventory"].astype(float)
        profits[name], inventories[name] = profit.to_numpy(), inventory.to_numpy()
        spread, spread_error = deviation_error(profit)
        checks += [
            Check(f"{name}: mean profit", float(profit.mean()), spread / math.sqrt(max(len(profit), 1)), *mean, 2),
            Check(f"{name}: deviation of profit", spread, spread_error, *deviation, 2),
            Check(f"{name}: deviation of inventory", *deviation_error(inventory), *held, 2),
        ]
    remark = f"{min(len(values) for values in profits.values()):,} paths a maker."
    figures = {"profit": _figure(profits, inventories)}
    return judged("maker with a reservation price, gamma 0.1", checks, figures, remark)


def _figure(profits: dict[str, np.ndarray], inventories: dict[str, np.ndarray]) -> bytes:
    with styled():
        figure, axes = new_figure(9.0, 3.8, columns=2)
        both = np.concatenate(list(profits.values()))
        edges = np.linspace(np.quantile(both, 0.001), np.quantile(both, 0.999), 45)
        held = np.arange(-30.5, 31.5, 1.0)
        for (name, values), colour in zip(profits.items(), (BLUE, ORANGE), strict=True):
            label = f"{name}: {values.mean():.1f}, s.d. {values.std(ddof=1):.1f}"
            axes[0, 0].hist(values, edges, density=True, histtype="stepfilled", alpha=0.25, color=colour)
            axes[0, 0].hist(values, edges, density=True, histtype="step", linewidth=1.6, color=colour, label=label)
            label = f"{name}: s.d. {inventories[name].std(ddof=1):.1f}"
            axes[0, 1].hist(inventories[name], held, density=True, histtype="stepfilled", alpha=0.25, color=colour)
            axes[0, 1].hist(
                inventories[name], held, density=True, histtype="step", linewidth=1.6, color=colour, label=label
            )
        axes[0, 0].set_xlabel("profit at time T, quote units")
        axes[0, 1].set_xlabel("inventory at time T, orders")
        axes[0, 0].set_title("Leaning costs little profit ...")
        axes[0, 1].set_title("... and keeps the inventory small")
        for panel in axes[0]:
            panel.set_ylabel("density of paths")
            panel.set_ylim(0.0, panel.get_ylim()[1] * 1.3)
            panel.legend(loc="upper left")
        return png(figure)
