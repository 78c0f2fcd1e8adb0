"""A model is freed with its last reference, and its agents are numbered from one."""

import gc
import weakref

import mesa

from sim.model import MarketModel

SMALL = ["populations.speculators.count=20"]


def test_a_model_that_nobody_holds_is_freed():
    model = MarketModel("baseline", seed=1, overrides=SMALL)
    model.advance(1)
    watched = weakref.ref(model)
    del model
    gc.collect()
    assert watched() is None


def test_agents_of_each_model_are_numbered_from_one_and_so_are_those_added_later():
    for _ in range(2):
        model = MarketModel("baseline", seed=1, overrides=SMALL)
        numbers = [agent.unique_id for agent in model.agents]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        assert mesa.Agent(model).unique_id == len(numbers) + 1
