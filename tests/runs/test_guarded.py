"""Code of the user plays in a process of its own: what hangs or dies there is ended, named and written down."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from sim.engine.errors import StrategyError
from sim.runs.guarded import RunDied, in_own_process
from sim.runs.run import simulate
from sim.scenario import ScenarioError, load

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import os, pathlib, re, subprocess, sys, time
from sim.agents import Order, Trader

class Mine(Trader):
    mode = "trade"
    helper = ""

    def decide(self, view):
        if view.step == 3:
            if self.mode == "raise":
                1 / 0
            elif self.mode == "loop":
                while True:
                    pass
            elif self.mode == "hold":
                re.match("(a+)+$", "a" * 40 + "b")
            elif self.mode == "sleep":
                child = subprocess.Popen(["sleep", "600"])
                pathlib.Path(self.helper).write_text(f"{child.pid} {os.getpid()}")
                time.sleep(600)
            elif self.mode == "die":
                os._exit(9)
            elif self.mode == "flood":
                while True:
                    yield Order.buy("BTCUSDT", 1)
        print("a word of mine")
        yield Order.buy("BTCUSDT", 0.01)
"""
SCENARIO = """
from: baseline.yaml
name: guarded
steps: 8
populations:
  - {{kind: python, name: mine, venue: binance, file: mine.py, strategy: Mine, count: 2, time_limit_s: {limit}{dials}}}
  - {{name: speculators, count: 50}}
  - {{name: noise, count: 20}}
  - {{name: trend, count: 5}}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a scenario that names code; returns a function that writes it with a mode and a time limit."""
    monkeypatch.chdir(tmp_path)

    def write(mode="trade", limit=1.0, code=CODE):
        (tmp_path / "mine.py").write_text(code)
        dials = f", dials: {{mode: {mode}, helper: '{tmp_path / 'helper'}'}}"
        (tmp_path / "guarded.yaml").write_text(SCENARIO.format(limit=limit, dials=dials))
        return tmp_path

    return write


