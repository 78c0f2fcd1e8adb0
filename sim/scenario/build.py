"""From records to tables: a scenario and a seed become a `Session` that is ready to play."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sim.engine.seeding import seed_book
from sim.engine.session import EVENT_HEADROOM, Session
from sim.scenario.call_dials import call_events, call_tables, has_calls
from sim.scenario.contracts import value_of_lot
from sim.scenario.dials import Desk, fill_population, fill_venue, population_quotes
from sim.scenario.dynamics_dials import fill_dynamics
from sim.scenario.empty_tables import empty_book, unchecked_accounts
from sim.scenario.flow_dials import flow_distances
from sim.scenario.instruments import fill_instruments
from sim.scenario.opening import LARGEST_BALANCE, names_of, open_accounts, opening_of
from sim.scenario.paths import index_paths
from sim.scenario.people import (
    Crowd,
    basis_rows,
    buyer_rows,
    idle_crowd,
    idle_rows,
    signal_rows,
    speculators,
    trend_rows,
)
from sim.scenario.records import Scenario
from sim.scenario.schedules import atom_of, rate_scale_of
from sim.scenario.switch_dials import switch_events, switch_rows
from sim.scenario.unit_field import unit_field
from sim.strategies import BasisTrader, LeveragedSpeculator, LiquidationBuyer, SignalTrader, TrendFollower
from sim.streams import WORD, Dice, run_key, stream_of
from sim.tables import World, layout
from sim.terms.vocabulary import INSTITUTION, NONE, STATIC_BOOK, USER_TRADER

FEE_SCALE = 1_000_000
EVENT_ROWS = 1 << 17
QUEUE_ROWS = 1 << 14
CASE_ROWS = 1 << 15
STOP_ROWS = 1 << 12
RANKING_ROWS = 1 << 14
FILL_ROWS = 256
INBOX_ROWS_MIN = 1 << 13
ORDER_ROWS_MIN = 1 << 15


@dataclass(frozen=True)
class UserTrader:
    """A row for a trader written by the user: where it trades, its money (quote) and its chosen leverage."""

    name: str
    venue: str
    capital: float
    leverage: float = 1.0


def build_session(
    scenario: Scenario,
    seed: int | None = None,
    user_traders: Sequence[UserTrader] = (),
    event_rows: int = EVENT_ROWS,
    antithetic: bool = False,
) -> Session:
    """Draw the world of one seed and seed its book. Same scenario and seed: same bytes.

    antithetic: the second run of a pair, in which every draw is the mirror image of the first run's and has its law.
    """
    seed = scenario.seed if seed is None else seed
    draft = _Draft(scenario, Dice(seed, antithetic), user_traders)
    world = draft.tables(event_rows)
    seed_book(world)
    return Session(world, names_of(draft), opening_of(draft, world), scenario.config_hash, seed, draft.event_headroom)


class _Draft:
    """The parts of a world while it is being put together."""

    def __init__(self, scenario: Scenario, dice: Dice, user_traders: Sequence[UserTrader]) -> None:
        self.scenario, self.dice, self.user_traders = scenario, dice, tuple(user_traders)
        venues = list(scenario.venues)
        # Each venue's instruments must lie together; within a venue the order of the file is kept.
        order = sorted(range(len(scenario.instruments)), key=lambda k: venues.index(scenario.instruments[k].venue))
        if order != list(range(len(order))):
            self.scenario = scenario.model_copy(update={"instruments": tuple(scenario.instruments[k] for k in order)})
        self.atom: Fraction = atom_of(scenario)
        self.rate_scale = rate_scale_of(scenario)
        self.crowds: list[Crowd] = []
        self._draw_people()
        self.first_trader = np.concatenate([[0], np.cumsum([len(c.wallet) for c in self.crowds])])

    @property
    def user_names(self) -> tuple[str, ...]:
        """Names of the traders written by the user."""
        return tuple(user.name for user in self.user_traders)

    @property
    def inbox_rows(self) -> int:
        """Rows for three times the orders that a step brings on average, and never few."""
        return max(3 * int(self.scenario.orders_per_step()), INBOX_ROWS_MIN)

    @property
    def event_headroom(self) -> int:
        """Event rows that must be free when a step begins; an order may write a dozen where they are recorded."""
        recorded = int(self.scenario.record.order_events)
        extra = call_events(self.scenario) + switch_events(self.scenario)
        return extra + max(EVENT_HEADROOM, recorded * 12 * int(self.scenario.orders_per_step()))

    @property
    def n_traders(self) -> int:
        return int(self.first_trader[-1])

    @property
    def n_holders(self) -> int:
        """Those whose profit is split: institutions one by one, and the populations."""
        return 2 * len(self.scenario.venues) + len(self.crowds)

    def _draw_people(self) -> None:
        scenario, n = self.scenario, len(self.scenario.instruments)
        self.crowds = [idle_crowd(scenario, 1 + 2 * len(scenario.venues), 0.0, 1.0)]
        net = np.zeros(n, np.int64)
        drawn: dict[int, Crowd] = {}
        for p, record in enumerate(scenario.populations, start=1):
            if isinstance(record, LeveragedSpeculator):
                if record.unit_field_density is not None:
                    drawn[p] = unit_field(scenario, record, record.unit_field_density, self.dice)
                else:
                    drawn[p] = speculators(scenario, record, self.dice)
                net += drawn[p].lots.sum(axis=1)
        for p, record in enumerate(scenario.populations, start=1):
            if isinstance(record, BasisTrader):
                drawn[p] = basis_rows(scenario, record, self.dice, net)
                net += drawn[p].lots.sum(axis=1)
        # The outside world holds the rest, so what is open is the larger of the two sides.
        longs, shorts = (sum((np.maximum(s * c.lots, 0).sum(axis=1) for c in drawn.values()), net * 0) for s in (1, -1))
        opened = np.maximum(longs, shorts)
        units = [value_of_lot(scenario, i) for i in scenario.instruments]
        self.net_lots = net
        for p, record in enumerate(scenario.populations, start=1):
            if isinstance(record, TrendFollower):
                drawn[p] = trend_rows(scenario, record, self.dice, opened * np.array(units))
            elif isinstance(record, LiquidationBuyer):
                drawn[p] = buyer_rows(scenario, record, self.dice, opened * np.array(units))
            elif isinstance(record, SignalTrader):
                drawn[p] = signal_rows(scenario, record, self.dice)
            elif not isinstance(record, LeveragedSpeculator | BasisTrader):
                drawn[p] = idle_rows(scenario, record)
            self.crowds.append(drawn[p])
        self.crowds += [idle_crowd(scenario, 1, u.capital, u.leverage) for u in self.user_traders]

    def tables(self, event_rows: int) -> World:
        """Every table of the world, before the book is seeded."""
        scenario = self.scenario
        n, n_traders = len(scenario.instruments), self.n_traders
        instruments, tiers = fill_instruments(scenario, self.atom, self.rate_scale)
        populations, desks, quotes = self._populations(instruments)
        # Isolated accounts exist only where somebody can have one: cross worlds need a third of the memory.
        traders, switches = self._traders(), switch_rows(scenario, populations)
        accounts = n_traders * (1 + n) if traders["isolated"].any() or scenario.switches else n_traders
        windows = [int(populations[name].max(initial=1)) for name in ("window_steps", "panic_steps")]
        window = max(*windows, 1) + 1
        samples = int(instruments["mark_window"].max())
        static = 2 * n * int(populations["n_levels"][populations["kind"] == STATIC_BOOK].sum())
        n_orders = max(4 * len(quotes) + static, ORDER_ROWS_MIN)
        every = scenario.record.evaluation_every_steps
        points = {i.name: [(float(s), p) for s, p in i.index.points] for i in scenario.instruments if i.index.points}
        n_levels, n_stops = int(instruments["n_levels"].sum()), self._stop_rows(populations)
        world = World(
            **empty_book(n_levels, n_orders, n_stops, n * n_traders),
            **unchecked_accounts(accounts),
            clock=self._clock(),
            venues=self._venues(instruments),
            funds=np.zeros(len(scenario.venues), layout.FUNDS),
            instruments=instruments,
            tiers=tiers,
            **fill_dynamics(scenario, instruments, tiers, self.atom, self.rate_scale),
            populations=populations,
            desks=desks,
            market_view=np.zeros(n, layout.VIEW),
            traders=traders,
            switches=switches,
            legs=np.zeros(n * n_traders if populations["hedged"].any() else 0, layout.LEGS),
            position_size=np.concatenate([c.lots for c in self.crowds], axis=1).reshape(-1).astype(np.int64),
            entry_value=np.zeros(n * n_traders, np.int64),
            quote_balance=np.zeros(accounts, np.int64),
            account_case=np.full(accounts, NONE, np.int64),
            cases=np.zeros(CASE_ROWS, layout.CASES),
            **call_tables(scenario, accounts),
            sales=np.zeros(CASE_ROWS * n, layout.SALES),
            inbox=np.zeros(max(2 * len(quotes), self.inbox_rows), layout.INBOX),
            fills=np.zeros(FILL_ROWS, layout.FILLS),
            quotes=quotes,
            distances=flow_distances(scenario.populations, populations),
            queue=np.zeros((2, max(QUEUE_ROWS, accounts * has_calls(scenario))), np.int64),
            ranking=np.zeros((n, min(n_traders, RANKING_ROWS)), np.int64),
            index_path=index_paths(scenario, self.dice.seed, points, self.dice.antithetic),
            basis_samples=np.zeros((n, samples), np.int64),
            mids=np.zeros((n, window)),
            events=np.zeros(max(event_rows, 4 * self.event_headroom), layout.EVENTS),
            profits=np.zeros(self.n_holders * n, layout.PROFITS),
            profit_steps=np.zeros(self.n_holders * min(scenario.steps // every + 2, 4_096), layout.PROFIT_STEPS),
            steps=np.zeros(max((scenario.steps + 1) * n, n) if scenario.steps <= 20_000 else 20_000 * n, layout.STEPS),
        )
        open_accounts(self, world)
        return world

    def _stop_rows(self, populations: np.ndarray) -> int:
        """Room for a stop of every user of stops in every instrument, and for those of user-written traders.

        Users are drawn: eight standard deviations above their mean number, at most everybody.
        """
        expected = populations["n_traders"] * populations["stop_share"]
        users = np.minimum(np.ceil(expected + 8.0 * np.sqrt(expected)), populations["n_traders"])
        return STOP_ROWS + int(users.sum()) * len(self.scenario.instruments)

    @property
    def _record_orders(self) -> int:
        """All order events, or those of traders in Python alone, or none: see `emit`."""
        own = self.user_traders or any(record.kind == "python" for record in self.scenario.populations)
        return 1 if self.scenario.record.order_events else NONE if own else 0

    def _clock(self) -> np.ndarray:
        scenario, clock = self.scenario, np.zeros(1, layout.CLOCK)
        low, high = run_key(self.dice.seed)
        values = {
            "step": -1, "horizon": scenario.steps, "run_key_low": low, "run_key_high": high,
            "antithetic_mask": WORD if self.dice.antithetic else 0,
            "mirror": int(scenario.mirror), "arithmetic": int(scenario.prices == "arithmetic"),
            "n_traders": self.n_traders, "n_instruments": len(scenario.instruments), "n_venues": len(scenario.venues),
            "rate_scale": self.rate_scale, "fee_scale": FEE_SCALE,
            "record_orders": self._record_orders, "audit_every": scenario.record.audit_every_steps,
            "depth_every": scenario.record.depth_every_steps, "outside_trader": 0,
            "evaluation_every": scenario.record.evaluation_every_steps,
            "calls": int(has_calls(scenario)),
            "margin_check": int(scenario.margin_check == "brute_force"), "atoms_per_quote": round(1 / self.atom),
        }  # fmt: skip
        for name, value in values.items():
            clock[0][name] = value
        return clock

    def _venues(self, instruments: np.ndarray) -> np.ndarray:
        table = np.zeros(len(self.scenario.venues), layout.VENUES)
        for v, venue in enumerate(self.scenario.venues.values()):
            listed = np.flatnonzero(instruments["venue"] == v)
            fill_venue(table[v], venue, self.atom, FEE_SCALE)
            table[v]["first_instrument"] = listed[0] if len(listed) else 0
            table[v]["n_instruments"] = len(listed)
            table[v]["treasury"], table[v]["fund"] = 1 + 2 * v, 2 + 2 * v
        return table

    def _populations(self, instruments: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        scenario, venues = self.scenario, list(self.scenario.venues)
        n = len(scenario.instruments)
        table = np.zeros(len(self.crowds), layout.POPULATIONS)
        desks = np.zeros(len(table) * n, layout.DESKS)
        quotes: list[np.ndarray] = []
        for p in range(len(table)):
            table[p]["first_trader"] = self.first_trader[p]
            table[p]["n_traders"] = self.first_trader[p + 1] - self.first_trader[p]
        table[0]["kind"], table[0]["exempt"] = INSTITUTION, 1
        names = ["institutions", *(record.name for record in scenario.populations), *self.user_names]
        table["stream"] = [stream_of(name) for name in names]
        for p, record in enumerate(scenario.populations, start=1):
            table[p]["venue"] = venues.index(record.venue)
            hedged = scenario.venues[record.venue].margin.hedge_mode and scenario.scope_of(record) != "isolated"
            table[p]["hedged"] = int(hedged)
            fill_population(table[p], record, scenario)
            table[p]["recorded"] = int(record.kind == "python")
            table[p]["first_quote"] = sum(map(len, quotes))
            for k, instrument in enumerate(scenario.instruments):
                if instrument.venue == record.venue:
                    desk = Desk(scenario, instrument, instruments[k], self.atom)
                    desk.fill(desks[p * n + k], record, table[p])
                    quotes.append(population_quotes(record, table[p], p, k, desk))
        for u, user in enumerate(self.user_traders, start=1 + len(scenario.populations)):
            table[u]["kind"], table[u]["venue"] = USER_TRADER, venues.index(user.venue)
            table[u]["hedged"] = int(scenario.venues[user.venue].margin.hedge_mode)
            table[u]["recorded"] = 1
            for k, instrument in enumerate(scenario.instruments):
                if instrument.venue == user.venue:
                    desks[u * n + k]["scale"] = Desk(scenario, instrument, instruments[k], self.atom).scale
        return table, desks, np.concatenate(quotes) if quotes else np.zeros(0, layout.QUOTES)

    def _traders(self) -> np.ndarray:
        table = np.zeros(self.n_traders, layout.TRADERS)
        table["population"] = np.repeat(np.arange(len(self.crowds)), [len(c.wallet) for c in self.crowds])
        leverage = np.concatenate([c.leverage for c in self.crowds])
        table["initial_rate"] = np.ceil(self.rate_scale / np.maximum(leverage, 1e-9)).astype(np.int64)
        scopes = [0, *(int(self.scenario.scope_of(record) == "isolated") for record in self.scenario.populations)]
        scopes += [int(self.scenario.venues[user.venue].margin.scope == "isolated") for user in self.user_traders]
        table["isolated"] = np.array(scopes)[table["population"]]
        for p, record in enumerate(self.scenario.populations, start=1):
            reactions = getattr(record, "reactions", None)
            if reactions is not None:
                wealth = reactions.outside_wealth * self.crowds[p].wallet / float(self.atom)
                table["outside_wealth"][table["population"] == p] = np.minimum(wealth, float(LARGEST_BALANCE))
        return table
