"""One small sort for every canonical order: keys carry their row in the low bits, so they are unique and stable."""

import numpy as np

from sim.terms import kernel, never_inline

ROW_BITS = 21
ROW_MASK = (1 << ROW_BITS) - 1
PATIENCE = 16  # places that a key may move on average before the spread is not what was hoped for


@kernel
def sort_keys(keys, n):
    """Sort the first `n` distinct int64 keys in place, ascending (heapsort: no memory, no worst case)."""
    start = n // 2
    end = n
    while end > 1:
        if start > 0:
            start -= 1
        else:
            end -= 1
            keys[0], keys[end] = keys[end], keys[0]
        root = start
        while 2 * root + 1 < end:
            child = 2 * root + 1
            if child + 1 < end and keys[child] < keys[child + 1]:
                child += 1
            if keys[root] >= keys[child]:
                break
            keys[root], keys[child] = keys[child], keys[root]
            root = child


@kernel
def sort_spread_keys(keys, bits):
    """Distinct keys, ascending, as a new array; quick where the numbers over their rows are spread over `bits` bits.

    Each key goes to its share of the places, and is then put into order among its neighbours.
    """
    never_inline()
    n = keys.shape[0]
    ends = np.zeros(n + 1, np.int64)
    for i in range(n):
        ends[_share(keys[i], bits, n) + 1] += 1
    for i in range(n):
        ends[i + 1] += ends[i]
    placed = np.empty(n, np.int64)
    for i in range(n):
        share = _share(keys[i], bits, n)
        placed[ends[share]] = keys[i]
        ends[share] += 1
    moved = 0
    for i in range(1, n):
        key = placed[i]
        j = i
        while j > 0 and placed[j - 1] > key:
            placed[j] = placed[j - 1]
            j -= 1
        placed[j] = key
        moved += i - j
        if moved > PATIENCE * n:
            sort_keys(placed, n)
            break
    return placed


@kernel
def _share(key, bits, n):
    return min(((key >> ROW_BITS) * n) >> bits, n - 1)
