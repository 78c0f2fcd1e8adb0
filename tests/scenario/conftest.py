"""A folder of one's own with the baseline and its rule book, to be edited and broken."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.scenario import ScenarioError, configs_folder, load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the configurations; returns the folder of scenarios."""
    shutil.copytree(configs_folder(), tmp_path / "configs")
    return tmp_path / "configs" / "scenarios"


@pytest.fixture
def write(folder: Path) -> Callable[[str], Path]:
    """Write a scenario `case.yaml` that takes all else from the baseline."""

    def _write(text: str, start: str = "from: baseline.yaml\n") -> Path:
        path = folder / "case.yaml"
        path.write_text(start + text, encoding="utf-8")
        return path

    return _write


@pytest.fixture
def refused() -> Callable[..., list[str]]:
    """Load something bad and return its problems as lines."""

    def _refused(scenario: str | Path, *overrides: str) -> list[str]:
        with pytest.raises(ScenarioError) as caught:
            load(scenario, overrides)
        assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
        return [str(problem) for problem in caught.value.problems]

    return _refused
