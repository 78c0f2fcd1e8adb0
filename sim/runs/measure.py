"""An experiment's own `measure.py`: what one run of it is, where playing a scenario to its summary is not enough."""

import importlib.util
import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.runs import store

if TYPE_CHECKING:
    from sim.scenario import Scenario

Measure = Callable[["Scenario", Mapping[str, Any], int], Mapping[str, Any]]
OWN_LABELS = ("run", "key", "arm", "point", "seed", "antithetic", "error", "traceback")  # every row may have them
SIGNATURE = "measure(scenario, cell, seed) -> dict"


def measure_file(folder: Path) -> str | None:
    """The measure.py of an experiment's folder, where there is one."""
    file = (folder if folder.is_dir() else folder.parent / "-") / "measure.py"
    return str(file.resolve()) if file.is_file() else None


@lru_cache(maxsize=4)
def load_measure(file: str) -> Measure:
    """The function `measure(scenario, cell, seed) -> dict` of a file, loaded once a process.

    Raises ScenarioError where the file cannot be loaded, has no such function, or one of other arguments.
    """
    spec = importlib.util.spec_from_file_location(f"measure_{Path(file).parent.name}", file)
    assert spec is not None and spec.loader is not None  # a path that ends in .py always has both
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise store.refuse("measure", f"{file} cannot be loaded: {type(error).__name__}: {error}") from error
    function = getattr(module, "measure", None)
    if not callable(function):
        raise store.refuse("measure", f"{file} has no function `{SIGNATURE}`")
    try:
        inspect.signature(function).bind(None, {}, 1)
    except TypeError as error:
        raise store.refuse("measure", f"{file}: `measure` cannot take three arguments ({error}); {SIGNATURE}") from None
    return function  # type: ignore[no-any-return]


def measured(file: str, scenario: "Scenario", cell: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """What measure.py says of one cell and seed, as plain values; it may not overwrite the labels of the cell.

    Raises TypeError or ValueError, with the file's name, for an answer that is no flat row of numbers and texts.
    """
    answer = load_measure(file)(scenario, cell, seed)
    if not isinstance(answer, Mapping):
        raise TypeError(f"{file}: measure returned {type(answer).__name__}, not a dict")
    found = {}
    for name, value in answer.items():
        plain = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
        if not isinstance(name, str) or not isinstance(plain, int | float | str | None):
            raise TypeError(f"{file}: {name!r} is {type(plain).__name__}; a row holds numbers, texts and None by name")
        if name in cell or name in OWN_LABELS:
            raise ValueError(f"{file}: '{name}' is a label of the cell already; measure must call it something else")
        found[name] = plain
    return found
