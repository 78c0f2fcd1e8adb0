"""The accounts of a new world, what its integers mean, and what its reports are shares of."""

from fractions import Fraction
from typing import Protocol

import numpy as np

from sim.engine.session import Names, Opening
from sim.rules.worth import units
from sim.scenario.contracts import tick_value
from sim.scenario.people import Crowd
from sim.scenario.records import Scenario
from sim.strategies import LeveragedSpeculator
from sim.tables import World
from sim.terms.vocabulary import NONE

LARGEST_BALANCE = 1 << 60


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
        tick_value_atoms=tuple(int(tick_value(c, draft.atom)) for c in contracts),
        population_of_trader=np.repeat(np.arange(len(draft.crowds)), [len(c.wallet) for c in draft.crowds]),
    )


def opening_of(draft: Draft, world: World) -> Opening:
    """Open interest, posted margin and fund at the start."""
    values = world.instruments["open_interest"] * abs(units(world.instruments, world.instruments["last_price"]))
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


def open_accounts(draft: Draft, world: World) -> None:
    """Balances: what each trader brings, less the cost of its positions, allotted where margin is isolated."""
    n, n_traders, clock = len(draft.scenario.instruments), int(world.clock[0]["n_traders"]), world.clock
    sizes = world.position_size.reshape(n, n_traders)
    world.position_size.reshape(n, n_traders)[:, 0] -= sizes.sum(axis=1)  # the outside world takes what is open
    entries = np.concatenate([c.entry_ticks for c in draft.crowds], axis=1)
    ticks = np.where(entries > 0, entries, world.instruments["last_price"][:, None])
    cost = sizes * units(world.instruments[:, None], ticks)
    world.entry_value[:] = cost.reshape(-1)
    wealth = np.concatenate([c.wallet for c in draft.crowds]) / float(draft.atom)
    wealth = np.minimum(np.rint(wealth), float(LARGEST_BALANCE)).astype(np.int64)
    weight = np.concatenate([c.weight for c in draft.crowds], axis=1)
    isolated = world.traders["isolated"] != 0
    reserve = np.zeros(n_traders)
    for p, record in enumerate(draft.scenario.populations, start=1):
        rows = world.traders["population"] == p
        reserve[rows] = draft.scenario.venues[record.venue].margin.isolated_reserve_share
    allotted = np.floor(wealth * (1.0 - reserve) * weight).astype(np.int64) * (isolated & (sizes != 0))
    balance = world.quote_balance.reshape(-1, n_traders)
    balance[1:] = np.where(isolated, allotted - cost, 0)[: len(balance) - 1]
    balance[0] = wealth - allotted.sum(axis=0) - np.where(isolated, 0, cost.sum(axis=0))
    world.instruments["open_interest"] = np.maximum(sizes, 0).sum(axis=1)
    world.positions["margin_rate"] = np.repeat(world.instruments["maintenance_rate"], n_traders)
    endow_funds(draft, world)
    clock[0]["net_deposits"] = int(world.quote_balance.sum())
    open_profits(world)


def endow_funds(draft: Draft, world: World) -> None:
    """Put the starting cash into each venue's insurance fund."""
    values = world.instruments["open_interest"] * abs(units(world.instruments, world.instruments["last_price"]))
    for v, venue in enumerate(draft.scenario.venues.values()):
        total = int(values[world.instruments["venue"] == v].sum())
        start = 0
        for layer in venue.waterfall:
            if layer.kind == "insurance_fund":
                start = round(layer.size / float(draft.atom))
                if layer.size_bp_of_open_interest is not None:
                    start = round(total * layer.size_bp_of_open_interest * 1e-4)
                if layer.inexhaustible:  # as good as: ten times the open interest, so nothing can reach it
                    start = max(start, 10 * total)
        fund = world.funds[v]
        for name in ("first_payment_step", "exhausted_step", "adl_first_step"):
            fund[name] = NONE
        fund["start"] = start
        world.quote_balance[int(world.venues[v]["fund"])] += start


def open_profits(world: World) -> None:
    """Equity and net positions of each holder at the start: profit counts from here."""
    n, n_traders = int(world.clock[0]["n_instruments"]), int(world.clock[0]["n_traders"])
    sizes = world.position_size.reshape(n, n_traders)
    each = units(world.instruments, world.instruments["mark_price"])
    equity = world.quote_balance.reshape(-1, n_traders).sum(axis=0) + (sizes * each[:, None]).sum(axis=0)
    population = world.traders["population"]
    holder = np.where(population == 0, np.arange(n_traders), 2 * int(world.clock[0]["n_venues"]) + population)
    rows = world.profits.reshape(-1, n)
    np.add.at(rows["start"][:, 0], holder, equity)
    for k in range(n):
        np.add.at(rows["net_lots"][:, k], holder, sizes[k])
