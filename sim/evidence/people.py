"""Who stands where: sizes, leverage and the distance to liquidation of one population, in figures."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEAR = (0.01, 0.05, 0.10)  # moves for which the share of notional that would be liquidated is given
MAP_REACH = 0.30  # of the mark, either way
MAP_BINS = 120


@dataclass(frozen=True)
class People:
    """One population. (rows,) arrays in quote units; (positions,) arrays of the positions that some price liquidates.

    chosen_leverage: one over the initial margin rate; distance: move of the mark, as a fraction of it, that liquidates
    the position, below zero for longs; exposed: its signed notional; largest_share: the cap on one account, if any.
    """

    name: str
    kind: str
    long: Floats
    short: Floats
    equity: Floats
    wallet: Floats
    chosen_leverage: Floats
    distance: Floats
    exposed: Floats
    leverage_cap: float
    largest_share: float | None = None

    @property
    def notional(self) -> Floats:
        """(rows,) longs and shorts of each account together."""
        return self.long + self.short

    @property
    def effective_leverage(self) -> Floats:
        """Notional over equity of the accounts that hold something."""
        held = (self.notional > 0.0) & (self.equity > 0.0)
        return np.asarray(self.notional[held] / self.equity[held])

    def figures(self) -> dict[str, Any]:
        """What a table says; None where nobody holds anything."""
        total = float(self.notional.sum())
        record: dict[str, Any] = {
            "population": self.name,
            "kind": self.kind,
            "rows": len(self.notional),
            "holders": int((self.notional > 0.0).sum()),
            "equity": float(self.equity.sum()),
            "notional": total,
            "long_share": _share(float(self.long.sum()), total),
            "largest_account_share": _share(float(self.notional.max(initial=0.0)), total),
        }
        leverage = self.effective_leverage
        for word, share in (("median", 0.5), ("p90", 0.9), ("max", 1.0)):
            record[f"leverage_{word}"] = float(np.quantile(leverage, share)) if len(leverage) else None
            record[f"chosen_leverage_{word}"] = float(np.quantile(self.chosen_leverage, share)) if total else None
        for move in NEAR:
            near = float(np.abs(self.exposed[np.abs(self.distance) <= move]).sum())
            record[f"within_{move * 100:.0f}_percent"] = _share(near, total)
        return record

    def liquidation_map(self) -> dict[str, list[float]]:
        """Notional by the move that liquidates it: edges as fractions of the mark, longs and shorts in each bin."""
        edges = np.linspace(-MAP_REACH, MAP_REACH, MAP_BINS + 1)
        found = {"edges": edges.tolist()}
        for word, chosen in (("long", self.exposed > 0.0), ("short", self.exposed < 0.0)):
            counts, _ = np.histogram(self.distance[chosen], bins=edges, weights=np.abs(self.exposed[chosen]))
            found[word] = counts.tolist()
        return found


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0.0 else None
