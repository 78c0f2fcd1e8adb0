"""PAMS: its own market of FCN traders, a hundred orders a step at most; no leverage, no margin, no liquidation."""

import contextlib
import io
import json
import random
import sys
import time
import warnings
from importlib.metadata import version

from pams.logs.base import Logger
from pams.runners.sequential import SequentialRunner


class Count(Logger):
    orders = 0

    def process_order_log(self, log):
        self.orders += 1

    def process_cancel_log(self, log):
        self.orders += 1


def settings(traders, steps):
    session = {"withOrderPlacement": True, "withPrint": False, "maxNormalOrders": 100}
    return {
        "simulation": {
            "markets": ["Market"],
            "agents": ["Traders"],
            "sessions": [
                session | {"sessionName": 0, "iterationSteps": 5, "withOrderExecution": False},
                session | {"sessionName": 1, "iterationSteps": steps, "withOrderExecution": True},
            ],
        },
        "Market": {"class": "Market", "tickSize": 0.01, "marketPrice": 300.0},
        "Traders": {
            "class": "FCNAgent",
            "numAgents": traders,
            "markets": ["Market"],
            "assetVolume": 50,
            "cashAmount": 10_000,
            "fundamentalWeight": {"expon": [1.0]},
            "chartWeight": {"expon": [0.0]},
            "noiseWeight": {"expon": [1.0]},
            "meanReversionTime": {"uniform": [50, 100]},
            "noiseScale": 0.001,
            "timeWindowSize": [100, 200],
            "orderMargin": [0.0, 0.1],
        },
    }


def played(traders, steps):
    log = Count()
    runner = SequentialRunner(settings=settings(traders, steps), prng=random.Random(1), logger=log)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runner._setup()
        start = time.thread_time()
        runner._run()
    return time.thread_time() - start, log.orders


traders, steps, repeats = (int(word) for word in sys.argv[1:4])
runs = [played(traders, steps) for _ in range(repeats)]
seconds, events = [list(column) for column in zip(*runs)]
print(
    json.dumps(
        {
            "peer": "PAMS, own market",
            "version": version("pams"),
            "traders": traders,
            "steps": steps + 5,
            "seconds": seconds,
            "events": events,
        }
    )
)
