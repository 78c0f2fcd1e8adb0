"""The dice: published known answers and addresses."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from isolated import run_python

from sim.streams import below, draw, philox, run_key, stream_of, uniform
from sim.tables import layout
from sim.terms import entry

# Random123 (Salmon, Moraes, Dror, Shaw 2011), kat_vectors, philox4x32 with 10 rounds: counter, key, answer.
VECTORS = (
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
)
PLAIN = """
import json, sys
from sim.streams import philox
print(json.dumps([[int(w) for w in philox(*row)] for row in json.load(sys.stdin)]))
"""


@entry
def philox_of(c0, c1, c2, c3, k0, k1):
    return philox(c0, c1, c2, c3, k0, k1)


@pytest.mark.parametrize("counter, key, answer", VECTORS)
def test_philox_gives_the_published_answers(counter, key, answer):
    assert tuple(philox_of(*counter, *key)) == answer


def test_philox_gives_the_published_answers_without_jit():
    rows = [[*counter, *key] for counter, key, _ in VECTORS]
    found = json.loads(run_python(PLAIN, stdin=json.dumps(rows), NUMBA_DISABLE_JIT="1"))
    assert [tuple(words) for words in found] == [answer for _, _, answer in VECTORS]


def test_every_part_of_an_address_changes_the_draw():
    world = SimpleNamespace(clock=np.zeros(1, layout.CLOCK), populations=np.zeros(5, layout.POPULATIONS))
    world.clock[0]["run_key_low"], world.clock[0]["run_key_high"] = run_key(7)
    world.populations["stream"] = [stream_of(name) for name in "abcde"]
    address = (3, 5, 11, 2)
    seen = {tuple(draw.py_func(world, *address))}
    for place in range(4):
        moved = tuple(value + (i == place) for i, value in enumerate(address))
        seen.add(tuple(draw.py_func(world, *moved)))
    world.clock[0]["run_key_low"] += 1
    seen.add(tuple(draw.py_func(world, *address)))
    assert len(seen) == 6


def test_a_uniform_is_inside_the_open_interval_and_below_is_inside_its_range():
    assert 0.0 < uniform(0) < uniform(0xFFFFFFFF) < 1.0
    assert below(0, 7) == 0 and below(0xFFFFFFFF, 7) == 6
