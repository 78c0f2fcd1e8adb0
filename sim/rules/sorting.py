"""One small sort for every canonical order: keys carry their row in the low bits, so they are unique and stable."""

from sim.terms import kernel

ROW_BITS = 21
ROW_MASK = (1 << ROW_BITS) - 1


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
