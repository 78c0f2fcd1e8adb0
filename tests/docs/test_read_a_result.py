"""docs/how-to/read_a_result.md from top to bottom: its commands and blocks build on each other."""

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from sim.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "read_a_result.md"
BLOCK = re.compile(r"(?:<!-- test: (?P<marker>[^\n]*?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)```", re.S)
# Words of R's own, and names that the block gives.
OF_R = {
    "library",
    "arrow",
    "dplyr",
    "filter",
    "count",
    "summarise",
    "min",
    "sum",
    "mean",
    "group_by",
    "inner_join",
    "by",
}
GIVEN = {"lowest_mark", "liquidated"}


def _blocks():
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        yield block["language"], block["text"], block["marker"]


def _command(line: str, marker: str | None) -> str:
    done = CliRunner().invoke(app, [*shlex.split(line)[1:], *shlex.split(marker or "")])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A working folder after everything of the page; what each command and Python block printed."""
    folder, shown = tmp_path_factory.mktemp("reader"), []
    names = {
        "__name__": "document",
        "print": lambda *values: shown.append(("python", " ".join(map(str, values)))),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for language, text, marker in _blocks():
            if language == "python":
                exec(compile(text, PAGE.name, "exec"), names)
            elif not language:
                shown += [(line, _command(line, marker)) for line in text.splitlines()]
    return folder, shown


def test_every_command_and_block_of_the_page_works_and_says_something(played):
    _, shown = played
    assert len(shown) > 8
    assert [text for source, text in shown if not text.strip()] == []


def test_the_run_of_the_page_liquidates_so_that_its_answers_are_no_empty_tables(played):
    _, shown = played
    counted = next(text for line, text in shown if "GROUP BY kind" in line)
    assert "liquidation" in counted and "take_over" in counted
    assert any("speculators" in text for source, text in shown if source == "python")


def test_what_the_r_block_names_is_there(played):
    folder, _ = played
    (text,) = [text for language, text, _ in _blocks() if language == "r"]
    pieces = re.split(r"(?=read_parquet\()", text)[1:]
    assert len(pieces) >= 2
    for piece in pieces:
        (file,) = re.findall(r'read_parquet\("([^"]+)"\)', piece)
        columns = set(pd.read_parquet(folder / file).columns)
        used = set(re.findall(r"\b[a-z_]+\b", re.sub(r'"[^"]*"', "", piece))) - OF_R - GIVEN - {"read_parquet"}
        assert used and used <= columns, used - columns
