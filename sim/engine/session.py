"""One run of one seed, without Mesa: the compiled step, its buffers, its opening and its digest."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from sim.engine.errors import InvariantError
from sim.engine.levels import liquidation_levels
from sim.engine.step import advance
from sim.tables import World
from sim.terms.vocabulary import LEVERAGED_SPECULATOR

EVENT_HEADROOM = 1 << 14  # rows kept free at the start of a step
LAST_EVENTS = 1_000


@dataclass(frozen=True)
class Names:
    """What the integers of a world mean: names, and the size of a tick, a lot and an atom in natural units."""

    instruments: tuple[str, ...]
    populations: tuple[str, ...]
    venues: tuple[str, ...]
    tick_size: tuple[float, ...]  # quote units
    lot_size: tuple[float, ...]  # base units
    atom: float  # quote units
    tick_value_atoms: tuple[int, ...]
    population_of_trader: np.ndarray  # (n_traders,) int64

    @property
    def holders(self) -> tuple[str, ...]:
        """Who can win or lose, in the order of the tables: institutions one by one, then the populations."""
        venues = (f"{venue} {kind}" for venue in self.venues for kind in ("treasury", "fund"))
        return ("outside world", *venues, *self.populations[1:])


@dataclass(frozen=True)
class Opening:
    """The world at the start, for everything that is reported as a share of it."""

    open_interest_lots: tuple[int, ...]
    open_interest_value: float  # quote units, all instruments
    posted_margin: float  # quote units, collateral of the leveraged speculators
    fund_start: float  # quote units


class Session:
    """A world being played. `advance` and the takers are all that a runner needs."""

    def __init__(
        self,
        world: World,
        names: Names,
        opening: Opening,
        config_hash: str,
        seed: int,
        event_headroom: int = EVENT_HEADROOM,
    ) -> None:
        self.world, self.names, self.opening = world, names, opening
        self.config_hash, self.seed, self.event_headroom = config_hash, seed, event_headroom
        self._taken_steps: list[np.ndarray] = []
        self._taken_events: list[np.ndarray] = []
        self._taken_profit_steps: list[np.ndarray] = []
        self._last_events = world.events[:0].copy()

    @property
    def tick(self) -> int:
        """Steps played."""
        return int(self.world.clock[0]["step"]) + 1

    @property
    def antithetic(self) -> bool:
        """Whether this is the second run of an antithetic pair."""
        return bool(self.world.clock[0]["antithetic_mask"])

    @property
    def horizon(self) -> int:
        """Steps for which there is an index path."""
        return int(self.world.clock[0]["horizon"])

    def advance(self, n: int) -> None:
        """Play `n` steps; ValueError past the horizon, InvariantError when a law of the model breaks."""
        if n < 0 or self.tick + n > self.horizon:
            left = self.horizon - self.tick
            raise ValueError(
                f"cannot advance by {n} steps: {left} are left of the scenario's {self.horizon}; raise `steps`"
            )
        while n > 0:
            played = int(advance(self.world, n, self.event_headroom))
            error = int(self.world.clock[0]["error"])
            if error:
                self._flush()
                raise InvariantError(error, int(self.world.clock[0]["error_step"]), self.seed, self.config_hash)
            n -= played
            if n > 0:
                self._flush()

    def _flush(self) -> None:
        clock = self.world.clock
        self._taken_steps.append(self.world.steps[: int(clock[0]["step_row"])].copy())
        events = self.world.events[: int(clock[0]["event_row"])].copy()
        self._taken_events.append(events)
        self._last_events = np.concatenate([self._last_events, events[-LAST_EVENTS:]])[-LAST_EVENTS:]
        self._taken_profit_steps.append(self.world.profit_steps[: int(clock[0]["profit_step_row"])].copy())
        clock[0]["step_row"] = 0
        clock[0]["event_row"] = 0
        clock[0]["profit_step_row"] = 0

    def take_steps(self) -> np.ndarray:
        """STEPS rows recorded since the last call, one a step and instrument."""
        self._flush()
        rows, self._taken_steps = self._taken_steps, []
        return np.concatenate(rows)

    def take_events(self) -> np.ndarray:
        """EVENTS rows since the last call; ids are consecutive over the whole run."""
        self._flush()
        rows, self._taken_events = self._taken_events, []
        return np.concatenate(rows)

    def take_profit_steps(self) -> np.ndarray:
        """PROFIT_STEPS rows recorded since the last call, one a sample and holder."""
        self._flush()
        rows, self._taken_profit_steps = self._taken_profit_steps, []
        return np.concatenate(rows)

    def last_events(self) -> np.ndarray:
        """The last 1,000 EVENTS rows, for a failure report."""
        self._flush()
        return self._last_events

    def digest(self) -> str:
        """SHA-256 of the integer state: balances, positions, the resting book and the prices."""
        world, digest = self.world, sha256()
        for column in (world.quote_balance, world.position_size, world.entry_value):
            digest.update(np.ascontiguousarray(column).tobytes())
        if world.legs.size:
            digest.update(np.ascontiguousarray(world.legs).tobytes())
        for name in ("best_bid", "best_ask", "last_price", "mark_price", "index_price", "open_interest"):
            digest.update(np.ascontiguousarray(world.instruments[name]).tobytes())
        for name in ("head", "tail", "quantity"):
            digest.update(np.ascontiguousarray(world.levels[name]).tobytes())
        live = world.orders["sequence"] >= 0
        for name in ("price", "size", "side", "owner", "sequence"):
            digest.update(np.ascontiguousarray(world.orders[name][live]).tobytes())
        return digest.hexdigest()

    def liquidation_levels(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Per instrument (liquidation price, signed notional), quote units, of the leveraged speculators' positions."""
        world = self.world
        rows = [p for p in range(world.populations.shape[0]) if world.populations[p]["kind"] == LEVERAGED_SPECULATOR]
        traders = np.flatnonzero(np.isin(self.names.population_of_trader, rows))
        return [
            liquidation_levels(world, k, traders, self.names.tick_size[k], self.names.atom)
            for k in range(len(self.names.instruments))
        ]
