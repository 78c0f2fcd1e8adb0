"""The JSON schema in the repository is the one of the records, and accepts the files beside it."""

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from sim.scenario import configs_folder, scenario_schema
from sim.scenario.schema import SCHEMA_TITLE

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def test_the_committed_schema_is_current():
    committed = json.loads((CONFIGS / "scenario.schema.json").read_text())
    assert committed == json.loads(json.dumps(scenario_schema())), "run: firesale schema > configs/scenario.schema.json"
    assert committed["title"] == SCHEMA_TITLE


@pytest.mark.parametrize("path", sorted((CONFIGS / "scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_scenario_files_follow_the_schema(path):
    schema = jsonschema.Draft202012Validator(scenario_schema())
    assert list(schema.iter_errors(YAML(typ="safe", pure=True).load(path))) == []


def test_the_schema_refuses_unknown_keys():
    assert list(jsonschema.Draft202012Validator(scenario_schema()).iter_errors({"name": "a", "stesp": 3}))


def test_scenarios_stay_short():
    for path in (configs_folder() / "scenarios").glob("*.yaml"):
        assert len(path.read_text().splitlines()) <= 60, path.name
