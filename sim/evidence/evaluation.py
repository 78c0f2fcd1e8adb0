"""How each population has done: its profit by part, the risk it ran, and what became of its orders and accounts.

Ratios are those of the profits of equal periods, not annualised. What is not defined is None: fewer than three periods,
no deviation, no loss to divide by.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.evidence.inputs import NamesLike, RunFacts
from sim.terms.vocabulary import EVENT_LIQUIDATION

Rows = NDArray[Any]
Floats = NDArray[np.float64]
Record = dict[str, Any]

PARTS = ("price", "spread", "funding", "fees", "liquidation")
PERIODS_MIN = 3


def evaluation(
    profits: Rows, samples: Rows, events: Rows, names: NamesLike, kinds: Sequence[str], facts: RunFacts, every: int
) -> list[Record]:
    """One record a holder: institutions first, then populations; money in quote units, exact integers under `atoms`.

    profits: PROFITS rows as they are now; samples, events: PROFIT_STEPS and EVENTS rows of the whole run;
    kinds: one a holder; every: steps between two samples.
    """
    n_holders = len(names.holders)
    table = profits.reshape(n_holders, -1)
    liquidated = events["actor"][events["kind"] == EVENT_LIQUIDATION]
    populations = np.asarray(names.population_of_trader, dtype=np.int64)
    first_population = n_holders - len(names.populations)  # populations[0] stands for all institutions
    records = []
    for holder, name in enumerate(names.holders):
        population = holder - first_population
        own = liquidated[populations[liquidated] == population] if population > 0 else liquidated[:0]
        traders = int((populations == population).sum()) if population > 0 else 1
        atoms = _atoms(table[holder])
        record: Record = {"population": name, "kind": kinds[holder], "traders": traders}
        record |= {key: value * names.atom for key, value in atoms.items()}
        record |= risk_figures(samples[samples["holder"] == holder], atoms["equity_start"], names.atom, every)
        record["period_s"] = every * facts.step_seconds
        record |= _counts(table[holder])
        record |= {"liquidations": len(own), "liquidated_accounts": len(np.unique(own)), "atoms": atoms}
        records.append(record)
    return records


def _atoms(rows: Rows) -> dict[str, int]:
    """Exact sums over instruments, as Python integers."""
    sums = {part: sum(rows[part].tolist()) for part in (*PARTS, "deposits")}
    start = int(rows["start"][0])
    profit = sum(sums[part] for part in PARTS)
    ends = {"equity_start": start, "equity_end": start + profit + sums["deposits"]}
    return {**ends, "deposits": sums.pop("deposits"), "profit": profit, **sums}


def _counts(rows: Rows) -> Record:
    closings = int(rows["closings"].sum())
    won = int(rows["won_closings"].sum())
    return {
        "closings": closings,
        "won_share_of_closings": won / closings if closings else None,
        "rejected_orders": int(rows["rejected"].sum()),
    }


def risk_figures(samples: Rows, start: int, atom: float, every: int) -> Record:
    """Figures of one holder's samples (PROFIT_STEPS rows, in order): deposits are no profit."""
    gained = samples["equity"] - start - samples["deposits"]
    whole = (samples["step"] + 1) % every == 0  # the last period may be shorter
    profits = np.diff(np.concatenate([[0], gained[whole]])).astype(np.float64) * atom
    enough = len(profits) >= PERIODS_MIN
    return {
        "periods": len(profits),
        "sharpe": sharpe(profits) if enough else None,
        "sortino": sortino(profits) if enough else None,
        "hit_rate": float((profits > 0).mean()) if enough else None,
        "risk_to_reward": risk_to_reward(profits) if enough else None,
        **max_drawdown(np.append(0, gained) * atom, np.append(start, samples["equity"]) * atom),
    }


def sharpe(profits: Floats) -> float | None:
    """Mean over standard deviation of the profits of periods; None when they are all the same."""
    if len(profits) < 2 or profits.max() == profits.min():
        return None
    return float(profits.mean() / profits.std(ddof=1))


def sortino(profits: Floats) -> float | None:
    """Mean over the root mean square of losses, gains counting as zero; None without a loss."""
    if not (profits < 0).any():
        return None
    return float(profits.mean() / np.sqrt((np.minimum(profits, 0.0) ** 2).mean()))


def risk_to_reward(profits: Floats) -> float | None:
    """Mean loss over mean gain; None without one of them."""
    gains, losses = profits[profits > 0], -profits[profits < 0]
    return float(losses.mean() / gains.mean()) if len(gains) and len(losses) else None


def max_drawdown(gained: Floats, equity: Floats) -> Record:
    """Deepest fall of the cumulated profit from an earlier high, in quote units and as a share of the equity there.

    The share is None where that equity was not above zero.
    """
    falls = np.maximum.accumulate(gained) - gained
    low = int(falls.argmax())
    high = int(gained[: low + 1].argmax())
    share = float(falls[low] / equity[high]) if equity[high] > 0.0 else None
    return {"max_drawdown": float(falls[low]), "max_drawdown_share": share}


def evaluation_frame(records: list[Record]) -> pd.DataFrame:
    """The records without their exact integers, one row a holder."""
    return pd.DataFrame([{key: value for key, value in record.items() if key != "atoms"} for record in records])


def profit_frame(samples: Rows, names: NamesLike) -> pd.DataFrame:
    """One row a sample and holder, from PROFIT_STEPS rows: equity, and profit by part since the start, quote units."""
    holders = pd.CategoricalDtype(list(names.holders))
    columns: dict[str, Any] = {
        "step": samples["step"],
        "population": pd.Categorical.from_codes(samples["holder"].astype(np.int64), dtype=holders),
    }
    for name in ("equity", *PARTS, "deposits"):
        columns[name] = samples[name] * names.atom
    return pd.DataFrame(columns)
