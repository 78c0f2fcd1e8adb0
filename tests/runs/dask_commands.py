"""Dask's own commands, as a person starts them: each in a group of its own, all ended together."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

WATCHDOG_S = 60.0


def until(condition, what):
    """Waits for something to be so."""
    deadline = time.monotonic() + WATCHDOG_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {WATCHDOG_S:.0f} s"
        time.sleep(0.05)


class DaskCommands:
    """Starts schedulers and workers on 127.0.0.1; their logs go into a folder."""

    def __init__(self, folder):
        self.folder, self.started = Path(folder), []

    def __enter__(self):
        return self

    def start(self, *words):
        command = [sys.executable, "-m", "dask", *map(str, words)]
        paths = os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])
        with (self.folder / f"{len(self.started)}.log").open("w") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
                env=os.environ | {"PYTHONPATH": paths},
            )  # fmt: skip
        self.started.append(process)
        return process

    def start_scheduler(self):
        """The scheduler's file."""
        file = self.folder / "sched.json"
        self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", file)
        until(file.exists, "the scheduler file")
        return file

    def start_worker(self, file, name):
        return self.start(
            "worker", "--scheduler-file", file, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard",
            "--name", name, "--memory-limit", "0",
        )  # fmt: skip

    def __exit__(self, *_):
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
