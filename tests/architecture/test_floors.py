"""Lint, types and import floors, run as tests."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _played(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=500)


def test_ruff_finds_nothing():
    done = _played("-m", "ruff", "check", ".")
    assert done.returncode == 0, done.stdout[-6000:]


def test_mypy_finds_nothing():
    done = _played("-m", "mypy")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]


def test_imports_go_down_the_floors_only():
    done = _played("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    assert done.returncode == 0, done.stdout[-6000:]
