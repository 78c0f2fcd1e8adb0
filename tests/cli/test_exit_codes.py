"""Each kind of failure has its exit code and a sentence; a defect keeps its traceback."""

import pytest

from sim.cli.exit_codes import exit_codes
from sim.scenario.errors import Position, ScenarioError, problem_at


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ScenarioError([problem_at(Position("a.yaml", 3, 5), "steps", "bad")]), 2, "a.yaml:3:5: steps: bad"),
        (OSError(28, "No space left on device", "results"), 74, "results: No space left on device"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_expected_failures(capsys, error, code, text):
    with pytest.raises(SystemExit) as caught, exit_codes():
        raise error
    assert caught.value.code == code
    assert capsys.readouterr().err.strip() == text


def test_a_broken_invariant_ends_with_70(capsys):
    from sim.engine.errors import InvariantError

    error = InvariantError.__new__(InvariantError)
    error.args = ("money is not conserved",)
    with pytest.raises(SystemExit) as caught, exit_codes():
        raise error
    assert caught.value.code == 70
    assert capsys.readouterr().err.startswith("broken invariant:")


def test_a_defect_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), exit_codes():
        _ = 1 // 0
