"""A trader in Python meets the same market with the JIT on and off."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORLD = """
from sim.agents import Order, Trader
from sim.model import MarketModel


class Script(Trader):
    def decide(self, view):
        btc = view["BTCUSDT"]
        if view.step == 1:
            return [Order.buy("BTCUSDT", 0.3), Order.sell("BTCUSDT", 0.1, stop=100_000)]
        if view.step == 3:
            return [Order.sell("BTCUSDT", 0.1, price=btc.last_price * 1.01), Order.buy("ETHUSDT", 1e4)]
        if view.step == 4:
            assert view["ETHUSDT"].rejected == ("margin",) and len(btc.stops) == 1
            return [Order.cancel(order.order_id) for order in btc.open_orders]


people = {"speculators": 50, "trend": 5, "noise": 20, "basis": 10, "makers": 2}
dials = [f"populations.{name}.count={count}" for name, count in people.items()]
dials += ["instruments.BTCUSDT.tick_size=10", "instruments.BTCUSDT.price_levels=16384"]
model = MarketModel("baseline", seed=1, overrides=dials, traders=[Script.with_capital(1e6, leverage=5)])
model.advance(8)
print(model.digest(), model.traders[0].positions, model.fund().equity, model.population("speculators").equity)
"""


def _played(jit_off):
    environment = {**os.environ, "NUMBA_DISABLE_JIT": jit_off, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", WORLD], capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_traders_and_readings_are_the_same_with_and_without_jit():
    compiled = _played("0")
    assert "'BTCUSDT': 0.3" in compiled
    assert _played("1") == compiled
