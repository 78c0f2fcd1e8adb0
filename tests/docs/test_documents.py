"""What the documents say is true: code runs, commands work, links lead somewhere, lists are those of the code."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sim.cli import app
from sim.phases import PHASES
from sim.terms.vocabulary import EVENT_KINDS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), ROOT / "sim" / "README.md", ROOT / "results" / "README.md"])
DOCUMENTS += sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"(?:<!-- test: (?P<marker>[^\n]*?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)```", re.S)
HOW_TO = [ROOT / "README.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
HOW_TO += [ROOT / "docs" / "reference" / "python_api.md"]
# Its blocks build on each other; tests/docs/test_read_a_result.py plays them in order.
HOW_TO.remove(ROOT / "docs" / "how-to" / "read_a_result.md")
# Commands that take long; their own tests play them.
# Blocks that readers save as files, for the commands of the same document.
FILE = re.compile(r"<!-- file: (?P<name>[\w.-]+) -->\n```\w*\n(?P<text>.*?)```", re.S)
IN_ORDER = "in order"
NOT_PLAYED = tuple(f"firesale experiment experiments/{name}" for name in ("maintenance_margin", "october_validation"))


def _blocks(path, language):
    found = BLOCK.finditer(path.read_text(encoding="utf-8"))
    return [(item["marker"], item["text"]) for item in found if item["language"] == language]


def _name(path):
    return str(path.relative_to(ROOT))


def _python_blocks():
    for path in HOW_TO:
        for number, (_, text) in enumerate(_blocks(path, "python")):
            needs_results = "results/my_run" in text
            if not needs_results:
                yield pytest.param(text, id=f"{_name(path)}-{number}")


def _commands():
    for path in HOW_TO:
        for marker, text in _blocks(path, ""):
            if marker == IN_ORDER:
                continue  # what one command writes the next one reads: such a document has a test of its own
            for line in text.splitlines():
                if line.startswith("firesale ") and line not in NOT_PLAYED:
                    yield pytest.param(path, line, marker, id=f"{_name(path)}: {line[9:60]}")


@pytest.fixture
def results_here(tmp_path, monkeypatch):
    """A working folder in which commands may write; scenarios and experiments are found as in the checkout."""
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(line, marker, folder):
    words = line.split()[1:]
    shell_only = words.index(">") if ">" in words else len(words)
    words = words[:shell_only]
    if marker and marker != "run":
        words += marker.split()
    if words[0] == "run" and "--out" not in words:
        words += ["--out", str(folder / "results" / "documented")]
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize("text", list(_python_blocks()))
def test_python_in_readme_and_how_to_runs(text):
    names = {"__name__": "document"}
    exec(compile(text, "document", "exec"), names)
    assert set(names) - {"__name__", "__builtins__"}, "a block that leaves nothing shows nothing"


@pytest.mark.parametrize(("path", "line", "marker"), list(_commands()))
def test_commands_in_readme_and_how_to_work(path, line, marker, results_here):
    for item in FILE.finditer(path.read_text(encoding="utf-8")):
        (results_here / item["name"]).write_text(item["text"])
    done = _run(line, marker, results_here)
    assert done.exit_code == 0, done.output


def test_the_results_that_the_how_to_reads_are_there_and_documented(results_here):
    path = ROOT / "docs" / "how-to" / "run-a-scenario.md"
    line, marker = next((t.strip(), m) for m, t in _blocks(path, "") if "--out" in t)
    assert _run(line, marker, results_here).exit_code == 0
    reading = next(text for _, text in _blocks(path, "python") if "results/my_run" in text)
    names = {}
    exec(compile(reading, "document", "exec"), names)
    reference = (ROOT / "docs" / "reference" / "results.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(\w+)`", reference))
    summary = json.loads((results_here / "results" / "my_run" / "summary.json").read_text())
    for columns in (summary, names["steps"].columns, names["events"].columns, EVENT_KINDS):
        assert sorted(set(columns) - documented) == []


def test_the_scenario_of_the_how_to_is_valid(tmp_path):
    text = next(text for _, text in _blocks(ROOT / "docs" / "how-to" / "run-a-scenario.md", "yaml"))
    scenarios = tmp_path / "configs" / "scenarios"
    scenarios.mkdir(parents=True)
    (scenarios / "baseline.yaml").write_text((ROOT / "configs" / "scenarios" / "baseline.yaml").read_text())
    (scenarios / "my_fall.yaml").write_text(text)
    done = CliRunner().invoke(app, ["validate", str(scenarios / "my_fall.yaml")])
    assert done.exit_code == 0 and "my_fall: ok" in done.output, done.output


def test_the_readmes_own_trader_is_written_in_15_lines_and_trades(capsys):
    texts = [text for _, text in _blocks(ROOT / "README.md", "python") if "Trader" in text]
    assert len(texts) == 1
    lines = [line for line in texts[0].splitlines() if line.strip()]
    assert len(lines) <= 15
    names = {}
    exec(compile(texts[0], "README.md", "exec"), names)
    view = names["model"].traders[0].view()["BTCUSDT"]
    assert view.open_orders or view.position > 0


def test_the_pair_by_hand_reaches_the_cascade_and_drains_the_fund():
    path = ROOT / "docs" / "how-to" / "compare-maintenance.md"
    text = next(text for _, text in _blocks(path, "python") if "net_drain" in text)
    shown = []
    exec(compile(text, str(path), "exec"), {"__name__": "document", "print": lambda *values: shown.append(values)})
    assert [scale for scale, *_ in shown] == [1, 4]
    assert all(liquidated > 0 and drain != 0 for _, liquidated, drain in shown)


@pytest.mark.parametrize(
    "path", [ROOT / "docs" / "explanation" / "step-order.md", ROOT / "sim" / "README.md"], ids=_name
)
def test_documented_phases_are_those_of_the_code(path):
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", path.read_text(encoding="utf-8"), re.M)
    assert rows == [(str(number), name) for number, name, _ in PHASES]


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_links_lead_to_files_of_this_project(path):
    text = path.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", text)
    missing = [t for t in targets if not t.startswith(("https://", "mailto:")) and not (path.parent / t).exists()]
    assert not missing


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_files_named_in_documents_exist(path):
    named = re.findall(
        r"`((?:sim|configs|experiments|docs|tests|results)/[\w./*-]+)`", path.read_text(encoding="utf-8")
    )
    concrete = [name for name in named if not name.startswith("results/") or name == "results/README.md"]
    assert not [name for name in concrete if not list(ROOT.glob(name.rstrip("/")))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_documents_leave_nothing_open(path):
    assert not re.search(r"\b(TODO|FIXME|TBD)\b", path.read_text(encoding="utf-8"))


def test_every_dial_that_documents_set_exists():
    from sim.scenario import load

    text = "\n".join(path.read_text(encoding="utf-8") for path in HOW_TO)
    settings = {
        item.rstrip("\"'`,]") for item in re.findall(r"(?:--set |\")((?:populations|venues)\.[\w.]+=[^\s\"]+)", text)
    }
    assert len(settings) >= 5
    for setting in sorted(item for item in settings if "{" not in item):
        load("btc_2025_10_10", [setting, "venues.binance.margin.initial=max_with_maintenance"])
