"""On Dask as on local workers: a killed coordinator leaves nobody behind, code of the user has its own process."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
from dask_commands import DaskCommands, until

from sim.runs.backends import BackendOptions
from sim.runs.experiment import Form, experiment_command
from sim.runs.journal import frames_of
from sim.runs.status import digest_command

ROOT = Path(__file__).resolve().parents[2]
SWEEP = """
scenario: zero_intelligence
steps: 200
seeds: {first: 1, quick: 200, full: 1}
"""
CODED = """
scenario: crowd_with_code.yaml
seeds: {first: 1, quick: 2, full: 2}
"""


def _digest(folder, capsys):
    capsys.readouterr()
    digest_command(folder)
    return capsys.readouterr().out


def _processes_of(session):
    listed = subprocess.run(["ps", "-eo", "sid="], capture_output=True, text=True, check=True)
    return listed.stdout.split().count(str(session))


def test_a_coordinator_that_is_killed_leaves_no_dask_worker_and_the_same_command_continues(tmp_path, capsys):
    file, out = tmp_path / "sizes.yaml", tmp_path / "out"
    file.write_text(SWEEP)
    want = experiment_command(file, backend=BackendOptions("serial"), out=tmp_path / "serial")  # and kernels compiled
    words = ["experiment", str(file), "--backend", "dask", "--workers", "2", "--out", str(out)]
    command = [sys.executable, "-c", "from sim.cli import main; main()", *words]
    with (tmp_path / "said").open("w") as said:
        coordinator = subprocess.Popen(
            command, start_new_session=True, stdout=said, stderr=said, cwd=ROOT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        )  # fmt: skip
    try:
        until(lambda: any(any(frames_of(each)) for each in (out / "journals").glob("*.frames")), "a finished run")
        assert coordinator.poll() is None
        os.kill(coordinator.pid, signal.SIGKILL)
        coordinator.wait(10)
        until(lambda: _processes_of(coordinator.pid) == 0, "the end of the workers")
    finally:
        if _processes_of(coordinator.pid):
            os.killpg(coordinator.pid, signal.SIGKILL)
    kept = sum(sum(1 for _ in frames_of(each)) for each in (out / "journals").glob("*.frames"))
    assert 0 < kept < 200
    final = experiment_command(file, backend=BackendOptions("dask", 2), out=out)
    assert f"Continuing {out}: {kept} of 200 runs are finished" in capsys.readouterr().err
    assert _digest(final, capsys) == _digest(want, capsys)


def test_code_of_the_user_plays_in_its_own_process_under_a_worker_of_dasks_commands(tmp_path, capsys):
    shutil.copytree(ROOT / "tests" / "pins" / "worlds", tmp_path, dirs_exist_ok=True)
    (tmp_path / "coded.yaml").write_text(CODED)

    def play(backend, name):
        return experiment_command(
            tmp_path / "coded.yaml", Form(), backend, out=tmp_path / name, allow_code=True
        )  # fmt: skip

    with DaskCommands(tmp_path) as commands:
        file = commands.start_scheduler()
        commands.start_worker(file, "one")
        final = play(BackendOptions("dask", address=str(file)), "dask")
    assert pd.read_parquet(final / "runs.parquet")["error"].isna().all()
    assert _digest(final, capsys) == _digest(play(BackendOptions("serial"), "serial"), capsys)
