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
OF_R = set("collect count filter group_by is mean min n na open_dataset read_parquet summarise sum".split())
GIVEN = {"drain", "liquidated", "lowest_mark", "runs"}
# What the page's sweep is made of here: a small market that falls at its beginning.
NEWS = "instruments.BTCUSDT.news.2."
SMALL = {
    "steps=2400": 'steps=40, backend="serial"',
    "overrides={": f'overrides={{"populations.speculators.count": 200, "{NEWS}start_step": 5, '
    f'"{NEWS}duration_steps": 10, "{NEWS}size": -0.12, ',
}


def _blocks():
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        yield block["language"], block["text"], block["marker"]


def _small(text: str) -> str:
    for long, short in SMALL.items():
        text = text.replace(long, short)
    return text


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
                exec(compile(_small(text), PAGE.name, "exec"), names)
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
    of_sweep = next(text for line, text in shown if "JOIN runs" in line)
    assert len(re.findall("liquidation_sale", of_sweep)) == 2, "of both scales"
    assert any("speculators" in text for source, text in shown if source == "python")


def test_every_column_of_the_sweep_of_the_page_is_documented(played):
    folder, _ = played
    reference = (ROOT / "docs" / "reference" / "results.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(\w+)`", reference)) | {"maintenance_scale"}
    (events,) = (folder / "results" / "my_sweep" / "parts").glob("*.events.parquet")
    for file in (folder / "results" / "my_sweep" / "runs.parquet", events):
        assert set(pd.read_parquet(file).columns) - documented == set()


def test_what_the_r_block_names_is_there(played):
    folder, _ = played
    (text,) = [text for language, text, _ in _blocks() if language == "r"]
    pieces = re.split(r"(?=read_parquet\(|open_dataset\()", text)[1:]
    assert len(pieces) == 4
    for piece in pieces:
        (name,) = re.findall(r'(?:read_parquet|Sys.glob)\("([^"]+)"\)', piece)
        files = list(folder.glob(name))
        assert files, name
        used = set(re.findall(r"\b[a-z_]+\b", re.sub(r'"[^"]*"|Sys.glob', "", piece))) - OF_R - GIVEN
        for file in files:
            columns = set(pd.read_parquet(file).columns)
            assert used and used <= columns, used - columns
