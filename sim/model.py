"""The model: a Mesa model around the compiled step. `model.agents` are populations, institutions and your traders."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import mesa
import numpy as np
from numpy.typing import NDArray

from sim.agents.deciding import EVENTS_AN_ORDER, post_decisions
from sim.agents.institutions import InsuranceFund, LiquidationAgent
from sim.agents.numbering import let_models_go
from sim.agents.plugins import join_population
from sim.agents.populations import TraderPopulation
from sim.agents.readings import price_of
from sim.agents.strategy import STREAM_AGENTS, Seat, Strategy
from sim.agents.trader import Trader, TraderOffer, accounts_of, seated
from sim.agents.view import MarketView
from sim.engine.watch import Watch
from sim.scenario import Scenario, load
from sim.scenario.build import build_session
from sim.scenario.code import refuse_code
from sim.scenario.overrides import Overrides
from sim.strategies import PythonStrategy

SEED_MAX = 2**63 - 1
Found = TypeVar("Found")
let_models_go()


class MarketModel(mesa.Model):  # type: ignore[misc]
    """One run of a scenario. `advance(n)` plays many steps at once, `step()` one; both give the same bytes.

    scenario: a name, a file or a record; overrides: `["populations.makers.count=6"]`, or a mapping of such paths.
    traders: `[YourTrader.with_capital(1e6, leverage=5)]`; allow_code: the scenario may run the Python files that it
    names; watch: is told whose code runs; antithetic: the second run of a pair. Raises ScenarioError or ValueError.
    """

    def __init__(
        self,
        scenario: str | Path | Scenario = "baseline",
        seed: int | None = None,
        overrides: Overrides = (),
        traders: Iterable[TraderOffer] = (),
        allow_code: bool = False,
        watch: Watch | None = None,
        antithetic: bool = False,
    ) -> None:
        if isinstance(scenario, Scenario) and overrides:
            raise ValueError("overrides go with the name or file of a scenario, not with a record")
        config = scenario if isinstance(scenario, Scenario) else load(scenario, overrides)
        refuse_code(config, allow_code)
        chosen = config.seed if seed is None else seed
        if isinstance(chosen, bool) or not isinstance(chosen, int) or not 0 <= chosen <= SEED_MAX:
            raise ValueError(f"seed {chosen!r} is not allowed; 0 to {SEED_MAX} is")
        offers = tuple(traders)
        accounts = accounts_of(config, offers)
        # Draws of Mesa's own are not mirrored, as nobody knows what they are for; the two runs have others.
        super().__init__(rng=np.random.SeedSequence(chosen, spawn_key=(STREAM_AGENTS, *[1] * antithetic)))
        self.config = config
        self.session = build_session(config, chosen, accounts, antithetic=antithetic)
        world = self.session.world
        venues = self.session.names.venues
        self.populations = tuple(
            TraderPopulation(self, row, record.kind, record.venue) for row, record in enumerate(config.populations, 1)
        )
        self.liquidation_agents = tuple(LiquidationAgent(self, row) for row in range(len(venues)))
        self.funds = tuple(InsuranceFund(self, row) for row in range(len(venues)))
        self.watch = watch or Watch()
        self.news = world.events[:0].copy()  # events of the last step, for those who decide in Python
        self.traders: list[Any] = []
        for row, record in enumerate(config.populations, 1):
            if isinstance(record, PythonStrategy):
                self.traders += join_population(self, record, row)
        first = len(world.traders) - len(offers)
        for i, (offer, account) in enumerate(zip(offers, accounts, strict=True)):
            seat = Seat(account.name, account.venue, 1 + len(config.populations) + i, first + i)
            self.traders.append(seated(offer.kind, self, seat, offer.dials))

    @property
    def tick(self) -> int:
        """Steps played."""
        return self.session.tick

    @property
    def horizon(self) -> int:
        """Steps that the scenario has."""
        return self.session.horizon

    def step(self) -> None:
        """Let your traders decide, then play one compiled step. ValueError past the scenario's last step."""
        self.advance(1)

    def advance(self, n: int) -> None:
        """Play `n` steps: one compiled call without traders written in Python, step by step with them.

        Raises ValueError past the horizon or for an order that makes no sense (nothing of that step is played then),
        and InvariantError when a law of the model breaks.
        """
        if not self.traders or n < 0 or self.tick + n > self.horizon:
            self.session.advance(n)
        else:
            for _ in range(n):
                self._play_with_traders()
        self.running = self.tick < self.horizon

    def _play_with_traders(self) -> None:
        session, clock = self.session, self.session.world.clock
        posted = post_decisions(self)
        before = int(clock[0]["next_event"])
        usual = session.event_headroom
        session.event_headroom = min(usual + EVENTS_AN_ORDER * posted, len(session.world.events))
        session.advance(1)
        session.event_headroom = usual
        end = int(clock[0]["event_row"])
        self.news = session.world.events[end - (int(clock[0]["next_event"]) - before) : end].copy()

    def code_path(self, strategy: Strategy) -> str | None:
        """The file that a strategy of the scenario comes from; None for traders that were handed to the model."""
        row = strategy.seat.population - 1
        record = self.config.populations[row] if row < len(self.config.populations) else None
        return str(getattr(record.code, "path", "")) if isinstance(record, PythonStrategy) else None

    def view_of(self, trader: Trader) -> MarketView:
        """What a trader sees now: the market as the last step left it, and what became of its orders."""
        return MarketView(self.session, trader.row, self.news)

    def population(self, name: str) -> TraderPopulation:
        """The population of this name. KeyError when there is none."""
        return _named(self.populations, "name", name)

    def fund(self, venue: str | None = None) -> InsuranceFund:
        """The insurance fund of a venue; default: the first venue's."""
        return self.funds[0] if venue is None else _named(self.funds, "venue", venue)

    def liquidation_agent(self, venue: str | None = None) -> LiquidationAgent:
        """The liquidation agent of a venue; default: the first venue's."""
        return self.liquidation_agents[0] if venue is None else _named(self.liquidation_agents, "venue", venue)

    def last_price(self, instrument: str | None = None) -> float:
        """Price of the last fill in quote units; default: of the first instrument."""
        return price_of(self.session, self._row(instrument), "last_price")

    def mark_price(self, instrument: str | None = None) -> float:
        """Mark price in quote units."""
        return price_of(self.session, self._row(instrument), "mark_price")

    def index_price(self, instrument: str | None = None) -> float:
        """Index price in quote units."""
        return price_of(self.session, self._row(instrument), "index_price")

    def open_interest(self, instrument: str | None = None) -> float:
        """Open interest, one side, in base units."""
        k = self._row(instrument)
        return int(self.session.world.instruments[k]["open_interest"]) * self.session.names.lot_size[k]

    def digest(self) -> str:
        """SHA-256 of the integer state."""
        return self.session.digest()

    def take_steps(self) -> NDArray[Any]:
        """STEPS rows since the last call (integers); `sim.evidence.frames.steps_frame` makes a table of them."""
        return self.session.take_steps()

    def take_events(self) -> NDArray[Any]:
        """EVENTS rows since the last call (integers)."""
        return self.session.take_events()

    def _row(self, instrument: str | None) -> int:
        names = self.session.names.instruments
        if instrument is not None and instrument not in names:
            raise KeyError(f"no instrument {instrument!r}; known: {', '.join(names)}")
        return 0 if instrument is None else names.index(instrument)


def _named(agents: Sequence[Found], attribute: str, name: str) -> Found:
    known = {getattr(agent, attribute): agent for agent in agents}
    if name not in known:
        raise KeyError(f"no {attribute} {name!r}; known: {', '.join(known)}")
    return known[name]
