"""The how-to on sensitivity, from its own files to its own picture, with fewer trajectories and seeds."""

import re
from pathlib import Path

from typer.testing import CliRunner

from sim.cli import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "find_what_matters.md"
FILE = re.compile(r"<!-- file: (?P<name>[\w.]+) -->\n```\w*\n(?P<text>.*?)```", re.S)
COMMANDS = re.compile(r"<!-- test: in order -->\n```\n(?P<text>.*?)```", re.S)
TINY = {"trajectories: 10": "trajectories: 2", "quick: 4": "quick: 2"}


def test_the_files_and_commands_of_the_how_to_find_what_matters(tmp_path, monkeypatch):
    page = PAGE.read_text(encoding="utf-8")
    for long, short in TINY.items():
        assert page.count(long) == 1
        page = page.replace(long, short)
    home = tmp_path / "what_drains"
    home.mkdir()
    (home / "claim.md").write_text("Leverage drains the fund.\n")
    for item in FILE.finditer(page):
        (home / item["name"]).write_text(item["text"])
    monkeypatch.chdir(tmp_path)
    lines = COMMANDS.search(page)["text"].splitlines()
    assert [line.split()[1] for line in lines] == ["experiment", "sensitivity"]
    for line in lines:
        words = line.split()[1:] + (["--workers", "1"] if " experiment " in line else [])
        done = CliRunner().invoke(app, words, env={"COLUMNS": "80"})
        assert done.exit_code == 0, done.output
    assert "gross_drain_bp: 12 points x 2 seeds" in done.stdout and "price_drawdown" in done.stdout
    for outcome in ("gross_drain_bp", "price_drawdown"):
        assert (tmp_path / "results" / "what_drains" / f"sensitivity_{outcome}.png").is_file()
