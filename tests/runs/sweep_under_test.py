"""A sweep of runs that cost next to nothing, played by a process that a test may kill: `python FILE FOLDER RUNS MS`."""

import json
import os
import sys
from pathlib import Path

from sim.runs.backends import BackendOptions
from sim.runs.identity import keys_hash
from sim.runs.play_sweep import PlayOptions, play_sweep
from sim.runs.tasks import RunTask, run_key

# Neither path nor duration in the code of a run, so that its key is the same in every folder.
LOG, SLEEP = "FIRESALE_TEST_LOG", "FIRESALE_TEST_SLEEP"
MEASURE = """
import os, sys, time
def measure(scenario, cell, seed):
    with open(os.environ["FIRESALE_TEST_LOG"], "a") as log:
        log.write(f"{{seed}}\\n")
    exec({code!r})
    time.sleep(float(os.environ["FIRESALE_TEST_SLEEP"]))
    return {{"value": seed * 1.5, "half": seed / 2, "word": "x" * (seed % 3)}}
"""


def tasks_of(folder: Path, count: int, seconds: float, code: str = "") -> list[RunTask]:
    """Runs that log their seed beside the folder, do what `code` says, sleep and answer."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    measure = folder.parent / "measure.py"
    measure.write_text(MEASURE.format(code=code))
    os.environ |= {LOG: str(folder.parent / "log"), SLEEP: str(seconds)}
    return [RunTask("baseline", (), seed, (("arm", "all"),), measure=str(measure)) for seed in range(count)]


def play(folder: Path, tasks: list[RunTask], **options):
    """Plays the runs into the folder and returns the ledger."""
    backend = BackendOptions(options.pop("kind", "local"), options.pop("workers", 2))
    keys = [run_key(task) for task in tasks]
    record = {"format": 1, "experiment": "test", "form": "quick", "runs": len(tasks), "keys": keys_hash(keys)}
    return play_sweep("test", folder, tasks, keys, record, PlayOptions(backend, quiet=True, **options))


if __name__ == "__main__":
    said = json.loads(sys.argv[1])
    play_sweep.__globals__["rehearse"] = lambda task: None  # there is nothing to compile
    target = Path(said["folder"])
    try:
        play(target, tasks_of(target, said["count"], said["seconds"], said["code"]), **said["options"])
    except KeyboardInterrupt:
        sys.exit(130)
