"""Paired differences of each size to the first one, with intervals."""

import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.statistics import mean_interval, paired_difference

BASE = "events_100_accounts_20000"
QUANTITIES = {
    "price_drawdown": ("drawdown, %", 100.0, 2),
    "liquidated_share_of_open_interest": ("liquidated, % of open interest", 100.0, 2),
    "long_share_of_liquidated": ("longs' share of it, %", 100.0, 1),
    "depth_trough_ratio": ("depth around the low, % of calm", 100.0, 1),
    "gross_drain_bp": ("gross drain, bp", 1.0, 1),
}


def analyse(runs: pd.DataFrame) -> Analysis:
    """A row a quantity and arm: mean, and the paired difference to the first arm with its 95 % interval."""
    good = runs[runs["error"].isna()]
    arms = [arm for arm in good["arm"].drop_duplicates() if arm != BASE]
    base = good[good["arm"] == BASE].set_index("seed")
    rows, numbers, apart = [], [], []
    for name, (label, factor, digits) in QUANTITIES.items():
        reference = mean_interval((base[name].astype(float) * factor).tolist())
        for arm in arms:
            other = good[good["arm"] == arm].set_index("seed")
            pairs = (
                pd.concat([base[name], other[name]], axis=1, keys=["first", "second"]).astype(float).dropna() * factor
            )
            gap = paired_difference(pairs["first"].tolist(), pairs["second"].tolist())
            agree = gap.low is None or gap.high is None or gap.low <= 0.0 <= gap.high
            if not agree:
                apart.append(f"{label}, {arm}: {gap.text(digits)}")
            rows.append(
                {
                    "quantity": label,
                    "at the base": reference.text(digits),
                    "arm": arm,
                    "difference": gap.text(digits),
                    "verdict": "agree" if agree else "differ",
                }
            )
            numbers.append(
                {"quantity": name, "arm": arm, "estimate": gap.estimate, "low": gap.low, "high": gap.high, "n": gap.n}
            )
    table = pd.DataFrame(rows)
    verdict = f"{len(rows) - len(apart)} of {len(rows)} paired differences hold zero."
    if apart:
        verdict += " Documented differences: " + "; ".join(apart) + "."
    brief = {
        "Differences to 100 events a step and 20,000 accounts": table[["quantity", "arm", "difference", "verdict"]]
    }
    return Analysis(table, brief, pd.DataFrame(numbers), {}, verdict, {"apart": apart})
