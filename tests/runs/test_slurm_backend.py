"""Jobs of SLURM: what a site's file may say, and, with stand-ins for SLURM's commands, jobs that are lost or refused.

`make test-cluster` plays a sweep through a real SLURM.
"""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from backend_tasks import linger, square, who

from sim.runs import slurm_backend
from sim.runs.backends import BackendOptions, open_backend
from sim.runs.site import Site, read_site, walltime_s
from sim.scenario import ScenarioError

WATCHDOG_S = 40.0

# A job is a process group of this machine, and its number is the group's.
SBATCH = """#!/bin/sh
if [ "$1" = --test-only ]; then echo "$REFUSAL" >&2; test -z "$REFUSAL"; exit; fi
cp "$1" "$JOBS/$$.sh"
setsid $PLAY "$JOBS/$$.sh" > "$JOBS/$$.log" 2>&1 &
touch "$JOBS/$!.job"
echo "Submitted batch job $!"
"""
SQUEUE = """#!/bin/sh
for job in "$JOBS"/*.job; do number=$(basename "$job" .job); kill -0 "$number" 2>/dev/null && echo "$number"; done
exit 0
"""
SCANCEL = """#!/bin/sh
kill -s TERM -- "-$1"
"""


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """Stand-ins for SLURM's commands; the folder in which their jobs leave a file each."""
    folder = tmp_path / "jobs"
    commands = tmp_path / "bin"
    for each in (folder, commands):
        each.mkdir()
    for name, text in (("sbatch", SBATCH), ("squeue", SQUEUE), ("scancel", SCANCEL)):
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("JOBS", str(folder))
    monkeypatch.setenv("PLAY", "sh")
    monkeypatch.setenv("REFUSAL", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])]))
    monkeypatch.setattr(slurm_backend, "LOOK_S", 0.5)
    yield folder
    for number in _alive(folder):
        os.killpg(number, signal.SIGKILL)


def _alive(folder):
    found = subprocess.run(["squeue"], capture_output=True, text=True, check=True)
    return [int(number) for number in found.stdout.split()]


def _site(tmp_path, text="host: 127.0.0.1\nwalltime: '00:05:00'\nmemory: 1GB\n"):
    file = tmp_path / "cluster.yaml"
    file.write_text(text)
    return file


def _until(condition, what):
    deadline = time.monotonic() + WATCHDOG_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {WATCHDOG_S:.0f} s"
        time.sleep(0.1)


@pytest.mark.skipif(not hasattr(os, "setsid"), reason="SLURM is on Unix only")
def test_a_job_that_is_cancelled_is_replaced_and_nothing_is_lost_or_left(jobs, tmp_path, capsys):
    witness = tmp_path / "results" / "sweep.json"
    witness.parent.mkdir()
    witness.write_text("one")
    options = BackendOptions("slurm", workers=2, site=_site(tmp_path), witness=witness)
    with open_backend(options) as (executor, capacity):
        assert capacity == 2
        assert executor.submit(square, 3).result(WATCHDOG_S) == 9
        _until(lambda: len(_alive(jobs)) == 2, "the second job")
        futures = [executor.submit(linger, 0.3) for _ in range(12)]
        victim = _alive(jobs)[0]
        subprocess.run(["scancel", str(victim)], check=True)
        assert [future.result(WATCHDOG_S) for future in futures] == [None] * 12
        _until(lambda: len(_alive(jobs)) == 2 and victim not in _alive(jobs), "another job")
        _until(lambda: len({executor.submit(who).result(WATCHDOG_S) for _ in range(10)}) == 2, "its worker")
    _until(lambda: not _alive(jobs), "the end of the jobs")
    assert f"2 SLURM jobs are asked for; they write to {witness.parent / 'logs'}" in capsys.readouterr().err


