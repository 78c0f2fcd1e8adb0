"""Agent-based market in which leveraged traders are liquidated on a simulated order book.

`sim.run` plays one run, `sim.sweep` many, `sim.read` opens a results folder; see docs/reference/python_api.md. Names
are imported when they are asked for, so that `import sim` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.runs.api import Run, read, run
    from sim.runs.api_sweep import sweep
    from sim.runs.results import Results
    from sim.scenario import Scenario, ScenarioError, load

__version__ = "0.1.0"

PLACES = {
    "Results": "sim.runs.results",
    "Run": "sim.runs.api",
    "Scenario": "sim.scenario",
    "ScenarioError": "sim.scenario",
    "load": "sim.scenario",
    "read": "sim.runs.api",
    "run": "sim.runs.api",
    "sweep": "sim.runs.api_sweep",
}

__all__ = ["Results", "Run", "Scenario", "ScenarioError", "__version__", "load", "read", "run", "sweep"]


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
