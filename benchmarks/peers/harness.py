"""What every peer script shares: the flow, the clock, the report. Runs in the peers' own environment."""

import gc
import json
import sys
import time

import numpy as np

ADD, CANCEL, MARKET = 0, 1, 2
BUY = 1


def book_benchmark(peer, version, build, play, touch):
    """Time play(book, rows) over the flow of the file named on the command line; print one JSON object.

    Rows are plain tuples (kind, number, owner, side, price, lots). touch(book): (best bid, best ask) at the end.
    """
    path, repeats = sys.argv[1], int(sys.argv[2])
    with np.load(path) as flow:
        seeding, events = ([tuple(row) for row in flow[name].tolist()] for name in ("seeding", "events"))
    seconds = []
    for _ in range(repeats):
        book = build()
        play(book, seeding)
        gc.collect()
        start = time.thread_time()
        play(book, events)
        seconds.append(time.thread_time() - start)
    print(
        json.dumps({"peer": peer, "version": version, "events": len(events), "seconds": seconds, "touch": touch(book)})
    )


def loop_benchmark(peer, version, build, step, order_events):
    """Time step(model) of a whole market with the traders named on the command line; print one JSON object."""
    traders, steps, repeats = (int(word) for word in sys.argv[1:4])
    model = build(traders)
    step(model)
    seconds, events = [], []
    for _ in range(repeats):
        before, start = order_events(model), time.thread_time()
        for _ in range(steps):
            step(model)
        seconds.append(time.thread_time() - start)
        events.append(order_events(model) - before)
    report = {
        "peer": peer,
        "version": version,
        "traders": traders,
        "steps": steps,
        "seconds": seconds,
        "events": events,
    }
    print(json.dumps(report))
