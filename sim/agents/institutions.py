"""A venue's institutions as Mesa agents: who liquidates, and who pays. All money in quote units."""

from typing import TYPE_CHECKING

import mesa
import numpy as np

from sim.agents.readings import open_cases, step_or_none, traders_of_accounts
from sim.rules.worth import units

if TYPE_CHECKING:
    from sim.model import MarketModel


class LiquidationAgent(mesa.Agent):  # type: ignore[misc]
    """Sells breached accounts of one venue off; phase 8 of the step is what it does."""

    model: "MarketModel"

    def __init__(self, model: "MarketModel", row: int) -> None:
        super().__init__(model)
        self.row, self.venue = row, model.session.names.venues[row]

    @property
    def pending_accounts(self) -> int:
        """Margin accounts in breach that are not closed yet."""
        world = self.model.session.world
        owners = traders_of_accounts(self.model.session, open_cases(self.model.session)["account"])
        return int((world.populations["venue"][world.traders["population"][owners]] == self.row).sum())

    @property
    def oldest_pending_steps(self) -> int:
        """For how many steps the oldest of them has been in breach; 0 without any."""
        world, cases = self.model.session.world, open_cases(self.model.session)
        owners = traders_of_accounts(self.model.session, cases["account"])
        own = world.populations["venue"][world.traders["population"][owners]] == self.row
        return int(self.model.tick - cases["step"][own].min()) if own.any() else 0

    @property
    def liquidated_notional(self) -> float:
        """Notional closed by force so far, at mark."""
        return self.liquidated_longs + self.liquidated_shorts

    @property
    def liquidated_longs(self) -> float:
        """Notional of longs closed by force so far."""
        return self._sum("liquidated_long")

    @property
    def liquidated_shorts(self) -> float:
        """Notional of shorts closed by force so far."""
        return self._sum("liquidated_short")

    def _sum(self, column: str) -> float:
        rows = self.model.session.world.instruments
        return float(sum(rows[column][rows["venue"] == self.row].tolist()) * self.model.session.names.atom)

    def __repr__(self) -> str:
        return f"<liquidation agent of {self.venue}: {self.pending_accounts} accounts pending>"


class InsuranceFund(mesa.Agent):  # type: ignore[misc]
    """The fund of one venue: what it has, what it holds and what it has paid."""

    model: "MarketModel"

    def __init__(self, model: "MarketModel", row: int) -> None:
        super().__init__(model)
        self.row, self.venue = row, model.session.names.venues[row]
        self.trader = int(model.session.world.venues[row]["fund"])
        world = model.session.world
        self._rows = np.flatnonzero(world.instruments["venue"] == row)

    def _quote(self, column: str) -> float:
        return int(self.model.session.world.funds[self.row][column]) * self.model.session.names.atom

    def _positions(self) -> list[tuple[int, int, int]]:
        """(size in lots, entry value, value at mark in atoms) of what was taken over, by instrument of the venue."""
        world = self.model.session.world
        rows = self._rows * int(world.clock[0]["n_traders"]) + self.trader
        each = units(world.instruments, world.instruments["mark_price"])[self._rows]
        lots = world.position_size[rows]
        return list(zip(lots.tolist(), world.entry_value[rows].tolist(), (lots * each).tolist(), strict=True))

    @property
    def start(self) -> float:
        """Cash at step 0."""
        return self._quote("start")

    @property
    def cash(self) -> float:
        """Money with the inventory at cost; never below zero."""
        entry = sum(entry for _, entry, _ in self._positions())
        return (int(self.model.session.world.quote_balance[self.trader]) + entry) * self.model.session.names.atom

    @property
    def balance(self) -> float:
        """The same as cash: money without unrealised results."""
        return self.cash

    @property
    def equity(self) -> float:
        """Money with the inventory at mark."""
        value = sum(value for _, _, value in self._positions())
        return (int(self.model.session.world.quote_balance[self.trader]) + value) * self.model.session.names.atom

    @property
    def largest_need(self) -> float:
        """The smallest start with which equity after a stressed close-out would never have been below zero."""
        return self._quote("need_max")

    @property
    def net_drain(self) -> float:
        """Start minus equity; below zero when fees and surplus exceed what was paid."""
        return self.start - self.equity

    @property
    def inventory(self) -> dict[str, float]:
        """Signed base units taken over and not yet worked off, by instrument."""
        names = self.model.session.names
        held = zip(self._rows.tolist(), self._positions(), strict=True)
        return {names.instruments[k]: lots * names.lot_size[k] for k, (lots, _, _) in held}

    @property
    def open_interest(self) -> float:
        """Notional of the inventory at mark."""
        return sum(abs(value) for _, _, value in self._positions()) * self.model.session.names.atom

    @property
    def fees(self) -> float:
        """Liquidation fees received so far."""
        return self._quote("fees")

    @property
    def surplus(self) -> float:
        """What closing inventory has won so far against its bankruptcy price."""
        return self._quote("surplus")

    @property
    def inventory_losses(self) -> float:
        """What closing inventory has lost so far against its bankruptcy price."""
        return self._quote("inventory_losses")

    @property
    def shortfalls_presented(self) -> float:
        """Losses beyond equity that accounts have left so far."""
        return self._quote("shortfalls_presented")

    @property
    def shortfalls_paid(self) -> float:
        """What the fund has paid of them."""
        return self._quote("shortfalls_paid")

    @property
    def uncovered(self) -> float:
        """What nobody in the waterfall could pay; the venue's own capital stands in."""
        return self._quote("uncovered")

    @property
    def auto_deleveraged_notional(self) -> float:
        """Notional passed on to ranked opposite positions, at mark."""
        return self._quote("adl_notional")

    @property
    def first_payment_step(self) -> int | None:
        """When its own money was first used; None if never."""
        return step_or_none(self.model.session.world.funds[self.row]["first_payment_step"])

    @property
    def exhausted_step(self) -> int | None:
        """When it first could not take all that it was offered; None if never."""
        return step_or_none(self.model.session.world.funds[self.row]["exhausted_step"])

    def __repr__(self) -> str:
        return f"<insurance fund of {self.venue}: equity {self.equity:,.0f}>"
