"""Small worlds that play a hundred steps in well under a second."""

import pytest

from sim.model import MarketModel

SMALL = ["populations.speculators.count=200", "populations.noise.count=50", "populations.trend.count=20"]
STORM = ["instruments.BTCUSDT.news.0.start_step=20", "instruments.BTCUSDT.news.0.duration_steps=30"]


@pytest.fixture
def make():
    """A function that makes a small model; further overrides and keywords as for MarketModel."""

    def build(scenario="baseline", *overrides, **keywords):
        return MarketModel(scenario, **{"seed": 3, "overrides": [*SMALL, *overrides], **keywords})

    return build
