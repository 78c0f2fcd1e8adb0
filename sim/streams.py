"""Floor 1: the dice. Draws are addressed, not consumed: two regimes with one seed share every exogenous draw.

Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011) in masked int64; its published known answers are tested.
"""

import math
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from sim.terms import kernel, never_inline

WORD = 0xFFFFFFFF


@kernel
def philox(c0, c1, c2, c3, k0, k1):
    """Four 32-bit words from a 128-bit counter and a 64-bit key, all as int64 in [0, 2**32)."""
    never_inline()
    for _ in range(10):
        p = 0xD2511F53 * c0
        q = 0xCD9E8D57 * c2
        c0, c1, c2, c3 = ((q >> 32) & WORD) ^ c1 ^ k0, q & WORD, ((p >> 32) & WORD) ^ c3 ^ k1, p & WORD
        k0 = (k0 + 0x9E3779B9) & WORD
        k1 = (k1 + 0xBB67AE85) & WORD
    return c0, c1, c2, c3


@kernel
def draw(world, p, step, event, purpose):
    """The four words at an address: which population draws, when, for which of its events, for what.

    In the second run of an antithetic pair they are the complements: a uniform is one minus the first run's.
    """
    mask = int(world.clock[0]["antithetic_mask"])
    w0, w1, w2, w3 = philox(
        int(event),
        int(step),
        int(world.populations[p]["stream"]),
        int(purpose),
        int(world.clock[0]["run_key_low"]),
        int(world.clock[0]["run_key_high"]),
    )
    return w0 ^ mask, w1 ^ mask, w2 ^ mask, w3 ^ mask


@kernel
def uniform(word):
    """A word as a float in (0, 1): never exactly 0, so its logarithm is finite."""
    return (float(word) + 0.5) * 2.0**-32


@kernel
def below(word, n):
    """A word as an integer in [0, n), n < 2**31."""
    return (int(word) * int(n)) >> 32


@kernel
def normal(word_a, word_b):
    """Two words as one standard normal draw (Box and Muller 1958)."""
    return math.sqrt(-2.0 * math.log(uniform(word_a))) * math.cos(2.0 * math.pi * uniform(word_b))


@kernel
def drawn_normal(world, word_a, word_b):
    """Two drawn words as one standard normal draw; the second run of an antithetic pair has its negative.

    There the words are complements. All of the first is turned back, and of the second all but its highest bit: the
    radius stays and the angle moves by half a turn.
    """
    mask = int(world.clock[0]["antithetic_mask"])
    return normal(word_a ^ mask, word_b ^ (mask >> 1))


def stream_of(name: str) -> int:
    """The address of a population's draws, 32 bits of its name: it stays when other populations come or go."""
    return int.from_bytes(sha256(name.encode()).digest()[:4], "little")


def run_key(seed: int) -> tuple[int, int]:
    """The two key words of a run, from numpy's SeedSequence with spawn key (0,)."""
    low, high = np.random.SeedSequence(seed, spawn_key=(0,)).generate_state(2, np.uint32)
    return int(low), int(high)


def generator(seed: int, *path: int) -> np.random.Generator:
    """A numpy generator for draws made while a world is built, addressed by a path of integers (first one > 0)."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=path)))


class Complement:
    """A numpy generator whose every draw is the mirror image of the plain one's, with the same law."""

    def __init__(self, plain: np.random.Generator) -> None:
        self.plain = plain

    def standard_normal(self, size=None):
        """The negatives."""
        return -self.plain.standard_normal(size)

    def random(self, size=None):
        """Uniforms k / 2**53 become (2**53 - 1 - k) / 2**53, exactly."""
        return (1.0 - 2.0**-53) - self.plain.random(size)

    def integers(self, low, high, size=None):
        """Whole numbers from low to high - 1, counted from the other end."""
        return (low + high - 1) - self.plain.integers(low, high, size)

    def exponential(self, scale=1.0, size=None):
        """The draw whose distribution function is one minus the plain one's."""
        plain = np.maximum(self.plain.exponential(1.0, size), 2.0**-60)
        return -np.log(-np.expm1(-plain)) * scale


Draws = np.random.Generator | Complement


@dataclass(frozen=True)
class Dice:
    """The root of the draws that are made while a world is built; antithetic: the second run of a pair of runs."""

    seed: int
    antithetic: bool = False

    def generator(self, *path: int) -> Draws:
        """Draws addressed by a path of integers (first one > 0)."""
        plain = generator(self.seed, *path)
        return Complement(plain) if self.antithetic else plain
