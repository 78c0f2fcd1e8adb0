"""Draws of a strategy in Python: words at an address become numbers, as in compiled strategies."""

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.streams import generator, stream_of

if TYPE_CHECKING:
    from sim.engine.session import Session

Words = tuple[int, int, int, int]


def uniform(word: int) -> float:
    """A word of a draw as a float in (0, 1)."""
    return (float(word) + 0.5) * 2.0**-32


def below(word: int, n: int) -> int:
    """A word of a draw as an integer from 0 to n - 1."""
    return (word * n) >> 32


def normal(word_a: int, word_b: int) -> float:
    """Two words of a draw as one standard normal."""
    return math.sqrt(-2.0 * math.log(uniform(word_a))) * math.cos(2.0 * math.pi * uniform(word_b))


def own_generator(session: "Session", stream: int, population: str, place: int) -> np.random.Generator:
    """The generator of one trader, addressed by its population's name and its place in it: nobody else touches it.

    The second run of an antithetic pair has another one: what a strategy draws from it cannot be mirrored for it.
    """
    return generator(session.seed, stream, stream_of(population), place, *[1] * session.antithetic)
