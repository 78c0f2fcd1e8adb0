"""`firesale population`: what the table and the pictures say is what the tables of the world hold."""

import json

import numpy as np
import pytest

from sim.engine.levels import liquidation_levels
from sim.evidence.figures_people import people_figure
from sim.evidence.people import People
from sim.runs.population import people_of, people_rows, people_scenario, population_command
from sim.scenario import ScenarioError, load
from sim.scenario.build import build_session
from sim.scenario.overrides import Setting

FEW = Setting(("populations", "speculators", "count"), 400)


def hand_made() -> People:
    """Four accounts: two longs, a short, and nobody; leverage 10, 2 and 4."""
    return People(
        name="few", kind="leveraged_speculator",
        long=np.array([100.0, 300.0, 0.0, 0.0]), short=np.array([0.0, 0.0, 100.0, 0.0]),
        equity=np.array([10.0, 150.0, 25.0, 7.0]), wallet=np.array([10.0, 150.0, 25.0, 7.0]),
        chosen_leverage=np.array([10.0, 2.0, 4.0, 20.0]),
        distance=np.array([-0.009, -0.45, 0.08]), exposed=np.array([100.0, 300.0, -100.0]),
        leverage_cap=100.0, largest_share=0.6,
    )  # fmt: skip


def test_figures_of_a_hand_made_population():
    found = hand_made().figures()
    assert (found["rows"], found["holders"], found["notional"]) == (4, 3, 500.0)
    assert found["long_share"] == 0.8 and found["largest_account_share"] == 0.6
    assert (found["leverage_median"], found["leverage_max"]) == (4.0, 10.0)
    assert (found["within_1_percent"], found["within_5_percent"], found["within_10_percent"]) == (0.2, 0.2, 0.4)


def test_the_map_holds_all_that_lies_within_its_reach():
    found = hand_made().liquidation_map()
    assert (sum(found["long"]), sum(found["short"])) == (100.0, 100.0)
    edges = found["edges"]
    assert edges[int(np.argmax(found["long"]))] <= -0.009 <= edges[int(np.argmax(found["long"])) + 1]


def test_pictures_repeat_also_of_people_without_positions():
    people = hand_made()
    none = People("flat", "noise_trader", *[np.zeros(3)] * 2, *[np.ones(3)] * 3, *[np.zeros(0)] * 2, 10.0)
    for one in (people, none):
        assert people_figure(one, "People") == people_figure(one, "People")
    assert none.figures()["long_share"] is None and none.figures()["leverage_median"] is None


def test_people_of_a_session_are_those_of_its_tables():
    scenario = people_scenario("mania_2021", "baseline", [FEW])
    session = build_session(scenario, 4)
    world, names = session.world, session.names
    found = {one.name: one for one in people_of(scenario, session)}
    assert list(found) == [record.name for record in scenario.populations]
    own = found["speculators"]
    longs = sum(record.open_interest for record in scenario.populations if record.name == "speculators")
    assert own.long.sum() == pytest.approx(longs * 1.5, rel=1e-3)  # the second instrument is half as liquid
    first = int(world.populations[list(found).index("speculators") + 1]["first_trader"])
    prices = [
        liquidation_levels(world, k, np.arange(first, first + 400), names.tick_size[k], names.atom)[0]
        for k in range(len(names.instruments))
    ]
    assert len(own.distance) == sum(map(len, prices))
    assert (own.distance[own.exposed > 0] < 0).all() and (own.distance[own.exposed < 0] > 0).all()
    held = own.notional > 0
    assert own.equity[held].min() > 0 and own.chosen_leverage.max() <= own.leverage_cap


def test_the_command_writes_figures_and_a_table_and_plays_nothing(tmp_path, capsys):
    final = population_command("calm_majors", "baseline", [FEW], 3, tmp_path / "people", False)
    text = capsys.readouterr().out
    assert "speculators" in text and "None" not in text and "nan" not in text and "…" not in text
    record = json.loads((final / "population.json").read_text())
    assert (
        record["seed"] == 3 and record["config_hash"] == people_scenario("calm_majors", "baseline", [FEW]).config_hash
    )
    assert sorted(path.stem for path in (final / "figures").iterdir()) == ["basis", "speculators"]
    again = population_command("calm_majors", "baseline", [FEW], 3, tmp_path / "again", True)
    assert (again / "population.json").read_bytes() == (final / "population.json").read_bytes()
    assert json.loads(capsys.readouterr().out) == record


def test_a_scenario_a_path_and_a_name_are_all_understood(tmp_path):
    assert people_scenario("btc_2025_10_10", "baseline", []).config_hash == load("btc_2025_10_10").config_hash
    file = tmp_path / "few.yaml"
    file.write_text("title: few\npopulations: [{kind: noise_trader, name: few, count: 4}]\n")
    assert [record.name for record in people_scenario(str(file), "baseline", []).populations] == ["few"]
    (tmp_path / "case.yaml").write_text("from: baseline.yaml\nname: case\n")
    assert people_scenario(str(tmp_path / "case.yaml"), "baseline", []).name == "case"
    with pytest.raises(ScenarioError, match="no such population file or scenario; did you mean 'mania_2021'"):
        people_scenario("mania_2012", "baseline", [])


def test_rows_have_as_many_cells_as_the_head():
    none = People("flat", "noise_trader", *[np.zeros(3)] * 2, *[np.ones(3)] * 3, *[np.zeros(0)] * 2, 10.0)
    head, *rows = people_rows([hand_made().figures(), none.figures()])
    assert [len(row) for row in rows] == [len(head)] * 2
