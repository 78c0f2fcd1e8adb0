"""Python in a process of its own: other compile flags, a cache of its own."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PLAY = """
import json, sys
import numpy as np
sys.path.insert(0, "tests/reference")
from small_worlds import small_session
digests = []
with np.errstate(over="raise"):
    for settings, seed, steps in json.load(sys.stdin):
        session = small_session(settings, seed)
        session.advance(steps)
        digests.append(session.digest())
print(json.dumps(digests))
"""


def run_python(code: str, stdin: str = "", folder: Path = ROOT, timeout: int = 500, **environment: str) -> str:
    """What `code` prints, run in `folder`; NUMBA_CACHE_DIR="fresh" gives it an empty cache of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        if environment.get("NUMBA_CACHE_DIR") == "fresh":
            environment["NUMBA_CACHE_DIR"] = scratch
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder, input=stdin, capture_output=True, text=True, timeout=timeout,
            env={**os.environ, "PYTHONPATH": str(folder), **environment},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def digests_elsewhere(worlds: list[tuple[dict[str, Any], int, int]], **environment: str) -> list[str]:
    """Digests of small worlds (settings, seed, steps) played in another process; a 64-bit overflow raises there."""
    found: list[str] = json.loads(run_python(PLAY, stdin=json.dumps(worlds), **environment))
    return found
