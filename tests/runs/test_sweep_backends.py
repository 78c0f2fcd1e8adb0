"""Wherever a sweep is played, and whoever dies on the way, it leaves the same SHA-256."""

import os
import signal
import threading
import time

import pytest
from dask_commands import DaskCommands, until

from sim.runs.backends import BackendOptions
from sim.runs.experiment import experiment_command
from sim.runs.journal import frames_of
from sim.runs.status import digest_command

SWEEP = """
scenario: zero_intelligence
steps: 200
seeds: {first: 1, quick: %d, full: 1}
keep: [steps, events]
factors:
  notional: {sets: populations.flow.order_notional, values: [10000.0, 20000.0]}
"""
WATCHDOG_S = 120.0


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    """Plays the sweep of so many seeds through a back end, and says its digest."""
    folder = tmp_path_factory.mktemp("sweeps")

    def play(seeds, options):
        file = folder / f"sweep{seeds}.yaml"
        file.write_text(SWEEP % seeds)
        out = folder / f"{options.kind}-{options.workers}-{time.monotonic_ns()}"
        return experiment_command(file, backend=options, out=out)

    return play


@pytest.fixture
def digest(capsys):
    def of(folder):
        capsys.readouterr()
        digest_command(folder)
        return capsys.readouterr().out.strip()

    return of


@pytest.fixture(scope="module")
def expected(sweeps):
    """The folder of the sweep on one core, by number of seeds; played once."""
    played = {}

    def of(seeds):
        if seeds not in played:
            played[seeds] = sweeps(seeds, BackendOptions("serial"))
        return played[seeds]

    return of


@pytest.mark.parametrize("kind", ["local", "dask"])
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_sweep_has_one_digest_whatever_plays_it(kind, workers, sweeps, expected, digest):
    assert digest(sweeps(6, BackendOptions(kind, workers))) == digest(expected(6))


class _Killer(threading.Thread):
    """Ends the first worker that has finished a run, while others are left to play."""

    def __init__(self, parent, runs, end=lambda pid: os.kill(pid, signal.SIGKILL)):
        super().__init__(daemon=True)
        self.parent, self.runs, self.end = parent, runs, end
        self.before = set(parent.iterdir())
        self.finished = None
        self.start()

    def run(self):
        begun = []

        def look():
            fresh = [folder for folder in self.parent.iterdir() if folder not in self.before and folder.is_dir()]
            files = [file for folder in fresh for file in (folder / "journals").glob("*.frames")]
            begun.extend(file for file in files if any(frames_of(file)))
            return begun

        until(look, "a finished run")
        file = begun[0]
        self.finished = sum(1 for _ in frames_of(file))
        self.end(int(file.stem.split("-")[-2]))


def test_a_dask_worker_that_is_killed_on_the_way_changes_nothing(sweeps, expected, digest):
    want = expected(60)
    killer = _Killer(want.parent, 120)
    final = sweeps(60, BackendOptions("dask", 2))
    killer.join(WATCHDOG_S)
    assert 0 < killer.finished < 120
    assert digest(final) == digest(want)


def test_a_worker_of_a_scheduler_by_hand_that_is_killed_with_its_nanny_changes_nothing(
    sweeps, expected, digest, tmp_path
):
    want = expected(60)
    with DaskCommands(tmp_path) as commands:
        file = commands.start_scheduler()
        workers = [commands.start_worker(file, name) for name in ("one", "two")]

        def end(pid):
            (victim,) = [worker for worker in workers if os.getpgid(pid) == worker.pid]
            os.killpg(victim.pid, signal.SIGKILL)

        killer = _Killer(want.parent, 120, end)
        final = sweeps(60, BackendOptions("dask", address=str(file)))
        killer.join(WATCHDOG_S)
        assert 0 < killer.finished < 120 and sum(worker.poll() is None for worker in workers) == 1
        assert digest(final) == digest(want)


def test_a_run_that_ends_its_worker_is_recorded_and_the_rest_goes_on(tmp_path, sweeps):
    """The measure of an experiment that kills the process of one run, on Dask as on local workers."""
    import pandas as pd

    (tmp_path / "claim.md").write_text("none")
    (tmp_path / "analyse.py").write_text("def analyse(runs):\n    raise SystemExit(0)\n")
    (tmp_path / "measure.py").write_text(
        "import os, signal\n\n\ndef measure(scenario, labels, seed):\n"
        "    if seed == 3:\n        os.kill(os.getpid(), signal.SIGKILL)\n    return {'found': seed}\n"
    )
    (tmp_path / "sweep.yaml").write_text(SWEEP.replace("keep: [steps, events]\n", "") % 5)
    with pytest.raises(SystemExit):
        experiment_command(tmp_path, backend=BackendOptions("dask", 2), out=tmp_path / "out")
    runs = pd.concat(pd.read_parquet(file) for file in (tmp_path / "out" / "parts").glob("*.runs.parquet"))
    failed = runs[runs["error"].notna()]
    assert sorted(failed["seed"]) == [3, 3] and len(runs) == 10
    assert failed["error"].str.startswith("WorkerDied: the Dask worker at").all()
