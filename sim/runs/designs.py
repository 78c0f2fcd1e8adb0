"""Designs: which combinations of values a sweep's factors take. Every design is a list of cells in canonical order."""

import itertools
import json
import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from sim.parts import Record, Row, dial
from sim.scenario.errors import Position, ScenarioError, problem_at

POINTS_MAX = 1_000_000
SOBOL_MAX = 1 << 20
SAMPLING = "latin_hypercube", "sobol", "morris", "saltelli"

Cell = tuple[Any, ...]


class Factor(Record):
    """Something that takes several values: a dial, or what the experiment's own measure.py makes of it."""

    sets: str | None = dial(
        None,
        "path of the dial, as for --set; null: no dial, only measure.py reads the value",
        min_length=1,
        max_length=200,
    )
    values: Annotated[Row[Any], Field(min_length=1, max_length=100_000)] | None = dial(
        None, "its values, whole parts too; a design that samples takes each equally often"
    )
    low: float | None = dial(None, "for designs that sample: smallest value, instead of values", ge=-1e18, le=1e18)
    high: float | None = dial(None, "largest value", ge=-1e18, le=1e18)
    scale: Literal["linear", "log"] = dial("linear", "between low and high: evenly spread, or in its logarithm")
    integer: bool = dial(False, "whole numbers between low and high, both included")
    decimals: int | None = dial(None, "digits after the point that a drawn value keeps; null: all", ge=0, le=12)

    @model_validator(mode="after")
    def _values_or_range(self) -> "Factor":
        try:
            json.dumps(self.values)
        except (TypeError, ValueError):
            raise ValueError("values are numbers, texts, booleans, null, lists or mappings; quote dates") from None
        if (self.values is None) == (self.low is None and self.high is None):
            raise ValueError("needs either values or low and high")
        if self.values is None:
            if self.low is None or self.high is None or not self.low < self.high:
                raise ValueError(f"low {self.low} must be below high {self.high}")
            if self.scale == "log" and self.low <= 0:
                raise ValueError(f"low {self.low:g} is not above zero, as the scale log needs")
            if self.integer and (self.low % 1 or self.high % 1):
                raise ValueError(f"low {self.low:g} and high {self.high:g} must be whole numbers")
            if self.decimals is not None and (self._kept(self.low), self._kept(self.high)) != (self.low, self.high):
                raise ValueError(
                    f"low {self.low:.12g} and high {self.high:.12g} have more decimals than {self.decimals}"
                )
        return self

    def at(self, share: float) -> Any:
        """The value at a share of the way, 0 to 1, from the first or lowest value to the last or highest."""
        if self.values is not None:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        assert self.low is not None and self.high is not None  # as checked above
        if self.integer:
            low, high = int(self.low), int(self.high)
            if self.scale == "linear":
                return min(low + int(share * (high - low + 1)), high)
            return min(int(low * math.exp(share * math.log((high + 1) / low))), high)
        if self.scale == "log":
            value = self.low * math.exp(share * math.log(self.high / self.low))
        else:
            value = self.low + share * (self.high - self.low)
        return self._kept(min(max(value, self.low), self.high))

    def _kept(self, value: float) -> float:
        return value if self.decimals is None else round(value, self.decimals)


class Grid(Record):
    """All combinations of all values; the last factor changes fastest."""

    kind: Literal["grid"] = "grid"


class Zip(Record):
    """The first values of all factors together, then the second ones, and so on."""

    kind: Literal["zip"]


class Listed(Record):
    """The points as they are given."""

    kind: Literal["list"]
    points: Annotated[Row[dict[str, Any]], Field(min_length=1, max_length=POINTS_MAX)] = dial(
        ..., "one mapping a point, from each factor's name to its value"
    )


class LatinHypercube(Record):
    """Each factor's range is cut into as many slices as there are points, and each slice is used once."""

    kind: Literal["latin_hypercube"]
    points: int = dial(..., "points", ge=1, le=POINTS_MAX)
    seed: int = dial(0, "root of its draws", ge=0, le=2**32 - 1)


class Sobol(Record):
    """A scrambled Sobol' sequence."""

    kind: Literal["sobol"]
    points: int = dial(..., "points, a power of two", ge=1, le=SOBOL_MAX)
    seed: int = dial(0, "root of its scrambling", ge=0, le=2**32 - 1)

    @model_validator(mode="after")
    def _power_of_two(self) -> "Sobol":
        if self.points & (self.points - 1):
            below = 1 << (self.points.bit_length() - 1)
            raise ValueError(f"points {self.points} is no power of two; take {below} or {2 * below}")
        return self


class Morris(Record):
    """Trajectories that change one factor at a time, for elementary effects."""

    kind: Literal["morris"]
    trajectories: int = dial(..., "trajectories; each has a point more than there are factors", ge=2, le=10_000)
    levels: int = dial(4, "levels of each factor, an even number", ge=2, le=100, multiple_of=2)
    seed: int = dial(0, "root of its draws", ge=0, le=2**32 - 1)


