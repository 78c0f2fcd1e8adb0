"""Scenario files: YAML to frozen records, every problem with its line and path.

Names are imported when they are asked for: the reader of YAML alone needs nothing of the engine.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.scenario.errors import Problem, ScenarioError
    from sim.scenario.folders import configs_folder
    from sim.scenario.loader import find_scenario, load, load_mapping, population_names, scenario_names
    from sim.scenario.records import Scenario
    from sim.scenario.schema import scenario_schema

PLACES = {
    "Problem": "errors",
    "Scenario": "records",
    "ScenarioError": "errors",
    "configs_folder": "folders",
    "find_scenario": "loader",
    "load": "loader",
    "load_mapping": "loader",
    "population_names": "loader",
    "scenario_names": "loader",
    "scenario_schema": "schema",
}

__all__ = [
    "Problem",
    "Scenario",
    "ScenarioError",
    "configs_folder",
    "find_scenario",
    "load",
    "load_mapping",
    "population_names",
    "scenario_names",
    "scenario_schema",
]


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PLACES[name]}"), name)
