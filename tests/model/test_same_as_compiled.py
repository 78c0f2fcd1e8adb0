"""A built-in strategy written as a plug-in plays the same world, bit for bit."""

from pathlib import Path

import numpy as np
import pytest

from sim import streams
from sim.agents import chance
from sim.model import MarketModel

NAMES = ("BTCUSDT", "ETHUSDT")
HERE = Path(__file__).parent
SCENARIO = """
from: baseline.yaml
name: twin
steps: 400
populations:
  - {{name: speculators, count: 300}}
  - {{name: trend, count: 20}}
  - {noise}
"""
COMPILED = "{kind: noise_trader, name: noise, venue: binance, count: 60, capital: 1.0e+7, size_sigma: 2.3}"
PLUGIN = (
    "{kind: python, name: noise, venue: binance, margin_scope: cross, file: noise.py, strategy: Noise, count: 60, "
    "capital: 1.0e+7, leverage: 20, dials: {size_sigma: 2.3}}"
)


def _model(folder, noise, seed, overrides=()):
    (folder / "noise.py").write_text((HERE / "plugins" / "noise.py").read_text())
    file = folder / f"twin_{len(list(folder.iterdir()))}.yaml"
    file.write_text(SCENARIO.format(noise=noise))
    return MarketModel(file, seed, overrides, allow_code=True)


FALL = {f"instruments.{name}.news": [{"start_step": 100, "duration_steps": 60, "size": -0.12}] for name in NAMES}


@pytest.mark.parametrize("overrides", [{}, FALL], ids=["calm", "fall"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_noise_trader_in_python_plays_the_bytes_of_the_compiled_one(tmp_path, overrides, seed):
    compiled, plugin = (_model(tmp_path, noise, seed, overrides) for noise in (COMPILED, PLUGIN))
    for _ in range(4):
        compiled.advance(100)
        plugin.advance(100)
        assert plugin.digest() == compiled.digest()
    assert [t.name for t in plugin.traders] == ["noise"] and not compiled.traders
    assert np.array_equal(plugin.take_steps(), compiled.take_steps())
    rows = plugin.population("noise").positions["BTCUSDT"]
    assert (plugin.liquidation_agent().liquidated_notional > 0.0) == bool(overrides)
    assert len(rows) == 60 and np.count_nonzero(rows) > 30


@pytest.mark.parametrize("dial", ["slippage: 0.00001", "size_sigma: 2.2", "orders_per_s: 15.01"])
def test_another_dial_of_it_is_another_world(tmp_path, dial):
    compiled = _model(tmp_path, COMPILED, 1)
    plugin = _model(tmp_path, PLUGIN.replace("size_sigma: 2.3", dial), 1)
    compiled.advance(100)
    plugin.advance(100)
    assert plugin.digest() != compiled.digest()


def test_chance_in_python_is_that_of_the_kernels():
    words = [0, 1, 2**31, 2**32 - 1, *np.random.default_rng(1).integers(0, 2**32, 200).tolist()]
    for a, b in zip(words, reversed(words), strict=True):
        assert chance.uniform(a) == streams.uniform(a)
        assert [chance.below(a, n) for n in (1, 7, 10**6)] == [streams.below(a, n) for n in (1, 7, 10**6)]
        assert chance.normal(a, b) == streams.normal(a, b)