def command(*words, cwd):
    line = [sys.executable, "-c", "from sim.cli import main; main()", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        line,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def firesale(*words, cwd):
    started = command(*words, cwd=cwd)
    out, err = started.communicate(timeout=120)
    return started.returncode, out, err


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def gone(pids, seconds=10.0):
    """True once none of the processes is left."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and any(map(alive, pids)):
        time.sleep(0.05)
    return not any(map(alive, pids))


def test_a_run_without_permission_ends_with_2_and_leaves_nothing(here):
    folder = here(code="import pathlib\npathlib.Path('ran').write_text('')\n" + CODE)
    code, out, err = firesale("run", "guarded.yaml", cwd=folder)
    assert code == 2 and not out
    assert err.startswith("guarded.yaml:6:") and "population mine runs the code of mine.py" in err
    assert sorted(path.name for path in folder.iterdir()) == ["guarded.yaml", "mine.py"]


def test_a_run_with_code_writes_the_folder_of_any_run_and_the_code_that_ran(here):
    folder = here()
    code, out, err = firesale("run", "guarded.yaml", "--allow-code", "--json", "--out", "out", cwd=folder)
    assert code == 0, err
    assert json.loads(out) == json.loads((folder / "out" / "summary.json").read_text())
    assert "a word of mine" in err
    manifest = json.loads((folder / "out" / "manifest.json").read_text())
    scenario = load(folder / "guarded.yaml")
    assert manifest["code"] == {"mine": scenario.populations[-1].sha256}
    assert manifest["config_hash"] == scenario.config_hash
    assert (folder / "out" / "code" / "population-mine.py").read_text() == CODE
    played = simulate(scenario, allow_code=True)
    assert played.summary["digest"] == json.loads(out)["digest"]
    events = pd.read_parquet(folder / "out" / "events.parquet")
    assert (events.loc[events["kind"] == "fill", "actor_population"] == "mine").sum() >= 16


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("raise", "decide() raised ZeroDivisionError: division by zero (line 12, in decide)"),
        ("loop", "decide() took longer than 1 s; its worker process was ended"),
        ("hold", "decide() took longer than 1 s; its worker process was ended"),
        ("die", "the worker process died with code 9"),
        ("flood", "decide() gave more than 4096 orders; at most 4096 are allowed a step"),
    ],
)
def test_a_strategy_that_fails_ends_the_run_with_65_its_name_and_step(here, mode, said):
    folder = here(mode)
    code, out, err = firesale("run", "guarded.yaml", "--allow-code", cwd=folder)
    assert code == 65 and not out and "Traceback" not in err
    assert err.splitlines()[-1] == f"population mine, trader 0, step 3: {said}"
    assert [path.name for path in (folder / "results").iterdir()] == ["guarded-1"]
    assert [path.name for path in (folder / "results" / "guarded-1").iterdir()] == ["failure.json"]
    record = json.loads((folder / "results" / "guarded-1" / "failure.json").read_text())
    assert (record["population"], record["trader"], record["step"], record["seed"]) == ("mine", 0, 3, 1)
    assert said in record["error"] and record["config_hash"] == load(folder / "guarded.yaml").config_hash
    assert record["time_limit_s"] == (1.0 if mode in ("loop", "hold") else None)


def test_a_file_that_hangs_when_it_is_imported_is_ended_as_well(here):
    folder = here(code="while True:\n    pass\n")
    code, _, err = firesale("run", "guarded.yaml", "--allow-code", cwd=folder)
    assert code == 65
    last = err.splitlines()[-1]
    assert last.startswith(
        "population mine, trader 0, before the first step: the file or its start took longer than 1 s"
    )


def test_a_file_that_cannot_be_imported_ends_with_2_and_leaves_nothing(here):
    folder = here(code="import nothing_of_this_name\n")
    code, _, err = firesale("run", "guarded.yaml", "--allow-code", cwd=folder)
    assert code == 2 and err.startswith("guarded.yaml:6:") and "ModuleNotFoundError" in err
    assert sorted(path.name for path in folder.iterdir()) == ["guarded.yaml", "mine.py"]


def hanging(here, limit):
    """A command whose plug-in sleeps in step 3; the process and the helper that it has started."""
    folder = here("sleep", limit)
    started = command("run", "guarded.yaml", "--allow-code", cwd=folder)
    until = time.monotonic() + 60
    while not (folder / "helper").exists() or not (folder / "helper").read_text():
        assert time.monotonic() < until and started.poll() is None
        time.sleep(0.05)
    return started, [int(word) for word in (folder / "helper").read_text().split()]


def test_what_a_hanging_plug_in_has_started_is_ended_with_it(here):
    started, pids = hanging(here, 2.0)
    _, err = started.communicate(timeout=60)
    assert started.returncode == 65 and "decide() took longer than 2 s" in err
    assert gone(pids, 2.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_no_process_outlives_a_command_that_is_ended_from_outside(here, number):
    started, pids = hanging(here, 600.0)
    started.send_signal(number)
    started.communicate(timeout=30)
    assert started.returncode in (130, -number)
    assert gone(pids)


ANALYSE = """
import pandas as pd
from sim.evidence.analysis import Analysis

def analyse(runs):
    rows = runs[["arm", "seed", "error", "digest"]]
    return Analysis(table=rows.astype(str), numbers=rows, verdict="done", facts={}, figures={}, brief={}, legend="")
"""
SWEEP = """
scenario: guarded.yaml
steps: 6
seeds: {first: 1, quick: 2, full: 2}
arms:
  fine: {}
  hangs: {overrides: ["populations.mine.dials.mode=loop"]}
  raises: {overrides: ["populations.mine.dials.mode=raise"]}
  dies: {overrides: ["populations.mine.dials.mode=die"]}
"""


def test_an_experiment_goes_on_when_runs_hang_raise_or_die_and_records_them(here):
    folder = here()
    (folder / "sweep.yaml").write_text(SWEEP)
    (folder / "analyse.py").write_text(ANALYSE)
    code, _, err = firesale("experiment", ".", cwd=folder)
    assert code == 2 and "population mine runs the code of mine.py" in err and not (folder / "results").exists()
    code, _, err = firesale("experiment", ".", "--allow-code", "--workers", "2", "--out", "out", cwd=folder)
    assert code == 3 and "6 of 8 runs failed and are left out" in err, err
    runs = pd.read_parquet(folder / "out" / "runs.parquet").set_index("arm")
    assert runs.loc["fine", "error"].isna().all()
    said = "StrategyError: population mine, trader 0, step 3: "
    for arm, end in (
        ("hangs", "decide() took longer than 1 s; its worker process was ended"),
        ("raises", "decide() raised ZeroDivisionError: division by zero (line 12, in decide)"),
        ("dies", "the worker process died with code 9"),
    ):
        assert [text.startswith(said + end) for text in runs.loc[arm, "error"]] == [True, True]
    fine = [
        simulate(load(folder / "guarded.yaml", ["steps=6"]), seed, allow_code=True).summary["digest"] for seed in (1, 2)
    ]
    assert runs.loc["fine", "digest"].tolist() == fine
    manifest = json.loads((folder / "out" / "manifest.json").read_text())
    assert manifest["code"] == {"mine": load(folder / "guarded.yaml").populations[-1].sha256}


def double(number, _board):
    return 2 * number


def refuse(kind, _board):
    if kind == "scenario":
        load("no_such_scenario")
    raise {"strategy": StrategyError("a", 1, 2, ": three"), "os": FileNotFoundError(2, "gone", "x")}.get(
        kind, ArithmeticError(7)
    )


def test_answers_and_errors_come_back_as_they_are():
    assert in_own_process(double, (21,), {}) == 42
    with pytest.raises(ScenarioError, match="no such scenario") as caught:
        in_own_process(refuse, ("scenario",), {})
    assert len(caught.value.problems) == 1
    with pytest.raises(StrategyError, match="population a, trader 1, step 2: three"):
        in_own_process(refuse, ("strategy",), {})
    with pytest.raises(OSError, match="gone") as caught:
        in_own_process(refuse, ("os",), {})
    assert caught.value.filename == "x"
    with pytest.raises(RunDied, match="ArithmeticError: 7"):
        in_own_process(refuse, ("other",), {})


def test_the_suite_on_a_file_prints_its_report_and_ends_a_strategy_that_hangs(here):
    folder = here()
    (folder / "idle.py").write_text(
        "from sim.agents import Trader\n\n\nclass Idle(Trader):\n    def decide(self, view):\n        pass\n"
    )
    code, out, err = firesale("check-strategy", "idle.py", cwd=folder)
    assert code == 0 and out.startswith("Idle: 12 of 12 rules kept\n  ok   decides in time: "), err
    (folder / "hangs.py").write_text(CODE.replace('"trade"', '"loop"'))
    code, out, err = firesale("check-strategy", "hangs.py:Mine", "--time-limit", "0.1", cwd=folder)
    assert code == 65 and not out
    assert err.splitlines()[-1].endswith(
        "trader 0, step 3: decide() took longer than 1 s; its worker process was ended"
    )
    (folder / "fails.py").write_text(CODE.replace('"trade"', '"raise"'))
    code, out, err = firesale("check-strategy", "fails.py", cwd=folder)
    assert code == 65 and "FAIL sends valid orders: population under_test, trader 0, step 3: " in out
    for target, said in (("idle.py:Idel", "did you mean 'Idle'"), ("absent.py", "no such file")):
        code, out, err = firesale("check-strategy", target, cwd=folder)
        assert code == 2 and said in err and not out
