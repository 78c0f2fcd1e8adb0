"""The index price: what the outside world says, as a process, a list of points or a file, with news on top."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from sim.parts import ASSUMED, PROTOTYPE, Record, Row, dial
from sim.rules.rounding import half_even_div
from sim.terms import kernel
from sim.terms.vocabulary import MILLI

PointStep = Annotated[int, Field(ge=0, le=10_000_000)]
PointPrice = Annotated[float, Field(gt=0, le=1e9)]
Point = Annotated[tuple[PointStep, PointPrice], Strict(strict=False)]

VOLATILITY_SOURCE = (
    "assumed; two parts of 0.35 give |returns| of calm BTCUSDT minutes their autocorrelation: 0.2 at 5, 0.1 at 60"
)


class News(Record):
    """A move of the index, spread evenly over its duration."""

    start_step: int = dial(..., "step at which it starts", unit="steps", ge=0, le=1_000_000)
    duration_steps: int = dial(300, "steps that it takes", unit="steps", source=PROTOTYPE, ge=1, le=1_000_000)
    size: float = dial(..., "whole move; -0.05 is a fall of 5 %", unit="of price", ge=-0.95, le=2.0)


class IndexPath(Record):
    """How the index of one instrument moves; a Brownian bridge fills the steps between given points."""

    kind: Literal["process", "points", "file"] = dial("process", "where the path comes from")
    volatility_bp: float = dial(
        0.7, "volatility of the process or bridge", unit="bp per sqrt(s)", source=PROTOTYPE, ge=0, le=1_000
    )
    volatility_sigma: float = dial(
        0.0, "standard deviation of the logarithm of volatility; 0: constant", source=VOLATILITY_SOURCE, ge=0, le=2
    )
    volatility_half_life_s: float = dial(
        300.0, "half-life of a spell of volatility", unit="s", source=VOLATILITY_SOURCE, ge=1, le=1e7
    )
    slow_volatility_sigma: float = dial(
        0.0, "the same for a second, slower part of that logarithm", source=VOLATILITY_SOURCE, ge=0, le=2
    )
    slow_volatility_half_life_s: float = dial(
        10_000.0, "half-life of the slower part", unit="s", source=VOLATILITY_SOURCE, ge=1, le=1e7
    )
    distribution: Literal["gaussian", "student_t"] = dial("gaussian", "distribution of a step's move")
    degrees_of_freedom: float = dial(4.0, "of student_t", source=ASSUMED, gt=2, le=1_000)
    jumps_per_hour: float = dial(0.0, "mean number of jumps", unit="1/h", source=ASSUMED, ge=0, le=3_600)
    jump_size_bp: float = dial(0.0, "standard deviation of a jump", unit="bp", source=ASSUMED, ge=0, le=5_000)
    points: Row[Point] | None = dial(None, "rows of step and price, for points")
    path: str | None = dial(
        None, "file of prices beside the scenario or below, for file", min_length=1, max_length=4_096
    )
    format: str | None = dial(None, "its format; default: what its content shows", min_length=1, max_length=64)
    column: Literal["open", "high", "low", "close"] = dial("close", "price of a bar that the path takes")
    starts_at: str | None = dial(
        None, "time of step 0 in the file, as in 2025-10-10T20:50:00Z; default: that of its first price", max_length=40
    )
    gaps: Literal["refuse", "bridge"] = dial(
        "refuse", "rows that are missing in the file: refuse it, or go on as between other points"
    )
    follows_book: float = dial(
        0.0, "how far outside prices follow this venue's own", unit="share", source=ASSUMED, ge=0, le=1
    )
    follow_lag_steps: int = dial(60, "lag of following", unit="steps", source=ASSUMED, ge=1, le=100_000)


@kernel
def move_index(world, k, t):
    """Index of step t: the exogenous path plus what the outside world has learnt from this venue's own price."""
    instrument = world.instruments[k]
    path = world.index_path[k, t]
    follow = instrument["index_follow_ppm"]
    if follow > 0:
        target = half_even_div(follow * (instrument["last_price"] * MILLI - path), 1_000_000)
        offset = instrument["index_offset_milli"]
        instrument["index_offset_milli"] = offset + half_even_div(target - offset, instrument["index_lag_steps"])
    index = max(path + instrument["index_offset_milli"], MILLI)
    instrument["index_milli"] = index
    instrument["index_price"] = half_even_div(index, MILLI)
