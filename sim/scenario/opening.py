"""What the integers of a new world mean, and what its reports are shares of."""

from fractions import Fraction
from typing import Protocol

import numpy as np

from sim.engine.session import Names, Opening
from sim.scenario.people import Crowd
from sim.scenario.records import Scenario
from sim.scenario.schedules import exact
from sim.strategies import LeveragedSpeculator
from sim.tables import World


class Draft(Protocol):
    """The parts of a world that is being put together."""

    scenario: Scenario
    atom: Fraction
    crowds: list[Crowd]

    @property
    def user_names(self) -> tuple[str, ...]:
        """Names of the traders written by the user."""


def names_of(draft: Draft) -> Names:
    """Names of rows and the size of ticks, lots and atoms."""
    scenario, contracts = draft.scenario, [draft.scenario.contract_of(i) for i in draft.scenario.instruments]
    return Names(
        instruments=tuple(i.name for i in scenario.instruments),
        populations=("institutions", *(p.name for p in scenario.populations), *draft.user_names),
        venues=tuple(scenario.venues),
        tick_size=tuple(c.tick_size for c in contracts),
        lot_size=tuple(c.lot_size for c in contracts),
        atom=float(draft.atom),
        tick_value_atoms=tuple(int(exact(c.tick_size) * exact(c.lot_size) / draft.atom) for c in contracts),
        population_of_trader=np.repeat(np.arange(len(draft.crowds)), [len(c.wallet) for c in draft.crowds]),
    )


def opening_of(draft: Draft, world: World) -> Opening:
    """Open interest, posted margin and fund at the start."""
    values = world.instruments["open_interest"] * world.instruments["last_price"] * world.instruments["tick_value"]
    posted = sum(
        float(crowd.wallet.sum())
        for crowd, record in zip(draft.crowds[1:], draft.scenario.populations, strict=False)
        if isinstance(record, LeveragedSpeculator)
    )
    return Opening(
        open_interest_lots=tuple(int(x) for x in world.instruments["open_interest"]),
        open_interest_value=float(values.sum()) * float(draft.atom),
        posted_margin=posted,
        fund_start=float(world.funds["start"].sum()) * float(draft.atom),
    )
