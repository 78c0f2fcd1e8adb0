"""How a command ends: one exit code for each kind of failure, a sentence instead of a traceback."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BAD_INPUT = 2
FAILED_STRATEGY = 65
BROKEN_INVARIANT = 70
INPUT_OUTPUT = 74
INTERRUPTED = 130
BROKEN_PIPE = 141


def _is(error: BaseException, module: str, name: str) -> bool:
    """Tell whether an error is of a class whose module may never have been imported."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(error, kind)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn expected failures into a message on stderr and an exit code; a defect keeps its traceback."""
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        _leave("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has left; a second failure while Python closes stdout would only be noise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(BROKEN_PIPE) from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _leave(f"{where}{error.strerror or error}", INPUT_OUTPUT)
    except Exception as error:
        if _is(error, "sim.scenario.errors", "ScenarioError"):
            _leave(str(error), BAD_INPUT)
        if _is(error, "sim.engine.errors", "InvariantError"):
            _leave(f"broken invariant: {error}", BROKEN_INVARIANT)
        if _is(error, "sim.engine.errors", "StrategyError"):
            _leave(str(error), FAILED_STRATEGY)
        if _is(error, "sim.runs.guarded", "RunDied"):
            _leave(str(error), BROKEN_INVARIANT)
        raise


def _leave(message: str, code: int) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(code) from None
