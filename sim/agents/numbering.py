"""Numbers of agents are counted in their model: mesa 3.3 counts them in its class, which keeps every model alive."""

import itertools
from typing import Any

import mesa

COUNTER = "_next_agent_number"


class NumbersInModels:
    """Stands where mesa keeps a counter for each model, and keeps it in the model."""

    def __getitem__(self, model: Any) -> "itertools.count[int]":
        """The counter of a model."""
        found: itertools.count[int] = model.__dict__.setdefault(COUNTER, itertools.count(1))
        return found


def let_models_go() -> None:
    """A model is freed with its last reference; nothing is done in versions of mesa without that table."""
    if isinstance(getattr(mesa.Agent, "_ids", None), dict):
        mesa.Agent._ids = NumbersInModels()
