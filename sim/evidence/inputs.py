"""What evidence needs to know about a run besides its rows: names and units, the opening, and facts of the run."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class NamesLike(Protocol):
    """Names and units of a session; one entry an instrument unless said."""

    @property
    def instruments(self) -> tuple[str, ...]: ...
    @property
    def populations(self) -> tuple[str, ...]: ...
    @property
    def venues(self) -> tuple[str, ...]: ...
    @property
    def holders(self) -> tuple[str, ...]:
        """Who can win or lose: institutions one by one, then the populations."""

    @property
    def tick_size(self) -> tuple[float, ...]:
        """Quote units a tick."""

    @property
    def lot_size(self) -> tuple[float, ...]:
        """Base units a lot."""

    @property
    def atom(self) -> float:
        """Quote units an atom (one number for all instruments)."""

    @property
    def population_of_trader(self) -> NDArray[np.int64]: ...


class OpeningLike(Protocol):
    """The market at step 0, in quote units unless said."""

    @property
    def open_interest_value(self) -> float:
        """One-sided open interest at the start mark, all instruments together."""

    @property
    def posted_margin(self) -> float:
        """Collateral of the leveraged speculators."""

    @property
    def fund_start(self) -> float: ...


@dataclass(frozen=True)
class RunFacts:
    """What identifies a run and what the rows alone cannot tell. Steps and seconds; a venue row an instrument."""

    seed: int
    config_hash: str
    steps: int
    digest: str
    venue_of_instrument: tuple[int, ...]
    step_seconds: float = 1.0
    news_step: int | None = None
    fund_inexhaustible: bool = False

    def first_instruments(self) -> list[int]:
        """The first instrument of each venue: where rows that repeat their venue's figures are read once."""
        return [self.venue_of_instrument.index(venue) for venue in sorted(set(self.venue_of_instrument))]
