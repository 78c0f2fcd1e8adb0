"""What a sweep costs beside its runs: milliseconds a run, how much faster two workers are, memory and time to look."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sim.runs.backends import cpu_count
from sim.runs.journal import Finished
from sim.runs.ledger import Ledger, scan
from sim.runs.local_pool import LocalPool
from sim.runs.parts import RUNS_A_PART, write_part
from sim.runs.runner import Sweeping, finish, play_all
from sim.runs.tasks import RunTask, rehearse, run_key

IDLE = "def measure(scenario, cell, seed):\n    return {f'value_{n}': seed * 1.5 + n for n in range(60)}\n"
SHORT, LONG = 200, 2_200  # runs that do nothing; what the longer sweep takes more is the cost of its further runs
WORLD, WORLD_STEPS, WORLD_RUNS = "baseline", 10_000, 12
REPEATS = 5
SCANNED = 10_000


def measure_sweeps(
    short: int = SHORT, long: int = LONG, steps: int = WORLD_STEPS, repeats: int = REPEATS
) -> dict[str, Any]:
    """The keys of `firesale bench` about sweeps; smaller sizes keep the names."""
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        measure = Path(place) / "measure.py"
        measure.write_text(IDLE)
        took = {count: min(_seconds(idle_tasks(measure, count), 1) for _ in range(3)) for count in (short, long)}
        result["overhead_ms_per_run"] = round((took[long] - took[short]) / (long - short) * 1e3, 3)
    tasks = [RunTask(WORLD, (f"steps={steps}",), seed) for seed in range(WORLD_RUNS)]
    rehearse(tasks[0])
    ratios = [_seconds(tasks, 1) / _seconds(tasks, 2) for _ in range(repeats)]
    result["sweep_speedup_2"] = round(max(ratios), 3)
    result["sweep_speedup_2_median"] = round(sorted(ratios)[len(ratios) // 2], 3)
    result["sweep_cores"] = cpu_count()
    return result | measure_scan()


def idle_tasks(measure: Path, count: int) -> list[RunTask]:
    """Runs that only say a row of sixty numbers."""
    return [RunTask(WORLD, (), seed, (("arm", "all"),), measure=str(measure)) for seed in range(count)]


@contextmanager
def _fresh_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in ("parts", "journals"):
            (folder / name).mkdir()
        yield folder


def _seconds(tasks: list[RunTask], workers: int) -> float:
    """Wall time of a sweep whose workers have started and loaded their code before."""
    keys = [run_key(task) for task in tasks]
    with _fresh_folder() as folder, LocalPool(workers) as pool:
        # More than there are workers, so that each of them is busy with one until all have one.
        for future in [pool.submit(rehearse, tasks[0]) for _ in range(2 * workers)]:
            future.result()
        sweep = Sweeping(folder, tasks, keys, Ledger(folder, keys))
        started = time.monotonic()
        play_all(sweep, range(len(tasks)), pool, workers, lambda _done, _failed: None)
        finish(sweep, exclusive=True)
        return time.monotonic() - started


def measure_scan(count: int = SCANNED) -> dict[str, Any]:
    """Seconds to find ten thousand finished runs again, and files they are in."""
    keys = [f"{run:032x}" for run in range(count)]
    values = {f"value_{n}": n * 1.5 for n in range(60)}
    with _fresh_folder() as folder:
        for first in range(0, count, RUNS_A_PART):
            part = range(first, first + RUNS_A_PART)
            row = {"error": None} | values
            write_part(folder, [Finished(run, keys[run], {"seed": run} | row, {}) for run in part])
        started = time.process_time()
        found = scan(folder, keys)
        seconds = time.process_time() - started
        assert not found.missing()
        return {"scan_10k_runs_s": round(seconds, 3), "scan_10k_files": len(os.listdir(folder / "parts"))}
