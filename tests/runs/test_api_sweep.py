"""`sim.sweep` plays what the command would play, by the same runner, and gives the runs as a frame."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from isolated import ROOT

import sim
from sim.runs import play_sweep as playing
from sim.runs.backends import BackendOptions
from sim.runs.digest import sweep_digest
from sim.runs.experiment import Form, experiment_command
from sim.runs.ledger import scan
from sim.runs.status import ended_runs
from sim.scenario import scenario_names

SCHOOL = {
    "name": "school", "steps": 8,
    "venues": {"school": {
        "contracts": {"STOCK": {"tick_size": 1.0, "lot_size": 1.0}},
        "margin": {"schedules": {"STOCK": [[0, 0.005, 100]]}}, "mark_price": {"kind": "mid", "clamp": None},
    }},
    "instruments": [{"name": "STOCK", "venue": "school", "start_price": 1e4, "price_levels": 8_192}],
    "populations": [
        {"kind": "zero_intelligence", "name": "flow", "venue": "school", "order_notional": 1e4, "capital": 1e9}
    ],
}  # fmt: skip
RATE = "populations.flow.market_rate"
TICKS = {RATE: [0.5, 1.0]}
MEASURE = "def measure(scenario, cell, seed):\n    return {'twice': 2 * cell['market_rate'], 'of': scenario.name}\n"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A working folder, and no rehearsal of what tests have compiled."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(playing, "rehearse", lambda task: None)


def play(*arguments, **options):
    return sim.sweep(*arguments, **{"seeds": 2, "backend": "serial", "quiet": True, **options})


def test_a_sweep_is_a_row_a_run_in_canonical_order_and_each_is_the_run_alone():
    runs = play(SCHOOL, TICKS)
    assert runs[["run", "arm", "market_rate", "seed"]].to_numpy().tolist() == [
        [0, "all", 0.5, 1], [1, "all", 0.5, 2], [2, "all", 1.0, 1], [3, "all", 1.0, 2],
    ]  # fmt: skip
    assert runs["error"].isna().all() and runs["digest"].nunique() == 4
    alone = sim.run(SCHOOL, 2, overrides={RATE: 1.0})
    assert (
        runs["digest"][3] == alone.summary["digest"] and runs["traded_notional"][3] == alone.summary["traded_notional"]
    )


def test_a_folder_keeps_all_of_it_and_the_same_call_continues(tmp_path, capsys):
    options = {"out": "results/mine", "keep": ["steps", "events"], "steps": 5, "quiet": False}
    runs = play(SCHOOL, TICKS, **options)
    results = sim.read("mine")
    assert results.is_finished and results.runs.equals(runs) and results.tables == ("runs", "steps", "events")
    assert results.steps.groupby("run").size().tolist() == [5] * 4
    assert results.query("select count(*) n from runs join steps using (run) where market_rate = 0.5")[
        "n"
    ].tolist() == [10]
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "results" / "mine" / "parts").iterdir()}
    capsys.readouterr()
    assert play(SCHOOL, TICKS, **options).equals(runs) and "runs," not in capsys.readouterr().err
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "results" / "mine" / "parts").iterdir()} == before
    with pytest.raises(sim.ScenarioError, match=r"begun with another configuration .*market_rate"):
        play(SCHOOL, {RATE: [0.5, 2.0]}, **options)
    assert len(play(SCHOOL, {RATE: [0.5, 2.0]}, **options, new=True)) == 4
    assert (tmp_path / "results" / "mine-2" / "runs.parquet").is_file()


def test_the_sweep_of_the_command_has_the_same_results_byte_by_byte(tmp_path):
    (tmp_path / "school.yaml").write_text(json.dumps(SCHOOL))
    said = {"scenario": "school.yaml", "seeds": {"quick": 2}, "keep": ["events"],
            "factors": {"market_rate": {"sets": RATE, "values": [0.5, 1.0]}}}  # fmt: skip
    (tmp_path / "sweep.yaml").write_text(json.dumps(said))
    there = experiment_command(tmp_path / "sweep.yaml", Form(), BackendOptions("serial"), out=tmp_path / "there")
    play("school.yaml", TICKS, keep=["events"], out="here")
    digests = []
    for folder in (there, tmp_path / "here"):
        _, parts, damaged = ended_runs(folder, 4)
        assert not damaged
        digests.append(sweep_digest(folder, parts))
    assert digests[0] == digests[1]


def test_two_workers_give_the_frame_of_one():
    serial, local = (
        play(SCHOOL, TICKS, backend=kind, workers=count) for kind, count in (("serial", None), ("local", 2))
    )
    assert serial.equals(local)


SCRIPT = """
import sim
print("begun")
rates = {"populations.flow.market_rate": [0.5, 1.0]}
runs = sim.sweep("zero_intelligence", rates, seeds=1, steps=5, workers=2, quiet=True)
print(runs["error"].isna().tolist(), __file__)
"""


@pytest.mark.parametrize("given", ["a script", "standard input"])
def test_a_script_needs_no_guard_for_its_workers(tmp_path, given):
    (tmp_path / "script.py").write_text(SCRIPT)
    words = ["script.py"] if given == "a script" else ["-"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    text = SCRIPT.replace(", __file__", ", 'script.py'")
    done = subprocess.run(
        [sys.executable, *words], input=text, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[0] == "begun" and done.stdout.count("begun") == 1
    assert done.stdout.splitlines()[1].startswith("[True, True]") and "script.py" in done.stdout


def test_factors_are_named_by_the_last_word_of_their_path_or_all_of_it_where_two_end_alike():
    fees = {"venues.school.fees.maker_rate": np.array([0.0, 0.001]), "venues.school.funding.cap": {"values": [0.01]}}
    runs = play(SCHOOL, {**fees, "instruments.STOCK.start_price": [9e3], "steps": [3]}, seeds=1)
    assert {"start_price", "cap", "steps"} <= set(runs) and runs["maker_rate"].tolist() == [0.0, 0.001]
    rates = {"values": [0.7], "sets": RATE}
    alike = play(SCHOOL, {"venues.school.fees.maker_rate": [0.0], "populations.flow.maker_rate": rates}, seeds=1)
    assert {"venues_school_fees_maker_rate", "populations_flow_maker_rate"} <= set(alike)


def test_designs_arms_ranges_of_seeds_and_settings_are_those_of_sweep_yaml():
    drawn = play(SCHOOL, {RATE: {"low": 0.1, "high": 2.0, "scale": "log"}}, design={"kind": "sobol", "points": 4},
                 seeds=range(7, 9))  # fmt: skip
    assert play(SCHOOL, TICKS, seeds={"first": 5, "count": 2})["seed"].tolist() == [5, 6, 5, 6]
    assert drawn["point"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3] and set(drawn["seed"]) == {7, 8}
    zipped = play(SCHOOL, {RATE: [0.5, 1.0], "venues.school.fees.taker_rate": [0.0, 0.001]}, design="zip", seeds=1)
    assert zipped["taker_rate"].tolist() == [0.0, 0.001]
    arms = play(
        SCHOOL, arms={"as_is": [], "dear": {"venues.school.fees.taker_rate": 0.01}}, overrides={RATE: 2.0}, seeds=1
    )
    assert arms["arm"].tolist() == ["as_is", "dear"] and arms["digest"].nunique() == 2
    assert arms["digest"][0] == sim.run(SCHOOL, 1, overrides={RATE: 2.0}).summary["digest"]


def test_a_measure_of_ones_own_replaces_the_summary(tmp_path):
    (tmp_path / "mine.py").write_text(MEASURE)
    runs = play(SCHOOL, TICKS, measure="mine.py", seeds=1)
    assert runs["twice"].tolist() == [1.0, 2.0] and runs["of"].tolist() == ["school"] * 2 and "digest" not in runs


def test_a_run_that_fails_is_a_row_that_says_so(tmp_path):
    (tmp_path / "mine.py").write_text(MEASURE.replace("2 *", "1 / (seed - 1) +"))
    runs = play(SCHOOL, TICKS, measure="mine.py")
    assert runs["error"].isna().tolist() == [False, True, False, True]
    assert "ZeroDivisionError" in runs["error"][0] and "measure" in runs["traceback"][0]
    assert runs["twice"].isna().tolist() == [True, False, True, False]


def test_failed_runs_are_played_again_only_where_that_is_asked_for(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import pathlib\n"
        "def measure(scenario, cell, seed):\n"
        f"    return {{'there': (pathlib.Path({str(tmp_path)!r}) / 'now').stat().st_size}}\n"
    )
    options = {"measure": "mine.py", "out": "out", "seeds": 1}
    assert play(SCHOOL, TICKS, **options)["error"].notna().all()
    (tmp_path / "now").write_text("abc")
    assert play(SCHOOL, TICKS, **options)["error"].notna().all()
    assert play(SCHOOL, TICKS, **options, retry_failed=True)["there"].tolist() == [3, 3]


def test_every_scenario_of_the_package_may_be_given_as_a_record():
    for name in scenario_names():
        record = sim.load(name, ["steps=1"])
        with pytest.raises(sim.ScenarioError, match="nosuch"):
            play(record, {"nosuch.dial": [1]})


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [(("baselin",), {}, "did you mean 'baseline'"),
     ((SCHOOL, {"populations.flow.market_rat": [1.0]}), {}, "did you mean 'market_rate'"),
     ((SCHOOL, {RATE: 0.5}), {}, "sim.sweep: factors.populations.flow.market_rate: 0.5 is no list"),
     ((SCHOOL, {RATE: []}), {}, "values"), ((SCHOOL, {RATE: [-1.0]}), {}, "is not allowed"),
     ((SCHOOL, TICKS), {"design": "gird"}, "design"),
     ((SCHOOL, TICKS), {"design": {"kind": "sobol", "points": 3}}, "power of two"),
     ((SCHOOL, {RATE: {"low": 0.1, "high": 1.0}}), {}, "sim.sweep: factors.market_rate: has low and high"),
     ((SCHOOL, {RATE: [1.0], "steps": [1, 2]}), {"design": "zip"}, "sim.sweep: design: zip needs as many values"),
     ((SCHOOL, TICKS), {"seeds": 0}, "seeds: 0 is not allowed"),
     ((SCHOOL, TICKS), {"seeds": range(0, 9, 2)}, "has gaps"),
     ((SCHOOL, TICKS), {"keep": ["steps"], "out": None}, "keep: stores tables in a folder; give `out`"),
     ((SCHOOL, TICKS), {"seeds": {"cout": 3}}, "seeds.cout"), ((SCHOOL, TICKS), {"steps": -3}, "steps: -3"),
     ((SCHOOL, TICKS), {"workers": 0}, "workers"),
     ((SCHOOL, TICKS), {"backend": "ray"}, "is no back end"), ((SCHOOL, TICKS), {"keep": ["fills"]}, "keep"),
     ((SCHOOL, TICKS), {"measure": "nosuch.py"}, "measure: 'nosuch.py' cannot be read"),
     ((SCHOOL, TICKS), {"out": "../elsewhere"}, "'..' is not allowed"),
     ((SCHOOL, TICKS), {"overrides": ["stepz=1"]}, "steps"),
     ((SCHOOL, TICKS), {"arms": {"A b": []}}, "arms"), ((SCHOOL, TICKS), {"arms": {}}, "arms")],
)  # fmt: skip
def test_bad_input_is_refused_in_terms_of_the_arguments_and_nothing_is_written(tmp_path, arguments, options, said):
    with pytest.raises(sim.ScenarioError, match=said) as refused:
        play(*arguments, **{"out": "out", **options})
    assert "/firesale-" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_code_and_files_of_a_scenario_need_its_path_and_leave(tmp_path):
    world = ROOT / "tests" / "pins" / "worlds" / "crowd_with_code.yaml"
    with pytest.raises(sim.ScenarioError, match="names files of its own is swept by its path"):
        play(sim.load(world), allow_code=True)
    with pytest.raises(sim.ScenarioError, match="allow_code=True in Python"):
        play(world, steps=2)
    assert play(world, steps=2, seeds=1, allow_code=True)["steps"].tolist() == [2]


def test_a_sweep_leaves_a_ledger_that_the_commands_read(tmp_path):
    play(SCHOOL, TICKS, out="out")
    record = json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert record["experiment"] == "school" and record["runs"] == 4 and "scenario.yaml" in record["sweep"]["scenario"]
    keys = sim.read("out").runs["key"].tolist()
    assert scan(tmp_path / "out", keys).missing() == []
    assert (tmp_path / "out" / "scenario.yaml").is_file() and (tmp_path / "out" / "sweep.yaml").is_file()


def test_pairs_are_played_from_python_as_from_sweep_yaml():
    runs = play(SCHOOL, TICKS, seeds={"count": 1, "antithetic": True})
    assert runs["antithetic"].tolist() == [0, 1, 0, 1] and runs["digest"].nunique() == 4
    second = sim.run(SCHOOL, 1, overrides={RATE: 0.5}, antithetic=True)
    assert runs["digest"][1] == second.summary["digest"] != sim.run(SCHOOL, 1, overrides={RATE: 0.5}).summary["digest"]
