"""The base of what a user writes in plain Python: a Strategy decides for all rows of its population."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING

import mesa
import numpy as np

from sim.agents.chance import Words, own_generator
from sim.agents.orders import Order
from sim.agents.readings import Profit, profit_of
from sim.agents.view import PopulationView
from sim.engine.posting import draw_words
from sim.terms.vocabulary import DRAW_ORDER

if TYPE_CHECKING:
    from sim.model import MarketModel

STREAM_AGENTS = 4  # spawn key of the generators of Mesa agents


@dataclass(frozen=True)
class Seat:
    """Where a strategy sits: its population's name, venue and row, and which of its traders it decides for."""

    name: str
    venue: str
    population: int
    row: int  # of its first trader
    count: int = 1
    place: int | None = None  # of a Trader in a population of a scenario; None: it has all of it


class Strategy(mesa.Agent):  # type: ignore[misc]
    """Subclass it and write `decide(view)`: orders for all traders of one population, `Order.buy(..., trader=3)`.

    State of its own lives in attributes; `start` is called once they hold the dials. For randomness use `self.rng`
    or `self.random`, which belong to this strategy alone, or `self.draw`, whose words have an address.
    """

    model: "MarketModel"

    def __init__(self, model: "MarketModel", seat: Seat) -> None:
        super().__init__(model)
        self.seat = seat

    @property
    def name(self) -> str:
        """The name of its population in results."""
        return self.seat.name

    @property
    def row(self) -> int:
        """Row of its first trader in the tables."""
        return self.seat.row

    def start(self) -> None:
        """Called once, before the first step, when the dials are set."""

    def decide(self, view: PopulationView) -> Iterable[Order] | Order | None:
        """Orders for the step that is about to be played, returned or yielded; None for no order."""
        return None

    def view(self) -> PopulationView:
        """What it would see if it had to decide now."""
        return PopulationView(self.model.session, self.seat.population, self.model.news)

    @property
    def profit(self) -> Profit:
        """What its population has won since the start, by part: price, spread, funding, fees, liquidation."""
        return profit_of(self.model.session, self.seat.population)

    @property
    def rng(self) -> np.random.Generator:
        """Its own numpy generator, from the run's seed, its population's name and its place there."""
        return self._own_rng

    @property
    def random(self) -> Random:
        """Its own generator of the standard library, addressed like `rng`."""
        return self._own_random

    @cached_property
    def _own_rng(self) -> np.random.Generator:
        return own_generator(self.model.session, STREAM_AGENTS, self.name, 2 * (self.seat.place or 0))

    @cached_property
    def _own_random(self) -> Random:
        source = own_generator(self.model.session, STREAM_AGENTS, self.name, 2 * (self.seat.place or 0) + 1)
        return Random(int.from_bytes(source.bytes(32), "little"))

    def draw(self, event: int = 0, purpose: int = DRAW_ORDER) -> Words:
        """Four words from 0 to 2**32 - 1 at an address: run, population, this step, event, purpose.

        The same address gives the same words, whoever else draws; sim.agents.chance makes numbers of them.
        """
        words: Words = draw_words(self.model.session.world, self.seat.population, int(event), int(purpose))  # type: ignore[no-untyped-call]
        return words

    def __repr__(self) -> str:
        return f"<{self.name}: {type(self).__name__} on {self.seat.venue}>"
