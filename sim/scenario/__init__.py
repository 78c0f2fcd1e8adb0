"""Scenario files: YAML to frozen records, every problem with its line and path."""

from sim.scenario.errors import Problem, ScenarioError
from sim.scenario.loader import configs_folder, find_scenario, load, population_names, scenario_names
from sim.scenario.records import Scenario
from sim.scenario.schema import scenario_schema

__all__ = [
    "Problem",
    "Scenario",
    "ScenarioError",
    "configs_folder",
    "find_scenario",
    "load",
    "population_names",
    "scenario_names",
    "scenario_schema",
]
