"""Antithetic pairs: the second run draws the mirror image of the first, under the same laws and with the same care."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from isolated import run_python
from scipy import stats
from small_worlds import CRASH, FLOWS, POPULATIONS, STRESS, small_scenario

from sim.agents import Trader
from sim.model import MarketModel
from sim.runs.run import simulate
from sim.scenario import load
from sim.scenario.build import build_session
from sim.scenario.paths import index_paths
from sim.scenario.people import speculators
from sim.streams import WORD, Complement, Dice, below, draw, drawn_normal, generator, run_key, stream_of, uniform
from sim.tables import layout

STEPS = 60
ISOLATED = {**CRASH, **STRESS, "venues.venue.margin.scope": "isolated"}
WORLDS = [(CRASH, 3), (ISOLATED, 4), ({**CRASH, "populations": [*FLOWS, *POPULATIONS]}, 6)]
PLAY = """
import json, sys
import numpy as np
sys.path.insert(0, "tests/reference")
from small_worlds import small_scenario
from sim.scenario.build import build_session
digests = []
with np.errstate(over="raise"):
    for settings, seed in json.load(sys.stdin):
        session = build_session(small_scenario(settings), seed, antithetic=True)
        session.advance(60)
        digests.append(session.digest())
print(json.dumps(digests))
"""
PATHS = (
    "index_correlation=0.4", "instruments.BTCUSDT.index.volatility_sigma=0.35", "steps=2000",
    "instruments.BTCUSDT.index.distribution=student_t", "instruments.BTCUSDT.index.degrees_of_freedom=5",
    "instruments.ETHUSDT.index.jumps_per_hour=60", "instruments.ETHUSDT.index.jump_size_bp=20",
)  # fmt: skip


def dice_world(antithetic, seed=7):
    """As much of a world as a draw looks at."""
    world = SimpleNamespace(clock=np.zeros(1, layout.CLOCK), populations=np.zeros(1, layout.POPULATIONS))
    world.clock[0]["run_key_low"], world.clock[0]["run_key_high"] = run_key(seed)
    world.clock[0]["antithetic_mask"] = WORD if antithetic else 0
    world.populations["stream"] = [stream_of("a")]
    return world


def words_of(antithetic, n=4000):
    world = dice_world(antithetic)
    return world, np.array([draw.py_func(world, 0, step, 0, 1) for step in range(n)])


def played(settings, seed, antithetic, chunk=STEPS):
    session = build_session(small_scenario(settings), seed, antithetic=antithetic)
    for _ in range(STEPS // chunk):
        session.advance(chunk)
    return session.digest()


def test_words_are_complements_and_the_complement_of_a_complement_is_the_word():
    (_, plain), (_, mirrored) = words_of(False), words_of(True)
    assert (plain + mirrored == WORD).all() and (mirrored ^ WORD == plain).all()
    assert mirrored.min() >= 0 and mirrored.max() <= WORD
    assert all(uniform(int(a)) + uniform(int(b)) == 1.0 for a, b in zip(plain[:, 0], mirrored[:, 0], strict=True))
    assert all(below(int(a), 37) + below(int(b), 37) == 36 for a, b in zip(plain[:, 1], mirrored[:, 1], strict=True))


def test_normals_of_drawn_words_are_negated_and_have_their_law():
    worlds = [words_of(False), words_of(True)]
    plain, mirrored = (
        np.array([drawn_normal.py_func(world, int(a), int(b)) for a, b, *_ in words]) for world, words in worlds
    )
    assert np.allclose(plain, -mirrored, rtol=1e-9, atol=1e-8)
    assert stats.kstest(mirrored, "norm").pvalue > 0.01
    assert abs(np.corrcoef(mirrored[1:], mirrored[:-1])[0, 1]) < 0.05


def test_mirrored_uniforms_have_their_law():
    _, words = words_of(True)
    for place in range(4):
        shares = [uniform(int(word)) for word in words[:, place]]
        assert stats.kstest(shares, "uniform").pvalue > 0.01


@pytest.mark.parametrize(
    "name, words, law",
    [
        ("standard_normal", (), "norm"),
        ("random", (), "uniform"),
        ("exponential", (1.0,), "expon"),
        ("integers", (0, 7), None),
    ],
)
def test_every_draw_of_a_generator_is_mirrored_under_its_law(name, words, law):
    def drawn(of):
        return getattr(of, name)(*words, 5000)

    plain, mirrored = drawn(generator(3, 1)), drawn(Complement(generator(3, 1)))
    assert np.allclose(drawn(Complement(Complement(generator(3, 1)))), plain, rtol=1e-6)
    if law is None:
        assert (plain + mirrored == 6).all()
        assert stats.chisquare(np.bincount(mirrored, minlength=7)).pvalue > 0.01
    else:
        assert stats.kstest(mirrored, law).pvalue > 0.01
        share = getattr(stats, law).cdf
        assert np.allclose(share(plain) + share(mirrored), 1.0, atol=1e-9)


def test_a_generator_that_mirrors_refuses_what_it_cannot_mirror():
    assert isinstance(Dice(3).generator(1), np.random.Generator)
    with pytest.raises(AttributeError):
        Dice(3, antithetic=True).generator(1).poisson(2.0)


@pytest.mark.parametrize("prices", ["geometric", "arithmetic"])
def test_paths_of_a_pair_mirror_each_other(prices):
    scenario = load("baseline", [*PATHS, f"prices={prices}"])
    plain, mirrored = (index_paths(scenario, 5, {}, antithetic).astype(float) for antithetic in (False, True))
    start = plain[:, :1]
    assert (mirrored[:, :1] == start).all() and np.ptp(plain / start, axis=1).min() > 0.003
    if prices == "arithmetic":
        assert (plain + mirrored == 2.0 * start).all()
    else:
        assert np.allclose(np.log(plain / start), -np.log(mirrored / start), rtol=0.0, atol=1e-6)


def test_news_moves_both_runs_of_a_pair_alike():
    news = "instruments.BTCUSDT.news=[{start_step: 50, duration_steps: 20, size: -0.04}]"
    scenario = load("baseline", ["steps=200", news])
    plain, mirrored = (index_paths(scenario, 5, {}, antithetic)[0] / 117_000_000.0 for antithetic in (False, True))
    assert plain[70:] * mirrored[70:] == pytest.approx(0.96**2, rel=1e-6)


def test_people_of_the_second_run_have_the_law_of_the_first():
    scenario = load("baseline")
    record = next(record for record in scenario.populations if record.kind == "leveraged_speculator")
    plain = [speculators(scenario, record, Dice(seed)) for seed in (1, 2)]
    mirrored = [speculators(scenario, record, Dice(seed, antithetic=True)) for seed in (3, 4)]
    for name in ("leverage", "wallet"):
        pair = [np.concatenate([getattr(crowd, name) for crowd in crowds]) for crowds in (plain, mirrored)]
        assert stats.ks_2samp(*pair).pvalue > 0.01, name
    longs, size = sum((crowd.lots > 0).any(axis=0).sum() for crowd in mirrored), 2 * record.count
    assert abs(longs / size - record.long_share) < 4.0 * (0.25 / size) ** 0.5
    twin = speculators(scenario, record, Dice(1, antithetic=True))
    assert np.corrcoef(np.log(plain[0].leverage), np.log(twin.leverage))[0, 1] < -0.7


def test_off_is_the_world_of_before_and_on_is_another_that_repeats():
    for settings, seed in WORLDS:
        before = build_session(small_scenario(settings), seed)
        before.advance(STEPS)
        assert played(settings, seed, False) == before.digest() != played(settings, seed, True)
        assert played(settings, seed, True) == played(settings, seed, True)


def test_the_second_run_stepwise_equals_batched():
    for settings, seed in WORLDS:
        assert played(settings, seed, True, chunk=1) == played(settings, seed, True)


def test_the_second_run_without_jit_has_the_same_bytes_and_no_number_overflows():
    found = json.loads(run_python(PLAY, stdin=json.dumps(WORLDS), NUMBA_DISABLE_JIT="1"))
    assert found == [played(settings, seed, True) for settings, seed in WORLDS]


def test_model_run_and_session_play_the_same_second_run():
    scenario = load("baseline", ["steps=40"])
    session = build_session(scenario, 3, antithetic=True)
    session.advance(40)
    model = MarketModel(scenario, 3, antithetic=True)
    model.advance(40)
    result = simulate(scenario, 3, antithetic=True)
    assert session.digest() == model.digest() == result.session.digest() != simulate(scenario, 3).session.digest()
    assert session.antithetic and not simulate(scenario, 3).session.antithetic


class Watcher(Trader):
    """Draws and does nothing."""

    def decide(self, view):
        return None


def test_a_trader_in_python_has_complementary_words_and_other_dice_of_its_own():
    plain, mirrored = (
        MarketModel("baseline", 3, traders=[Watcher.with_capital(1e4)], antithetic=half).traders[0]
        for half in (False, True)
    )
    assert [a + b for a, b in zip(plain.draw(1), mirrored.draw(1), strict=True)] == [WORD] * 4
    assert plain.rng.random(4).tolist() != mirrored.rng.random(4).tolist()
    assert plain.random.random() != mirrored.random.random()


def test_the_mean_of_a_pair_moves_less_than_the_mean_of_two():
    """What rises with the index: its own last value. The noise of the pair's mean is the curvature that is left."""
    scenario = load("baseline", ["steps=400"])
    last = np.array([[index_paths(scenario, seed, {}, half)[0, -1] for half in (False, True)] for seed in range(30)])
    last = last / 117_000_000.0
    of_two = last.var(axis=0, ddof=1).sum() / 4.0
    assert last.mean(axis=1).var(ddof=1) < of_two / 1000.0
