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
    def tick_size(self) -> tuple[float, ...]:
        """Quote units a tick."""
    @property
    def lot_size(self) -> tuple[float, ...]:
        """Base units a lot."""
    @property
    def atom(self) -> float:
        """Quote units an atom (one number for all instruments)."""
    @property
    def venue_of_instrument(self) -> tuple[int, ...]: ...
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
    """What identifies a run and what the rows alone cannot tell. Steps and seconds."""

    seed: int
    config_hash: str
    steps: int
    digest: str
    step_seconds: float = 1.0
    news_step: int | None = None
    fund_inexhaustible: bool = False


def venue_rows(names: NamesLike) -> list[int]:
    """The first instrument of each venue: where the rows that repeat a venue's figures are read once."""
    return [names.venue_of_instrument.index(v) for v in sorted(set(names.venue_of_instrument))]
