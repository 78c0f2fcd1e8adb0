"""Lint, types and import floors, run as tests."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _run(*words: str) -> None:
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]


def test_ruff_finds_nothing():
    _run("-m", "ruff", "check", ".")


def test_mypy_finds_nothing():
    _run("-m", "mypy")


def test_imports_go_down_the_floors_only():
    _run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
