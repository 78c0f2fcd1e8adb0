"""Local processes for many runs: spawned workers that each play whole batches, results in the order of the tasks."""

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

BATCHES_A_WORKER = 8  # small enough that the workers end together, large enough that a scenario is read rarely


@dataclass(frozen=True)
class RunTask:
    """One run to play: a scenario file, overrides `a.b=c`, seed, and the labels of its row."""

    scenario: str
    overrides: tuple[str, ...]
    seed: int
    labels: tuple[tuple[str, Any], ...] = field(default=())


@lru_cache(maxsize=4)
def loaded(scenario: str, overrides: tuple[str, ...]) -> Any:
    """The scenario of a task, read once for the runs that follow each other. Raises ScenarioError."""
    from sim.scenario import load

    return load(scenario, overrides)


def play(task: RunTask) -> dict[str, Any]:
    """Plays one run to a flat row: its labels, seed, summary, and `error` (None, or what went wrong)."""
    row: dict[str, Any] = dict(task.labels) | {"seed": task.seed, "error": None}
    try:
        from sim.runs.run import simulate

        return row | simulate(loaded(task.scenario, task.overrides), task.seed).summary
    except Exception as error:  # one failed run is a row that says so, the other runs go on
        last = traceback.extract_tb(error.__traceback__)[-1]
        return row | {"error": f"{type(error).__name__}: {error} (in {last.name})"}


def play_batch(tasks: Sequence[RunTask]) -> list[dict[str, Any]]:
    """Plays a batch in this process."""
    return [play(task) for task in tasks]


def cpu_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def batches(tasks: Sequence[RunTask], workers: int) -> list[Sequence[RunTask]]:
    """Neighbouring tasks together: they mostly share a scenario, which is then read once."""
    size = max(1, -(-len(tasks) // (workers * BATCHES_A_WORKER)))
    return [tasks[first : first + size] for first in range(0, len(tasks), size)]


def play_all(
    tasks: Sequence[RunTask], workers: int, done: Callable[[int], None] = lambda _count: None
) -> list[dict[str, Any]]:
    """Plays all tasks; rows come back in the order of the tasks, whatever the number of workers.

    A worker that dies takes its batch along: its runs are marked, and the batches still waiting go to new workers.
    """
    if workers <= 1 or len(tasks) == 1:
        rows = []
        for count, task in enumerate(tasks, start=1):
            rows.append(play(task))
            done(count)
        return rows
    waiting = dict(enumerate(batches(tasks, workers)))
    answers: dict[int, list[dict[str, Any]]] = {}
    alone = False
    while waiting:
        # After a crash the suspects run one at a time, so that only the batch that kills its worker is given up.
        chosen = dict([next(iter(waiting.items()))]) if alone else dict(waiting)
        for number, rows in _pooled(chosen, 1 if alone else workers):
            answers[number] = rows
            del waiting[number]
            done(sum(map(len, answers.values())))
        if alone and (lost := [number for number in chosen if number in waiting]):
            answers[lost[0]] = [_lost(task) for task in waiting.pop(lost[0])]
        alone = bool(waiting)
    return [row for number in sorted(answers) for row in answers[number]]


def _lost(task: RunTask) -> dict[str, Any]:
    return dict(task.labels) | {"seed": task.seed, "error": "the worker process died"}


def _pooled(waiting: dict[int, Sequence[RunTask]], workers: int) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Rows of batches as they finish; ends early when a worker dies."""
    import multiprocessing

    # Spawned, not forked: compiled kernels and threads do not survive a fork on every platform.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(waiting)), mp_context=context) as pool:
        futures: dict[Future[list[dict[str, Any]]], int] = {
            pool.submit(play_batch, list(batch)): number for number, batch in waiting.items()
        }
        running = set(futures)
        try:
            while running:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    try:
                        rows = future.result()
                    except BrokenProcessPool:
                        continue  # what did not finish stays with the caller
                    yield futures[future], rows
        finally:
            for future in running:
                future.cancel()
