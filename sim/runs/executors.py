"""Local processes for many runs: spawned workers that each play whole batches, results in the order of the tasks."""

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Event
from typing import Any

BATCHES_A_WORKER = 8  # small enough that the workers end together, large enough that a scenario is read rarely


@dataclass(frozen=True)
class RunTask:
    """One run to play: a scenario file, overrides `a.b=c`, seed, the labels of its row, and who measures it.

    measure: the experiment's measure.py, called instead of playing the scenario; None: it is played to its summary.
    """

    scenario: str
    overrides: tuple[str, ...]
    seed: int
    labels: tuple[tuple[str, Any], ...] = field(default=())
    runs_code: bool = False  # the scenario names Python files, and they were allowed
    measure: str | None = None


@lru_cache(maxsize=4)
def loaded(scenario: str, overrides: tuple[str, ...]) -> Any:
    """The scenario of a task, read once for the runs that follow each other. Raises ScenarioError."""
    from sim.scenario import load

    return load(scenario, overrides)


def _summary(task: RunTask, board: Any = None) -> dict[str, Any]:
    from sim.runs.measure import measured
    from sim.runs.run import simulate

    scenario = loaded(task.scenario, task.overrides)
    if task.measure is not None:
        return measured(task.measure, scenario, dict(task.labels), task.seed)
    return simulate(scenario, task.seed, allow_code=task.runs_code, watch=board).summary


def _guarded_summary(task: RunTask, stop: Event | None) -> dict[str, Any]:
    from sim.runs.guarded import in_own_process, limits_of

    limits = limits_of(loaded(task.scenario, task.overrides))
    return in_own_process(_summary, (task,), limits, stop=stop)  # type: ignore[no-any-return]


def play(task: RunTask, stop: Event | None = None) -> dict[str, Any]:
    """Plays one run to a flat row: its labels, seed, summary, and `error` (None, or what went wrong)."""
    row: dict[str, Any] = dict(task.labels) | {"seed": task.seed, "error": None}
    try:
        return row | (_guarded_summary(task, stop) if task.runs_code else _summary(task))
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
    Runs with code of the user each have a process of their own instead.
    """
    coded = [number for number, task in enumerate(tasks) if task.runs_code]
    if coded:
        return _play_apart(tasks, coded, workers, done)
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


def _play_apart(
    tasks: Sequence[RunTask], coded: Sequence[int], workers: int, done: Callable[[int], None]
) -> list[dict[str, Any]]:
    """Runs without code first, then each run with code in its own process, as many at a time as there are workers."""
    plain = [number for number in range(len(tasks)) if number not in set(coded)]
    rows = play_all([tasks[number] for number in plain], workers, done) if plain else []
    answers = dict(zip(plain, rows, strict=True))
    stop = Event()
    with ThreadPoolExecutor(max(workers, 1)) as pool:  # a thread only waits for its process
        futures = {pool.submit(play, tasks[number], stop): number for number in coded}
        try:
            for future in as_completed(futures):
                answers[futures[future]] = future.result()
                done(len(answers))
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return [answers[number] for number in range(len(tasks))]


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
