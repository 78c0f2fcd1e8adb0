"""SLURM as a back end: this process runs a Dask scheduler, jobs run its workers, and a job that is lost is replaced."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sim.runs import store, terminal
from sim.runs.backends import BackendOptions
from sim.runs.dask_backend import ONE_THREAD, SETTINGS, quiet, refuse_without
from sim.runs.dask_executor import DaskExecutor
from sim.runs.remote import mark_of
from sim.runs.site import Site, read_site

JOBS = 4  # without --workers
LOOK_S = 5.0
ANSWER_S = 15.0  # for SLURM's own commands
FRUITLESS_MAX = 8  # jobs in a row that ended before any of their workers came
# A job that is taken away is no fault of its batch: only one that loses its worker again and again is given up.
ALLOWED_FAILURES = {"distributed.scheduler.allowed-failures": 3}
# Workers that are short of memory end, and their batch goes elsewhere; paused ones would be waited for without end.
NEVER_PAUSED = {f"DASK_DISTRIBUTED__WORKER__MEMORY__{word}": "False" for word in ("TARGET", "SPILL", "PAUSE")}


@contextmanager
def open_slurm(options: BackendOptions) -> Iterator[tuple[Executor, int]]:
    """The executor of a scheduler in this process whose workers are SLURM jobs. Jobs that end are replaced.

    Raises ScenarioError where SLURM or the package is missing, and where SLURM refuses such a job.
    """
    refuse_without("distributed", "dask_jobqueue")
    for command in ("sbatch", "squeue", "scancel"):
        if shutil.which(command) is None:
            text = f"SLURM's {command} is not on this machine; start this where jobs are submitted from"
            raise store.refuse("backend", text)
    site = read_site(options.site)
    jobs = -(-(options.workers or JOBS * site.workers_a_job) // site.workers_a_job)
    mark = mark_of(options.witness)
    with ExitStack() as stack:
        stack.enter_context(quiet())
        import dask
        from distributed import Client

        stack.enter_context(dask.config.set(SETTINGS | ALLOWED_FAILURES))
        logs = stack.enter_context(_log_folder(options.witness))
        cluster = stack.enter_context(_cluster(site, logs))
        _refuse_request(cluster.job_script())
        client = stack.enter_context(Client(cluster))
        executor = DaskExecutor(client, mark, jobs * site.workers_a_job)
        stack.enter_context(_Keeper(cluster, executor, jobs, logs))
        terminal.say(f"{jobs} SLURM jobs are asked for; they write to {logs}")
        yield executor, jobs * site.workers_a_job


@contextmanager
def _log_folder(witness: Path | None) -> Iterator[Path]:
    """Where jobs write what they say: below the results folder, where all nodes can."""
    if witness is None:
        with tempfile.TemporaryDirectory(prefix="firesale-logs-") as made:
            yield Path(made)
        return
    folder = witness.resolve().parent / "logs"
    folder.mkdir(exist_ok=True)
    yield folder


def _cluster(site: Site, logs: Path) -> Any:
    from dask_jobqueue import SLURMCluster

    exports = [f"export {name}={value}" for name, value in (ONE_THREAD | NEVER_PAUSED).items()]
    return SLURMCluster(
        job_name="firesale",
        queue=site.queue,
        account=site.account,
        walltime=site.walltime,
        cores=site.workers_a_job,
        processes=site.workers_a_job,
        memory=site.memory,
        interface=site.interface,
        python=site.python or shlex.quote(sys.executable),
        local_directory=site.scratch,
        job_script_prologue=[*site.prologue, *exports],
        job_extra_directives=[f'--output="{logs}/job-%j.log"', *site.directives],
        worker_extra_args=[
            "--no-dashboard", "--lifetime", f"{site.lifetime_s()}s", "--lifetime-stagger", f"{site.stagger_s()}s",
        ],
        scheduler_options={"dashboard": False, **({"host": site.host} if site.host else {})},
    )  # fmt: skip


def _refuse_request(script: str) -> None:
    """Raises ScenarioError with SLURM's words when it would refuse such a job, or does not answer."""
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
        file.write(script)
        file.flush()
        try:
            done = _slurm("sbatch", "--test-only", file.name)
        except subprocess.TimeoutExpired:
            raise store.refuse(
                "backend", f"SLURM does not answer within {ANSWER_S:.0f} s; is its controller up?"
            ) from None
    if done.returncode != 0:
        said = " ".join(done.stderr.split()) or f"code {done.returncode}"
        raise store.refuse("backend", f"SLURM refuses the job: {said}")


def _slurm(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=ANSWER_S, check=False)


class _Keeper(threading.Thread):
    """Looks which jobs are left, and submits another for each that is gone."""

    def __init__(self, cluster: Any, executor: DaskExecutor, jobs: int, logs: Path) -> None:
        super().__init__(name="firesale jobs", daemon=True)
        self.cluster, self.executor, self.jobs, self.logs = cluster, executor, jobs, logs
        self.joined: set[str] = set()
        self.fruitless = 0
        self.stop = threading.Event()

    def __enter__(self) -> "_Keeper":
        self.cluster.scale(jobs=self.jobs)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.join()

    def run(self) -> None:
        """Look every few seconds until stopped, or until too many jobs in a row came to nothing."""
        while not self.stop.wait(LOOK_S) and self.fruitless < FRUITLESS_MAX:
            if (alive := _jobs_alive()) is not None:
                self.cluster.sync(self._replace, alive)
        if self.fruitless >= FRUITLESS_MAX:
            text = f"{self.fruitless} SLURM jobs in a row ended before a worker came; see {self.logs}"
            self.executor.give_up(ConnectionError(text))

    async def _replace(self, alive: set[str]) -> None:
        """Forget the jobs that are gone, and have as many again as are wanted."""
        names = {str(worker["name"]) for worker in self.cluster.scheduler_info["workers"].values()}
        for name, job in list(self.cluster.workers.items()):
            if any(each == str(name) or each.startswith(f"{name}-") for each in names):
                self.joined.add(str(name))
                self.fruitless = 0
            if job.job_id is not None and str(job.job_id) not in alive:
                self.fruitless += str(name) not in self.joined
                del self.cluster.workers[name]
                self.cluster.worker_spec.pop(name, None)
        self.cluster.scale(jobs=self.jobs)


def _jobs_alive() -> set[str] | None:
    """Numbers of this user's jobs that wait or run; None when SLURM gives no answer now."""
    try:
        done = _slurm("squeue", "--noheader", "--format=%A", f"--user={os.getuid()}")
    except subprocess.TimeoutExpired:
        return None
    return set(done.stdout.split()) if done.returncode == 0 else None
