"""What a sweep would take: its runs are counted, a few of them are played, and time and disk follow from those."""

import io
import time
from collections.abc import Sequence

import pyarrow.parquet as pq

from sim.runs import terminal
from sim.runs.parts import rows_table
from sim.runs.tasks import RunTask, play, run_key

PILOTS = 3


def print_dry_run(name: str, tasks: Sequence[RunTask], workers: int) -> None:
    """Counts the runs of each arm, plays up to three spread over the sweep, and prints what all of them would take."""
    arms = list(dict.fromkeys(dict(task.labels).get("arm", "all") for task in tasks))
    seeds = len({task.seed for task in tasks})
    points = len({(task.overrides, task.labels) for task in tasks}) // len(arms)
    product = " x ".join([_count(len(arms), "arm"), _count(points, "point"), _count(seeds, "seed")])
    paired = " x 2 of an antithetic pair" if tasks[0].antithetic is not None else ""
    terminal.say(f"{name}: {_count(len(tasks), 'run')} = {product}{paired}")
    for arm in arms:
        of_arm = [task for task in tasks if dict(task.labels).get("arm", "all") == arm]
        terminal.say(
            f"  {arm}: {_count(len(of_arm), 'run')}, the first with {', '.join(of_arm[0].overrides) or 'no setting'}"
        )
    chosen = [tasks[len(tasks) * part // PILOTS] for part in range(min(PILOTS, len(tasks)))]
    started = time.monotonic()
    ended = [play(0, run_key(task), task) for task in chosen]
    seconds = (time.monotonic() - started) / len(chosen)
    failed = [run.row["error"] for run in ended if run.row["error"] is not None]
    size = len(_as_parquet([run.row for run in ended] * 50)) / (50 * len(ended))
    size += sum(len(data) for run in ended for data in run.tables.values()) / len(ended)
    terminal.say(
        f"Pilot of {_count(len(chosen), 'run')}: {seconds:.2f} s each, so about "
        f"{terminal.clock(seconds * len(tasks) / workers)} on {_count(workers, 'worker')}, "
        f"and {_size(size * len(tasks))} of results. Nothing was written."
    )
    if failed:
        terminal.say(f"{len(failed)} of the pilot's runs failed; the first: {failed[0]}")


def _as_parquet(rows: list[dict[str, object]]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(rows_table(rows), buffer, compression="zstd")
    return buffer.getvalue()


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}" + ("" if n == 1 else "s")


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e3:.0f} kB" if n_bytes < 1e6 else f"{n_bytes / 1e6:.1f} MB"