class Saltelli(Record):
    """Saltelli's extension of a Sobol' sequence, for variance-based indices."""

    kind: Literal["saltelli"]
    base: int = dial(..., "base samples, a power of two; points are base x (factors + 2), or base x (2 factors + 2)",
                     ge=2, le=1 << 18)  # fmt: skip
    second_order: bool = dial(False, "also the points that pairwise indices need")
    seed: int = dial(0, "root of its scrambling", ge=0, le=2**32 - 1)

    @model_validator(mode="after")
    def _power_of_two(self) -> "Saltelli":
        if self.base & (self.base - 1):
            below = 1 << (self.base.bit_length() - 1)
            raise ValueError(f"base {self.base} is no power of two; take {below} or {2 * below}")
        return self


Design = Annotated[
    Grid | Zip | Listed | LatinHypercube | Sobol | Morris | Saltelli, Field(discriminator="kind")
]  # fmt: skip


def cells_of(design: Design, factors: dict[str, Factor], at: Position) -> list[Cell]:
    """Values of the factors, in their order, point by point. Raises ScenarioError where design and factors disagree."""
    if design.kind in SAMPLING:
        return _sampled(design, factors, at)
    if isinstance(design, Listed):
        return _listed(design, factors, at)
    values = [factor.values or () for factor in factors.values()]
    if isinstance(design, Grid):
        return list(itertools.product(*values))
    lengths = {name: len(factor.values or ()) for name, factor in factors.items()}
    if not lengths or len(set(lengths.values())) != 1:
        shown = ", ".join(f"{name} has {n}" for name, n in lengths.items()) or "there is no factor"
        raise ScenarioError([problem_at(at, "design", f"zip needs as many values in every factor; {shown}")])
    return list(zip(*values, strict=True))


def check_factors(design: Design, factors: dict[str, Factor], at: Position) -> None:
    """Raises ScenarioError for a factor with a range in a design that takes values as they are."""
    ranged = [name for name, factor in factors.items() if factor.values is None]
    if ranged and design.kind not in (*SAMPLING, "list"):
        message = f"has low and high, which design {design.kind} does not sample; give values, or a design that does"
        raise ScenarioError([problem_at(at, f"factors.{ranged[0]}", message)])


def design_size(design: Design, factors: dict[str, Factor]) -> int:
    """Points of a design without making them."""
    d = len(factors)
    if isinstance(design, Grid):
        return math.prod(len(factor.values or ()) for factor in factors.values())
    if isinstance(design, Listed):
        return len(design.points)
    if isinstance(design, LatinHypercube | Sobol):
        return design.points
    if isinstance(design, Morris):
        return design.trajectories * (d + 1)
    if isinstance(design, Saltelli):
        return design.base * ((2 * d if design.second_order else d) + 2)
    return max((len(factor.values or ()) for factor in factors.values()), default=0)


def _listed(design: Listed, factors: dict[str, Factor], at: Position) -> list[Cell]:
    names = list(factors)
    for number, point in enumerate(design.points):
        if sorted(point) != sorted(names):
            odd = sorted(set(point) ^ set(names))[0]
            wrong = "names no factor" if odd in point else "lacks the factor"
            message = f"{wrong} {odd}; every point names {', '.join(names)}"
            raise ScenarioError([problem_at(at, f"design.points[{number}]", message)])
    return [tuple(point[name] for name in names) for point in design.points]


def _sampled(design: Design, factors: dict[str, Factor], at: Position) -> list[Cell]:
    if not factors:
        raise ScenarioError([problem_at(at, "factors", f"design {design.kind} needs at least one factor")])
    try:
        sample = unit_sample(design, len(factors))
    except ImportError:
        message = f"{design.kind} needs the package SALib; install firesale[stats]"
        raise ScenarioError([problem_at(at, "design.kind", message)]) from None
    return [
        tuple(factor.at(float(share)) for factor, share in zip(factors.values(), row, strict=True)) for row in sample
    ]


def unit_sample(design: Design, d: int) -> np.ndarray:
    """(points, d) shares between 0 and 1 of a design that samples; the same for the same seed."""
    if isinstance(design, LatinHypercube | Sobol):
        from scipy.stats import qmc

        if isinstance(design, Sobol):
            return np.asarray(qmc.Sobol(d, scramble=True, rng=design.seed).random(design.points))
        return np.asarray(qmc.LatinHypercube(d, rng=design.seed).random(design.points))
    problem = {"num_vars": d, "names": [str(i) for i in range(d)], "bounds": [[0.0, 1.0]] * d}
    if isinstance(design, Morris):
        from SALib.sample import morris

        return np.asarray(morris.sample(problem, design.trajectories, num_levels=design.levels, seed=design.seed))
    assert isinstance(design, Saltelli)  # the others are no samples
    from SALib.sample import sobol

    return np.asarray(sobol.sample(problem, design.base, calc_second_order=design.second_order, seed=design.seed))
