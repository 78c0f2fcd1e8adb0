"""From a `kind: python` population to its strategies: the file runs here, and only after it was allowed."""

import sys
import traceback
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sim.agents.orders import did_you_mean
from sim.agents.strategy import Seat, Strategy
from sim.agents.trader import Trader, decides, seated
from sim.engine.errors import StrategyError
from sim.scenario import ScenarioError
from sim.strategies import PythonStrategy

if TYPE_CHECKING:
    from sim.model import MarketModel

# What code of a user may leave by, other than by returning; an interrupt of the person at the keyboard is none of it.
LEAVES = (Exception, SystemExit, GeneratorExit)


def load_module(path: str, text: str, name: str) -> ModuleType:
    """Run the text of a file as a module of this name; whatever it raises goes on."""
    module = ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module  # dataclasses and pickles look a class's module up by name
    try:
        exec(compile(text, path, "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def told(error: BaseException, path: str | None = None) -> str:
    """An exception in one line, with the last line of the user's file that it came through."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    if path and frames:
        text += f" (line {frames[-1].lineno}, in {frames[-1].name})"
    return text


def strategy_class(record: PythonStrategy) -> type[Strategy]:
    """The class that a population names. Raises ScenarioError with the place in the scenario file."""
    if isinstance(record.code, type):  # a class that is at hand: the conformance suite tries one
        return record.code
    code, path = record.code, str(record.code.path)

    def refused(field: str, message: str) -> ScenarioError:
        return ScenarioError([code.problem(record, field, message)])

    try:
        module = load_module(path, code.text, f"firesale_plugin_{record.name}_{code.sha256[:16]}")
    except LEAVES as error:
        hint = "; a strategy is one file, its folder is not searched" if isinstance(error, ImportError) else ""
        raise refused("file", f"{record.file} cannot be imported: {told(error, path)}{hint}") from error
    found = vars(module).get(record.strategy)
    if found is None:
        known = list(strategies_of(module))
        raise refused("strategy", f"no class {record.strategy} in {record.file}{_known(record.strategy, known)}")
    if not _is_strategy(found):
        raise refused("strategy", f"{record.strategy} in {record.file} is no Trader and no Strategy of sim.agents")
    if not decides(found):
        raise refused("strategy", f"{record.strategy} needs a method decide(self, view) that returns or yields orders")
    if wrong := unknown_dial(found, record.dials):
        raise refused(f"dials.{wrong[0]}", wrong[1])
    return found  # type: ignore[no-any-return]


def unknown_dial(kind: type[Strategy], dials: Iterable[str]) -> tuple[str, str] | None:
    """The first dial that is no attribute which the class declares, and a sentence; None when all are."""
    known = [name for name in dir(kind) if not name.startswith("_") and not hasattr(Trader, name)]
    for name in dials:
        if name not in known or callable(getattr(kind, name)):
            return name, f"{kind.__name__} declares no attribute {name}{_known(name, known)}"
    return None


def strategies_of(module: ModuleType) -> dict[str, type[Strategy]]:
    """The strategies that a module itself defines, by name."""
    own = [item for item in vars(module).values() if _is_strategy(item) and item.__module__ == module.__name__]
    return {item.__name__: item for item in own}


def _is_strategy(item: Any) -> bool:
    return isinstance(item, type) and issubclass(item, Strategy)


def _known(word: str, known: list[str]) -> str:
    return did_you_mean(word, sorted(known)) if known else ""


def join_population(model: "MarketModel", record: PythonStrategy, population: int) -> list[Strategy]:
    """The strategies of one population: an object for each row of a Trader, one for all rows of a Strategy."""
    model.watch.begin(population, 0, -1)
    kind = strategy_class(record)
    first = int(model.session.world.populations[population]["first_trader"])
    seats = [Seat(record.name, record.venue, population, first, record.count)]
    if issubclass(kind, Trader):
        seats = [Seat(record.name, record.venue, population, first + i, 1, i) for i in range(record.count)]
    try:
        return [seated(kind, model, seat, dict(record.dials)) for seat in seats]
    except LEAVES as error:
        if isinstance(record.code, type):
            raise StrategyError(record.name, 0, -1, f": start() raised {told(error)}") from error
        message = f"{record.strategy} of {record.file} cannot start: {told(error, str(record.code.path))}"
        raise ScenarioError([record.code.problem(record, "strategy", message)]) from error
    finally:
        model.watch.end()
