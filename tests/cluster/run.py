"""`make test-cluster`: the files of docs/how-to/use_a_cluster.md through a real SLURM, and the same bytes in the end.

Starts munge, slurmctld and slurmd in a folder of their own and ends them again. It wants root and Debian's packages
slurm-wlm and munge, and is no part of the test suite.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from one_node import NoSlurm, one_node

WATCHDOG_S = 300.0
SHARDS = 3
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "use_a_cluster.md"
FILE = re.compile(r"<!-- file: (?P<name>[\w.]+) -->\n```\w*\n(?P<text>.*?)```", re.S)
SHIM = "#!/bin/sh\nexec {python} -c 'from sim.cli import main; main()' \"$@\"\n"


class Failed(RuntimeError):
    """A step of the test that did not do what it should."""


def main():
    """Play the sweep serially, through jobs and as an array; the exit code says whether all digests are the same."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="firesale-test-cluster-") as name:
        folder = Path(name)
        _write_files(folder)
        try:
            with one_node():
                ways = {"serial": _serial, "jobs, one cancelled": _jobs, f"array of {SHARDS} shares": _array}
                digests = {way: _timed(way, play, folder) for way, play in ways.items()}
        except (NoSlurm, Failed) as error:
            print(f"test-cluster: {error}", file=sys.stderr)
            return 1
    same = len(set(digests.values())) == 1
    print(f"{'all digests are the same' if same else 'THE DIGESTS DIFFER'}; {time.monotonic() - started:.0f} s")
    return 0 if same else 1


def _write_files(folder):
    """The how-to's files, and a command `firesale` for the scripts among them."""
    for item in FILE.finditer(HOW_TO.read_text(encoding="utf-8")):
        (folder / item["name"]).write_text(item["text"])
    shim = folder / "bin" / "firesale"
    shim.parent.mkdir()
    shim.write_text(SHIM.format(python=shlex.quote(sys.executable)))
    shim.chmod(0o755)
    os.environ["PATH"] = f"{shim.parent}{os.pathsep}{os.environ['PATH']}"
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HOW_TO.parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    os.chdir(folder)


def _timed(way, play, folder):
    started = time.monotonic()
    digest = _said("digest", str(play(folder))).strip()
    print(f"{way:<24} {time.monotonic() - started:6.1f} s  {digest}", flush=True)
    return digest


def _said(*words):
    done = subprocess.run(["firesale", *words], capture_output=True, text=True, timeout=WATCHDOG_S)
    if done.returncode != 0:
        raise Failed(f"firesale {' '.join(words)} ended with code {done.returncode}: {done.stderr}")
    return done.stdout


def _serial(folder):
    _said("experiment", "sizes.yaml", "--full", "--backend", "serial", "--out", "serial")
    return folder / "serial"


def _jobs(folder):
    out = folder / "slurm"
    words = ("--full", "--backend", "slurm", "--site", "cluster.yaml", "--workers", "2", "--out", "slurm")
    with (folder / "slurm.said").open("w+") as said:
        sweep = subprocess.Popen(["firesale", "experiment", "sizes.yaml", *words], stdout=said, stderr=said)
        try:
            _until(lambda: len(list((out / "journals").glob("*.frames"))) == 2, "a journal of each job", sweep)
            victim = min(_queue())
            subprocess.run(["scancel", victim], check=True)
            _until(lambda: sweep.poll() is not None, "the end of the sweep")
        finally:
            if sweep.poll() is None:
                sweep.kill()
            sweep.wait()
        said.seek(0)
        if sweep.returncode != 0:
            raise Failed(f"the sweep ended with code {sweep.returncode}: {said.read()}")
    logs = sorted((out / "logs").glob("job-*.log"))
    if len(logs) < 3 or "CANCELLED" not in (out / "logs" / f"job-{victim}.log").read_text():
        raise Failed(f"job {victim} was cancelled, and no other took its place: {[log.name for log in logs]}")
    _until(lambda: not _queue(), "an empty queue")
    return out


def _array(folder):
    subprocess.run(["sbatch", "--wait", "array.sh"], check=True, capture_output=True, timeout=WATCHDOG_S)
    _said("experiment", "sizes.yaml", "--full", "--out", "results/sizes_array")
    return folder / "results" / "sizes_array"


def _queue():
    return subprocess.run(["squeue", "-h", "-o", "%A"], capture_output=True, text=True, check=True).stdout.split()


def _until(condition, what, process=None):
    deadline = time.monotonic() + WATCHDOG_S
    while not condition():
        if time.monotonic() > deadline or (process is not None and process.poll() is not None):
            raise Failed(f"{what} did not come")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
