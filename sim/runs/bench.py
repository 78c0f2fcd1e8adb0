"""`firesale bench`: speed and memory of this machine, as one JSON object.

Rates are per second of thread CPU time on one core, the fastest of several repeats, since other work on a shared
machine can only slow them; `_median` stands beside the main ones.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.runs.bench_book import make_flow, measure_book
from sim.runs.bench_sweep import measure_sweeps

if TYPE_CHECKING:
    from sim.engine.session import Session
    from sim.scenario import Scenario

SCENARIO = "baseline"
ACCOUNTS = (10_000, 100_000, 1_000_000)
SUFFIXES = ("10k", "100k", "1m")
REPEATS = 7
STEPS = 1_000
MEMORY_STEPS = (1_000, 100_000)
MEMORY_EVERY = 100
# Beside the seven kinds of the baseline, whose noise gives up part of its flow: the market orders of all are still
# about 16 a second, as recorded, so that the figure says what the strategies cost and not what more trades do.
NOISE_LEFT = 4.6  # orders a second
FURTHER: tuple[dict[str, Any], ...] = (
    {"kind": "fundamentalist"},
    {"kind": "chartist"},
    {"kind": "momentum_trader"},
    {"kind": "mean_reversion_trader"},
    {"kind": "hawkes_trader", "base_per_s": 4.0},
    {"kind": "funding_trader"},
    {"kind": "zero_intelligence", "limit_rates": [0.46, 0.38, 0.27, 0.22, 0.19], "market_rate": 0.235},
    {"kind": "avellaneda_stoikov"},
)

ONE_STEP = """
from sim.scenario import load
from sim.scenario.build import build_session
build_session(load("baseline")).advance(1)
"""
HELP = "import sys; sys.argv = ['firesale', '--help']; from sim.cli import main; main()"
MEMORY = "from sim.runs.bench import print_memory_growth; print_memory_growth()"


def bench_command(as_json: bool) -> None:
    """Measure everything (about a minute and a half) and print it."""
    result = measure()
    if as_json:
        print(json.dumps(result, indent=1, allow_nan=False))
        return
    width = max(map(len, result))
    for name, value in result.items():
        print(f"{name:<{width}}  {value:,}" if isinstance(value, int | float) else f"{name:<{width}}  {value}")


def measure(
    events: int = 1_000_000,
    accounts: tuple[int, int, int] = ACCOUNTS,
    steps: int = STEPS,
    repeats: int = REPEATS,
    processes: bool = True,
    sweeps: dict[str, int] | None = None,
) -> dict[str, Any]:
    """Every measurement; smaller sizes keep the names. `processes`: also those that start a Python of their own.

    sweeps: sizes for `measure_sweeps`.
    """
    result: dict[str, Any] = measure_book(make_flow(events), repeats)
    length = (repeats + 1) * steps
    names = list(zip(accounts, SUFFIXES, strict=True))
    loops = {f"_{name}": world_of(count, True, length) for count, name in names}
    result |= measure_loops(loops, steps, repeats)
    result["loop_step_rate_1m_of_10k"] = round(result["loop_us_per_step_10k"] / result["loop_us_per_step_1m"], 3)
    loops = {f"_{name}_two_instruments": world_of(count, False, length) for count, name in names[:2]}
    loops |= {f"_ten_strategies_{name}": world_of_all_kinds(count, length) for count, name in names[:2]}
    loops["_10k_order_events_recorded"] = world_of(accounts[0], True, length, "record.order_events=true")
    for suffix, session in loops.items():
        result |= measure_loops({suffix: session}, steps, repeats)
    for one, suffix in ((True, ""), (False, "_two_instruments")):
        result[f"bytes_per_account{suffix}"] = bytes_per_account(one, *accounts[:2])
    if processes:
        result |= measure_sweeps(**(sweeps or {}))
        result["memory_growth_mb"] = float(_run(MEMORY)[1])
        with tempfile.TemporaryDirectory() as empty:
            result["compile_s"] = _run(ONE_STEP, NUMBA_CACHE_DIR=empty)[0]
            result["warm_start_s"] = min(_run(ONE_STEP, NUMBA_CACHE_DIR=empty)[0] for _ in range(3))
        result["help_s"] = min(_run(HELP)[0] for _ in range(5))
    return result | machine()


def world_of(count: int, one_instrument: bool, steps: int, *dials: str) -> "Session":
    """The calm market with `count` leveraged accounts, built and not yet played."""
    from sim.scenario import load
    from sim.scenario.build import build_session

    scenario = load(SCENARIO, [f"populations.speculators.count={count}", f"steps={steps}", *dials])
    return build_session(first_instrument_only(scenario) if one_instrument else scenario)


def world_of_all_kinds(count: int, steps: int) -> "Session":
    """The calm market of one instrument with every kind of strategy that trades of its own accord in it."""
    from sim.scenario import load
    from sim.scenario.build import build_session

    dials = {"populations.speculators.count": count, "populations.noise.orders_per_s": NOISE_LEFT, "steps": steps}
    scenario = first_instrument_only(load(SCENARIO, [f"{name}={value}" for name, value in dials.items()]))
    fields = {name: getattr(scenario, name) for name in type(scenario).model_fields}
    further = [{"name": f"bench_{d['kind']}", "venue": scenario.instruments[0].venue} | d for d in FURTHER]
    return build_session(type(scenario).model_validate(fields | {"populations": [*scenario.populations, *further]}))


def first_instrument_only(scenario: "Scenario") -> "Scenario":
    """The same scenario without its other instruments."""
    fields = {name: getattr(scenario, name) for name in type(scenario).model_fields}
    return type(scenario).model_validate(fields | {"instruments": scenario.instruments[:1]})


def measure_loops(sessions: "dict[str, Session]", steps: int, repeats: int) -> dict[str, Any]:
    """Whole steps, all phases and recording on: order events a second, and microseconds a step, by suffix.

    Sessions take turns, so that what else the machine does meets all of them alike.
    """
    seconds: dict[str, list[float]] = {suffix: [] for suffix in sessions}
    events: dict[str, list[int]] = {suffix: [] for suffix in sessions}
    for session in sessions.values():
        session.advance(steps)  # compiles, and lets the market settle
    for _ in range(repeats):
        for suffix, session in sessions.items():
            session.take_steps()
            session.take_events()
            session.take_profit_steps()
            before, start = int(session.world.clock[0]["order_events"]), time.thread_time()
            session.advance(steps)
            seconds[suffix].append(time.thread_time() - start)
            events[suffix].append(int(session.world.clock[0]["order_events"]) - before)
    result: dict[str, Any] = {}
    for suffix in sessions:
        rates = [n / s for n, s in zip(events[suffix], seconds[suffix], strict=True)]
        result |= {
            f"loop_events_per_s{suffix}": round(max(rates)),
            f"loop_events_per_s{suffix}_median": round(float(np.median(rates))),
            f"loop_us_per_step{suffix}": round(min(seconds[suffix]) / steps * 1e6, 2),
            f"loop_order_events_per_step{suffix}": round(sum(events[suffix]) / steps / repeats, 1),
        }
    return result


def bytes_per_account(one_instrument: bool, base: int, more: int) -> float:
    """What each further leveraged account adds to all tables."""
    sizes = []
    for count in (base, base + more):
        world = world_of(count, one_instrument, 1).world
        sizes.append(sum(getattr(world, name).nbytes for name in world.columns))
    return float(sizes[1] - sizes[0]) / more


def print_memory_growth() -> None:
    """Growth of this process's memory in MiB over a long run whose rows, order events too, are taken and dropped."""
    first, last = MEMORY_STEPS
    session = world_of(500, True, last, "record.order_events=true")
    start = 0.0
    for played in range(MEMORY_EVERY, last + 1, MEMORY_EVERY):
        session.advance(MEMORY_EVERY)
        session.take_steps()
        session.take_events()
        session.take_profit_steps()
        if played == first:
            start = resident_mb()
    print(round(resident_mb() - start, 2))


def resident_mb() -> float:
    """Memory of this process in MiB; where the system does not tell, its largest so far."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _run(code: str, **environment: str) -> tuple[float, str]:
    """(CPU seconds, output) of another Python that runs `code`."""
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, check=True, capture_output=True, text=True
    )
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return round(used, 3), done.stdout


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    import numba

    return {
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "processor": _processor(),
        "python": platform.python_version(),
        "numba": numba.__version__,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
