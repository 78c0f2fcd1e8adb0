"""The how-to's lines, typed into a shell: whichever way a sweep is played, its digest is that of one core.

Those for SLURM are played by `make test-cluster`.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to" / "use_a_cluster.md"
SHIMS = {"firesale": "-c 'from sim.cli import main; main()'", "dask": "-m dask"}


@pytest.fixture
def shell(tmp_path):
    """Plays lines in a folder in which `firesale` and `dask` are those of this Python."""
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, words in SHIMS.items():
        (commands / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {words} "$@"\n')
        (commands / name).chmod(0o755)
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(paths)}

    def play(lines):
        done = subprocess.run(
            ["bash", "-c", f"set -m\n{lines}"], cwd=tmp_path, env=os.environ | environment, capture_output=True,
            text=True, timeout=150, start_new_session=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    text = re.search(r"<!-- file: sizes.yaml -->\n```yaml\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.S)
    (tmp_path / "sizes.yaml").write_text(text[1])
    return play


def test_every_way_of_the_how_to_gives_the_digest_of_one_core(shell):
    blocks = re.findall(r"```sh\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.S)
    playable = [block for block in blocks if "slurm" not in block.lower()]
    words = ("dask --workers", "sched.json", "--shard")
    assert all(word in block for word, block in zip(words, playable, strict=True))
    for block in playable:
        # Another scheduler may have the usual port on this machine.
        shell(block.replace("dask scheduler ", "dask scheduler --port 0 --host 127.0.0.1 "))
    shell("firesale experiment sizes.yaml --backend serial --out results/serial")
    names = ("serial", "sizes_dask", "sizes_by_file", "sizes_shares")
    digests = {name: shell(f"firesale digest results/{name}") for name in names}
    assert len(set(digests.values())) == 1 and re.fullmatch(r"[0-9a-f]{64}\n", digests["serial"]), digests
