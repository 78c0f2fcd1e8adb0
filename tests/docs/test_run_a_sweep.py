"""The how-to on sweeps, from its own file to its own digest, with fewer points, seeds and steps."""

import re
from pathlib import Path

from typer.testing import CliRunner

from sim.cli import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "run_a_sweep.md"
FILE = re.compile(r"<!-- file: my_sweep.yaml -->\n```yaml\n(?P<text>.*?)```", re.S)
COMMANDS = re.compile(r"<!-- test: in order -->\n```\n(?P<text>.*?)```", re.S)
TINY = {"points: 64": "points: 2", "quick: 20": "quick: 2", "steps: 2700": "steps: 5"}


def test_the_sweep_of_the_how_to_is_played_continued_and_told_by_one_number(tmp_path, monkeypatch):
    page = PAGE.read_text(encoding="utf-8")
    text = FILE.search(page)["text"]
    for long, short in TINY.items():
        assert text.count(long) == 1
        text = text.replace(long, short)
    (tmp_path / "my_sweep.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    said = []
    for line in [line for item in COMMANDS.finditer(page) for line in item["text"].splitlines()]:
        words = line.split()[1:] + (["--backend", "serial"] if " experiment " in line else [])
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        said.append(done.stdout)
    assert "8 of 8 runs are finished" in said[1] and re.fullmatch(r"[0-9a-f]{64}\n", said[2])
