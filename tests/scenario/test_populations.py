"""Populations as data: files that scenarios include, each number with its source."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from sim.runs.run import simulate
from sim.scenario import ScenarioError, configs_folder, load, population_names
from sim.scenario.check_populations import check_shares
from sim.scenario.populations import missing_sources, read_population_file

FILES = sorted((Path(__file__).resolve().parents[2] / "configs" / "populations").glob("*.yaml"))
INCLUDED = {"populations": {"from": "calm_majors", "venue": "binance"}}


def entries(name: str) -> list[dict]:
    """The entries of a shipped file, with the venue that a scenario gives them."""
    tree = YAML(typ="safe", pure=True).load(configs_folder() / "populations" / f"{name}.yaml")
    return [{**entry, "venue": "binance"} for entry in tree["populations"]]


def test_the_three_populations_are_there():
    assert {"calm_majors", "retail_perpetuals", "mania_2021"} <= set(population_names())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_number_of_a_population_file_has_a_source(path):
    document = read_population_file(path)
    assert missing_sources(document) == []
    known = {entry["name"]: set(entry) for entry in document.tree["populations"]}
    for key in document.tree["sources"]:
        name, dial = key.split(".")[:2]
        assert dial in known[name], f"{key} explains nothing"


def test_a_number_without_a_source_is_found(tmp_path):
    text = "title: t\nsources: {makers.count: assumed}\n"
    text += "populations: [{name: makers, count: 3, profile: {depth: [2.5]}}]\n"
    (tmp_path / "people.yaml").write_text(text)
    problems = missing_sources(read_population_file(tmp_path / "people.yaml"))
    assert [problem.path for problem in problems] == ["populations.makers.profile.depth.0"]


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_a_population_lives_through_a_calm_hour_fraction_in_the_baseline(name):
    result = simulate(load("baseline", {"populations": {"from": name}}), steps=300)
    assert result.summary["traded_notional"] > 0
    # Missing where nobody has a position to lose.
    assert (result.summary["liquidated_share_of_open_interest"] or 0.0) < 0.02


def test_included_and_written_out_people_are_the_same_configuration():
    included = load("baseline", INCLUDED)
    assert included.config_hash == load("baseline", {"populations": entries("calm_majors")}).config_hash
    assert "trend" not in [record.name for record in included.populations]


def test_the_only_venue_need_not_be_named():
    assert (
        load("baseline", {"populations": {"from": "calm_majors"}}).config_hash == load("baseline", INCLUDED).config_hash
    )


def test_a_scenario_file_includes_people_and_changes_them_by_name(write):
    path = write(
        "populations:\n"
        "- {from: mania_2021, venue: binance}\n"
        "- {name: speculators, count: 77}\n"
        "- {kind: noise_trader, name: tourists, venue: binance, count: 5}\n"
    )
    people = {record.name: record for record in load(path, ["populations.makers.count=3"]).populations}
    assert people["speculators"].count == 77 and people["speculators"].leverage_median == 10
    assert people["makers"].count == 3 and people["tourists"].count == 5
    assert list(people)[-1] == "tourists"


def test_a_scenario_changes_by_name_what_its_base_includes(folder, write):
    base = folder / "base.yaml"
    base.write_text("from: none\n")
    text = (folder / "baseline.yaml").read_text()
    base.write_text(text[: text.index("populations:")] + "populations: {from: calm_majors, venue: binance}\n")
    path = write("populations: [{name: speculators, count: 9}]\n", start="from: base.yaml\n")
    people = {record.name: record for record in load(path).populations}
    assert people["speculators"].count == 9 and people["speculators"].long_share == 0.84
    assert len(people) == 5


def test_people_of_a_file_beside_the_scenario(folder, write):
    (folder / "mine.yaml").write_text("title: mine\npopulations: [{kind: noise_trader, name: few, count: 4}]\n")
    path = write("populations: {from: mine.yaml, venue: binance}\n")
    assert [record.count for record in load(path).populations] == [4]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "populations: {from: calm_major}",
            "populations.from: no population file 'calm_major'; did you mean 'calm_maj",
        ),
        ("populations: {from: calm_majors, venu: binance}", "populations.venu: unknown key; did you mean 'venue'?"),
        ("populations: {from: nothing.yaml}", "populations.from: no file 'nothing.yaml' beside case.yaml"),
        ("populations: {from: 3}", "populations.from: 3 is no name"),
        (
            "populations: [{from: calm_majors}, {count: 3}]",
            "populations.1: beside an included file each population needs",
        ),
        ("populations: {from: calm_majors, venue: bybit}", "populations.makers.venue: no venue 'bybit'"),
        (
            "populations: [{from: calm_majors}, {from: mania_2021}]",
            "populations.makers.name: the name 'makers' is taken",
        ),
        (
            "populations: [{from: calm_majors}, {name: speculators, leverage_median: 200}]",
            "200 of population 'speculators' is above the venue's cap; allowed at binance: at most 150",
        ),
    ],
)
def test_a_wrong_include_is_refused_with_its_place(write, refused, text, expected):
    lines = refused(write(text + "\n"))
    assert any(expected in line for line in lines), lines
    assert all(":" in line.split(" ")[0] and "<scenario>" not in line for line in lines)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("populations: [{name: a}]\n", "title: is missing"),
        ("title: t\npopulations: []\n", "populations: [] is not allowed"),
        ("title: t\npopulation: []\n", "population: unknown key; did you mean 'populations'?"),
        ("title: t\npopulations: [{name: a, venue: b}]\n", "populations.a.venue: belongs to the scenario"),
        ("title: t\npopulations: [{kind: noise_trader}]\n", "populations.0.name: is missing"),
        ("title: t\npopulations: [3]\n", "3 is not allowed"),
    ],
)
def test_a_wrong_population_file_is_refused_with_its_place(tmp_path, text, expected):
    (tmp_path / "people.yaml").write_text(text)
    with pytest.raises(ScenarioError) as found:
        read_population_file(tmp_path / "people.yaml")
    assert expected in str(found.value) and "people.yaml:" in str(found.value)


def test_a_mistake_in_the_people_of_a_file_names_that_file(folder, write, refused):
    path = folder.parent / "populations" / "calm_majors.yaml"
    path.write_text(path.read_text().replace("long_share: 0.84", "long_share: 1.84"))
    lines = refused(write("populations: {from: calm_majors}\n"))
    assert (
        len(lines) == 1 and "calm_majors.yaml:" in lines[0] and "populations.speculators.long_share: 1.84" in lines[0]
    )


def test_leverage_above_the_cap_of_the_venue_is_refused_with_name_and_value(refused):
    for dial in ("speculators.leverage_median", "trend.leverage_median"):
        (line,) = refused("baseline", f"populations.{dial}=151")
        assert "151 of population" in line and dial.split(".")[0] in line and "at most 150" in line
    load("baseline", ["populations.speculators.leverage_median=150"])


def test_shares_must_sum_to_one_and_the_population_is_named():
    assert list(check_shares(("populations", 0, "answers"), "crowd", {"a": 0.25, "b": 0.75})) == []
    ((path, message),) = check_shares(("populations", 0, "answers"), "crowd", {"a": 0.25, "b": 0.7})
    assert path == ("populations", 0, "answers") and "'crowd' sum to 0.95" in message
