"""bourse: its own step simulation with its random agents; no leverage, no margin, no liquidation."""

import json
import sys
import time
from importlib.metadata import version

from bourse.core import StepEnv
from bourse.step_sim import run
from bourse.step_sim.agents.random_agent import RandomAgent

EVENTS_A_STEP = 100
STATUS, CANCELLED = 1, 3  # column of an order's row and its value


def played(traders, steps):
    env = StepEnv(101, 0, 1, 100_000)
    agents = [RandomAgent(i, EVENTS_A_STEP / traders, (10, 100), (20, 50), 1) for i in range(traders)]
    run(env, agents, 5, 1, show_progress=False)
    before = order_events(env)
    start = time.thread_time()
    run(env, agents, steps, 2, show_progress=False)
    return time.thread_time() - start, order_events(env) - before


def order_events(env):
    """Orders and cancels so far."""
    orders = env.get_orders()
    return len(orders) + sum(order[STATUS] == CANCELLED for order in orders)


traders, steps, repeats = (int(word) for word in sys.argv[1:4])
runs = [played(traders, steps) for _ in range(repeats)]
seconds, events = [list(column) for column in zip(*runs)]
print(
    json.dumps(
        {
            "peer": "bourse, own step simulation",
            "version": version("bourse"),
            "traders": traders,
            "steps": steps,
            "seconds": seconds,
            "events": events,
        }
    )
)
