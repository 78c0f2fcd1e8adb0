"""A real SLURM of one node on this machine: its daemons in a folder of their own, started and ended together."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("sbatch", "squeue", "scancel", "sinfo")
SBIN = "/usr/sbin:/sbin"  # where daemons are, which a person's PATH may leave out
START_S = 30.0

CONFIGURATION = """
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
SlurmctldPort={controller_port}
SlurmdPort={node_port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=5
SchedulerParameters=batch_sched_delay=0
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory_mb} State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
CGROUP = "CgroupPlugin=cgroup/v1\nConstrainCores=no\nIgnoreSystemd=yes\n"


class NoSlurm(RuntimeError):
    """SLURM cannot be started here; the text says what to do."""


@contextmanager
def one_node():
    """Environment of a running SLURM. Raises NoSlurm where its daemons are missing or do not start."""
    os.environ["PATH"] += os.pathsep + SBIN
    missing = [name for name in (*DAEMONS, *COMMANDS) if shutil.which(name) is None]
    if missing:
        raise NoSlurm(
            f"{', '.join(missing)} not found. On Debian and Ubuntu: "
            "apt-get install --no-install-recommends slurm-wlm munge (as root; the services themselves can stay off)"
        )
    if os.geteuid() != 0:
        raise NoSlurm("SLURM's node daemon wants root here; run it in a container, or with sudo")
    folder = Path(tempfile.mkdtemp(prefix="firesale-slurm-"))
    folder.chmod(0o755)
    daemons = []
    try:
        _write_configuration(folder)
        os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
        daemons = _started(folder)
        _wait_until_idle(folder)
        yield folder
    finally:
        _end(daemons)
        os.environ.pop("SLURM_CONF", None)
        shutil.rmtree(folder, ignore_errors=True)


def _write_configuration(folder):
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 9 // 10 // 1024**2
    values = {
        "host": socket.gethostname().partition(".")[0],
        "user": pwd.getpwuid(os.geteuid()).pw_name,
        "folder": folder,
        "controller_port": _free_port(),
        "node_port": _free_port(),
        "cores": os.cpu_count() or 1,
        "memory_mb": memory_mb,
    }
    (folder / "slurm.conf").write_text(CONFIGURATION.format(**values))
    (folder / "cgroup.conf").write_text(CGROUP)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _started(folder):
    """The daemons, in the foreground of groups of their own, so that they can be ended by number."""
    host = socket.gethostname().partition(".")[0]
    files = {word: f"--{word}={folder}/munge{ending}" for word, ending in (
        ("key-file", ".key"), ("socket", ".sock"), ("pid-file", "d.pid"), ("log-file", "d.log"), ("seed-file", ".seed"),
    )}  # fmt: skip
    commands = (
        ["munged", "--force", "--foreground", *files.values()],
        ["slurmctld", "-D", "-f", f"{folder}/slurm.conf"],
        ["slurmd", "-D", "-f", f"{folder}/slurm.conf", "-N", host],
    )
    daemons = []
    for command in commands:
        with (folder / f"{command[0]}.said").open("w") as said:
            daemons.append(subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True))
        if command[0] == "munged":
            _until((folder / "munge.sock").exists, "munge's socket", folder)
    return daemons


def _wait_until_idle(folder):
    def idle():
        return "idle" in subprocess.run(["sinfo", "-h", "-o", "%t"], capture_output=True, text=True).stdout

    _until(idle, "an idle node", folder)


def _until(condition, what, folder):
    deadline = time.monotonic() + START_S
    while not condition():
        if time.monotonic() > deadline:
            said = "".join(f"\n{file.name}: {file.read_text()[-500:]}" for file in sorted(folder.glob("*.log")))
            raise NoSlurm(f"{what} did not come within {START_S:.0f} s{said}")
        time.sleep(0.2)


def _end(daemons):
    for daemon in reversed(daemons):
        if daemon.poll() is None:
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait(10)
