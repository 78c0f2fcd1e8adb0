"""Small worlds that play a hundred steps in well under a second."""

import pytest

from sim.model import MarketModel

SMALL = ["populations.speculators.count=200", "populations.noise.count=50", "populations.trend.count=20"]
STORM = [
    f"instruments.{name}.news.0.{dial}"
    for name in ("BTCUSDT", "ETHUSDT")
    for dial in ("start_step=20", "duration_steps=60", "size=-0.12")
]


@pytest.fixture
def make():
    """A function that makes a small model; `btc_2025_10_10` falls by 12 % in its second minute."""

    def build(scenario="baseline", *overrides, **keywords):
        fall = STORM if scenario == "btc_2025_10_10" else []
        return MarketModel(scenario, **{"seed": 3, "overrides": [*SMALL, *fall, *overrides], **keywords})

    return build
