"""The command line: what it prints, how it ends, what it leaves behind."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HELP_SECONDS_MAX = 0.3
START = "import sys; sys.argv[0] = 'firesale'; sys.path.insert(0, sys.argv.pop(1)); from sim.cli import main; main()"


def firesale(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-c", START, str(ROOT), *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def test_help_comes_within_its_budget():
    firesale("--help")  # byte code is compiled once
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = firesale("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0
    for command in (
        "run",
        "experiment",
        "validate",
        "margin",
        "venues",
        "schema",
        "phases",
        "parts",
        "bench",
        "query",
        "sensitivity",
    ):
        assert command in done.stdout
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used < HELP_SECONDS_MAX


@pytest.mark.parametrize("words", [("--help",), ("phases",), ("--version",), ("run", "--help")])
def test_light_commands_import_nothing_heavy(words):
    heavy = "numba numpy pandas mesa seaborn scipy matplotlib ruamel"
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1))\n"
        "from sim.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print(sorted(set('{heavy}'.split()) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(ROOT), *words], capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == "[]"


def test_validate_says_what_to_know():
    done = firesale("validate", "baseline", "btc_2025_10_10")
    assert done.returncode == 0 and done.stderr == ""
    assert "baseline: ok, configuration " in done.stdout
    assert "tick coarsened from 0.1 to 1" in done.stdout


def test_validate_reports_every_file(tmp_path):
    (tmp_path / "a.yaml").write_text("steps: 0\n")
    (tmp_path / "b.yaml").write_text("seed: x\n")
    done = firesale("validate", "a.yaml", "b.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "a.yaml:1:1: steps: 0 is not allowed" in done.stderr
    assert "b.yaml:1:1: seed: 'x' is not allowed" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("run", "basline"),
        ("run", "nowhere/else.yaml"),
        ("run", "baseline", "--set", "steps=.nan"),
        ("run", "baseline", "--set", "name=../out"),
        ("run", "baseline", "--steps", "0"),
        ("run", "baseline", "--steps", "x"),
        ("run", "baseline", "--seed", "-1"),
        ("run", "baseline", "--set", "venues.binance.margin.maintenance_scale=9"),
        ("validate", "baseline", "--set", "stesp=1"),
        ("parts", "nobody"),
        ("nonsense",),
        ("run",),
    ],
    ids=" ".join,
)
def test_bad_input_ends_with_2_and_leaves_nothing(tmp_path, words):
    done = firesale(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--steps", "0"), "--steps: 0 is not allowed; allowed: a whole number from 1 to 1000000"),
        (("--seed", "-1"), "--seed: -1 is not allowed; allowed: a whole number from 0 to 9223372036854775807"),
        (("--set", "seed=-1"), "--set: seed: -1 is not allowed; allowed: a whole number from 0 to 9223372036854775807"),
    ],
)
def test_a_bad_value_is_called_by_the_option_that_was_typed(tmp_path, words, line):
    assert firesale("run", "baseline", *words, cwd=tmp_path).stderr.strip() == line


def test_schema_is_json():
    assert json.loads(firesale("schema").stdout)["title"] == "firesale scenario"


def test_phases_are_ten_in_order():
    lines = firesale("phases").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [str(number) for number in range(1, 11)]


def test_parts_lists_every_role_and_dial():
    text = firesale("parts").stdout
    for word in (
        "strategies:",
        "market_maker",
        "inner_bp = 100",
        "insurance_fund",
        "maintenance_scale",
        "basis_window_steps",
    ):
        assert word in text
    assert "waterfall_layers" not in firesale("parts", "strategies").stdout


def test_parts_name_the_path_of_each_dial_and_fit_a_hundred_columns(tmp_path):
    from sim.scenario import load
    from sim.strategies import PARTS, SignalTrader

    lines = ["from: baseline.yaml", "name: everybody", "instruments:"]
    lines += ["  - {name: BTCUSDT, news: [{start_step: 1, size: -0.01}]}", "populations:"]
    for part in PARTS:
        sizing = ", sizing: {kind: fractional}" if issubclass(part, SignalTrader) else ""
        kind, name = part.model_fields["kind"].default, part.model_fields["name"].default
        lines.append(f"  - {{kind: {kind}, name: {name}, venue: binance{sizing}}}")
    everybody = tmp_path / "everybody.yaml"
    everybody.write_text("\n".join(lines))

    text = firesale("parts").stdout
    assert max(map(len, text.splitlines())) <= 100
    assert "depth = 240 M quote" in text and "flow_thinning = 1:" in text
    paths = [line.split()[1].partition("=")[0] for line in text.splitlines() if line.strip().startswith("--set ")]
    assert len(paths) >= 18 and "PART.DIAL" not in paths
    # Every path leads to fields of the scenario: the unknown key DIAL is all that is wrong with it.
    names = {"VENUE": "binance", "CONTRACT": "BTCUSDT", "INSTRUMENT": "BTCUSDT", "ROW": "0", "POPULATION": "momentum"}
    for path in paths:
        words = ".".join(names.get(word, word) for word in path.split("."))
        with pytest.raises(ValueError, match="unknown key 'DIAL'; did you mean|unknown key 'DIAL'; known"):
            load(everybody, {words: 1})
