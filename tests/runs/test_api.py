"""What `import sim` offers: the same runs as the command's, as records and frames."""

import json
import subprocess
import sys

import numpy as np
import pytest
from isolated import ROOT
from small_worlds import CRASH, small_scenario

import sim
from sim.runs.run import run_command
from sim.scenario import scenario_names
from sim.scenario.loader import load_mapping

FALL = [{"start_step": 2, "duration_steps": 6, "size": -0.12}]
SMALL = {"populations.speculators.count": 80, "record.evaluation_every_steps": 5, "instruments.BTCUSDT.news": FALL}
PEOPLE = [{"kind": "zero_intelligence", "name": "flow", "venue": "school", "order_notional": 1e4, "capital": 1e9}]
SCHOOL = {
    "name": "mine", "steps": 12,
    "venues": {"school": {
        "contracts": {"STOCK": {"tick_size": 1.0, "lot_size": 1.0}},
        "margin": {"schedules": {"STOCK": [(0, 0.005, 100)]}}, "mark_price": {"kind": "mid", "clamp": None},
    }},
    "instruments": [{"name": "STOCK", "venue": "school", "start_price": np.float64(1e4), "price_levels": 8_192}],
    "populations": PEOPLE,
}  # fmt: skip


def test_importing_sim_is_light_and_its_names_are_there():
    code = (
        "import sys, sim\n"
        "print(sorted({'numpy', 'pandas', 'pydantic', 'numba', 'pyarrow'} & set(sys.modules)), *dir(sim))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("[] ") and {"run", "read", "load", "Scenario"} <= set(done.stdout.split())
    assert all(getattr(sim, name) is not None for name in sim.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'rum'"):
        _ = sim.rum


def test_a_run_in_python_is_the_run_of_the_command(tmp_path, capsys):
    here = sim.run("baseline", 3, overrides=SMALL, steps=20)
    settings = [f"{path}={json.dumps(value)}" for path, value in SMALL.items()]
    there = sim.read(run_command(sim.load("baseline", settings), 3, 20, tmp_path / "run", True))
    assert there.summary == here.summary and here.summary["liquidations"] > 0
    assert repr(here) == "Run(baseline, seed 3, 20 steps)"
    for name in ("steps", "events", "evaluation", "profits"):
        frame = getattr(here, name)
        assert len(frame) and frame.reset_index(drop=True).equals(there.frame(name)), name
    assert there.manifest["config_hash"] == here.scenario.config_hash


def test_a_scenario_may_be_a_name_a_path_a_record_or_a_mapping(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("from: baseline.yaml\nname: mine\nsteps: 4\npopulations: [{name: speculators, count: 50}]\n")
    by_path = sim.run(path)
    by_record = sim.run(sim.load(path))
    by_mapping = sim.run({"from": "baseline.yaml", "name": "mine", "steps": 4,
                          "populations": [{"name": "speculators", "count": 50}]})  # fmt: skip
    by_name = sim.run("baseline", overrides={"name": "mine", "populations.speculators.count": 50, "steps": 4})
    assert by_path.summary == by_record.summary == by_mapping.summary
    assert by_name.summary["digest"] == by_path.summary["digest"]
    assert sim.run(SCHOOL, overrides=["steps=5"]).scenario.steps == 5


def test_a_record_with_overrides_is_the_scenario_with_overrides():
    for name in scenario_names():
        record = sim.load(name)
        assert load_mapping(record.dump()).config_hash == record.config_hash
    small = small_scenario(CRASH)
    assert (
        sim.run(small, 3, overrides={"steps": 30}).summary == sim.run(small_scenario({**CRASH, "steps": 30}), 3).summary
    )


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [(("baselin",), {}, "did you mean 'baseline'"), (("baseline", -1), {}, "sim.run: seed: -1 is not allowed"),
     (("baseline", 2**63), {}, "whole numbers from 0 to"), (("baseline", True), {}, "seed: true is not allowed"),
     (("baseline", 1.5), {}, "seed: 1.5 is not allowed"), (("baseline",), {"steps": 0}, "steps: 0 is not allowed"),
     (("baseline",), {"overrides": {"populations.maker.count": 6}}, "did you mean 'makers'"),
     (("baseline",), {"overrides": ["stepz=4"]}, "did you mean 'steps'"),
     (({**SCHOOL, "stepz": 4},), {}, "<scenario>: stepz"), (({"name": "mine"},), {}, "venues"),
     (({1: 2},), {}, "the key 1 is not text"), (({"from": "nosuch.yaml"},), {}, "no file 'nosuch.yaml'"),
     ((3,), {}, "no such scenario"), ((None,), {}, "no such scenario")],
)  # fmt: skip
def test_bad_input_is_refused_before_anything_runs(arguments, options, said):
    with pytest.raises(sim.ScenarioError, match=said):
        sim.run(*arguments, **options)


def test_code_runs_only_where_it_was_allowed():
    world = ROOT / "tests" / "pins" / "worlds" / "crowd_with_code.yaml"
    with pytest.raises(sim.ScenarioError, match="allow_code=True in Python"):
        sim.run(world, steps=2)
    assert sim.run(world, steps=2, allow_code=True).summary["steps"] == 2


def test_the_same_seed_gives_the_same_run_and_the_scenarios_own_is_the_default():
    first, second = sim.run(SCHOOL), sim.run(SCHOOL, np.int64(1))
    assert first.summary == second.summary and first.seed == 1
    assert sim.run(SCHOOL, 2).summary["digest"] != first.summary["digest"]
