"""How a trader's money is allotted to its isolated positions at the start."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]


def allotted_shares(rule: str, wanted: Rows, needed: Rows, reserve_share: float) -> Rows:
    """(instruments, rows) shares of each trader's money; what they leave of one stays in the wallet.

    split: in proportion to what each position wants at the chosen leverage; even: equal parts; worst_first: what each
    needs to stand, and the rest only in part, so that a reserve can go to the worst. No part is below what it needs.
    """
    total = wanted.sum(axis=0)
    held = wanted > 0.0
    count = held.sum(axis=0)
    if rule == "worst_first":
        parts = needed + (1.0 - reserve_share) * np.maximum(wanted - needed, 0.0)
    elif rule == "even":
        # Those who need more than an equal part get that; the others share what is left equally.
        fixed = np.zeros_like(held)
        for _ in range(len(wanted)):
            left = total - np.where(fixed, needed, 0.0).sum(axis=0)
            part = left / np.maximum(count - fixed.sum(axis=0), 1)
            fixed |= held & (needed > part)
        parts = np.where(fixed, needed, np.where(held, part, 0.0))
    else:
        parts = wanted
    return np.asarray(np.where(total > 0.0, parts / np.maximum(total, 1e-300), 1.0 / len(wanted)))
