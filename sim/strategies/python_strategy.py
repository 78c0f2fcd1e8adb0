"""Strategies in plain Python: a file that a scenario names, loaded only where its code is allowed to run."""

from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, StringConstraints

from sim.parts import ASSUMED, MARGIN_SCOPE, MarginScope, Name, Record, dial

ClassName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
DialName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Dial = bool | int | float | Annotated[str, Field(max_length=1_000)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class PythonStrategy(Record):
    """A population whose decisions are a class in plain Python, a `Trader` or a `Strategy` of sim.agents."""

    kind: Literal["python"] = "python"
    name: Name = dial("mine", "name of the population")
    venue: Name = dial(..., "venue that they trade on")
    margin_scope: MarginScope = dial("venue", MARGIN_SCOPE)
    file: str = dial(..., "the .py file, from the folder of the scenario file", min_length=1, max_length=500)
    strategy: ClassName = dial(..., "the class in it")
    sha256: Digest | None = dial(None, "SHA-256 of the file, filled in when it is read; a file that differs is refused")
    count: int = dial(1, "traders: objects of a Trader, rows of one Strategy", unit="rows", ge=1, le=20_000)
    capital: float = dial(1.0e5, "money that each brings", unit="quote", source=ASSUMED, ge=0, le=1e13)
    leverage: float = dial(1.0, "chosen leverage: an order needs 1 / leverage as initial margin", ge=1, le=1_000)
    dials: dict[DialName, Dial] = dial({}, "values for attributes that the class declares", max_length=200)
    time_limit_s: float = dial(10.0, "longest that one decision may take on the clock", unit="s", ge=0.01, le=3_600)

    # The text of the file and where the scenario names it: scenario/code.py puts it here, agents/plugins.py runs it.
    _code: Any = PrivateAttr(None)

    @property
    def code(self) -> Any:
        """The file as it was read with the scenario (scenario.code.CodeFile); None for a record made by hand."""
        return self._code