def test_jobs_that_come_to_nothing_are_not_submitted_for_ever(jobs, tmp_path, monkeypatch):
    monkeypatch.setenv("PLAY", "true")
    monkeypatch.setattr(slurm_backend, "FRUITLESS_MAX", 4)
    with open_backend(BackendOptions("slurm", workers=2, site=_site(tmp_path))) as (executor, _):
        with pytest.raises(ConnectionError, match="[45] SLURM jobs in a row ended before a worker came; see .*logs"):
            executor.submit(square, 3).result(WATCHDOG_S)
    assert len(list(jobs.glob("*.job"))) <= 6


def test_a_request_that_slurm_refuses_is_refused_in_its_words(jobs, tmp_path, monkeypatch):
    monkeypatch.setenv("REFUSAL", "sbatch: error: invalid partition specified: nowhere")
    with pytest.raises(ScenarioError, match="SLURM refuses the job: .*invalid partition specified: nowhere"):
        with open_backend(BackendOptions("slurm", site=_site(tmp_path, "queue: nowhere\n"))):
            pass
    assert not list(jobs.glob("*.job"))


def test_a_machine_without_slurm_says_so(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ScenarioError, match="SLURM's sbatch is not on this machine"):
        with open_backend(BackendOptions("slurm")):
            pass


def test_the_script_of_a_job_says_what_the_site_says(tmp_path):
    site = Site(
        queue="long", account="grant", walltime="1-00:00:00", memory="8GB", workers_a_job=4,
        prologue=("module load python",), directives=("--constraint=new",),
    )  # fmt: skip
    script = slurm_backend._cluster(site, tmp_path / "with space").job_script()
    for line in (
        "#SBATCH -p long",
        "#SBATCH -A grant",
        "#SBATCH -t 1-00:00:00",
        "#SBATCH --cpus-per-task=4",
        "#SBATCH --constraint=new",
        f'#SBATCH --output="{tmp_path}/with space/job-%j.log"',
        "module load python",
        "export OMP_NUM_THREADS=1",
        "export DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE=False",
    ):
        assert line in script.splitlines(), line
    assert "--nthreads 1 " in script and "--nworkers 4 " in script and f"--lifetime {24 * 3600 - 600}s" in script


@pytest.mark.parametrize("walltime", ["00:01:00", "00:30:00", "48:00:00", "2-00:00:00"])
def test_workers_leave_in_order_before_their_job_ends(walltime):
    site = Site(walltime=walltime)
    assert 0 < site.lifetime_s() < site.lifetime_s() + site.stagger_s() < walltime_s(walltime)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("walltme: '01:00:00'\n", "walltme"),
        ("walltime: 60\n", "walltime"),
        ("walltime: 'an hour'\n", "hours:minutes:seconds"),
        ("walltime: '00:00:30'\n", "less than a minute"),
        ("memory: 2\n", "memory"),
        ("memory: lots\n", "memory"),
        ("workers_a_job: 0\n", "workers_a_job"),
        ("prologue: [1]\n", "prologue"),
        ("queue: a\nqueue: b\n", "queue"),
    ],
)
def test_a_site_file_that_is_wrong_is_refused_with_its_place(text, said, tmp_path):
    file = _site(tmp_path, text)
    with pytest.raises(ScenarioError, match=said) as caught:
        read_site(file)
    assert str(caught.value).startswith(f"{file}:")


def test_the_how_to_names_every_setting_of_a_site_and_its_default():
    text = (Path(__file__).parents[2] / "docs" / "how-to" / "use_a_cluster.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ([^|]*) \|", text, re.M)
    names = {name: default.strip("`") for words, default in rows for name in re.findall(r"`(\w+)`", words)}
    assert set(names) == set(Site.model_fields)
    assert {name for name in names if names[name] == str(getattr(Site(), name))} == {
        "walltime",
        "memory",
        "workers_a_job",
    }


def test_a_site_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ScenarioError, match="nowhere.yaml is no file"):
        read_site(tmp_path / "nowhere.yaml")
    assert read_site(None) == Site()


@pytest.mark.parametrize("name", ["queue", "account", "interface", "host"])
def test_a_word_of_the_request_cannot_smuggle_a_line_into_the_script(name, tmp_path):
    with pytest.raises(ScenarioError):
        read_site(_site(tmp_path, f'{name}: "a\\nrm -r x"\n'))
