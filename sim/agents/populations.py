"""A population as one Mesa agent: it owns rows of the tables; its behaviour is compiled."""

from typing import TYPE_CHECKING

import mesa
import numpy as np

from sim.agents.readings import AccountRows, Floats, Profit, account_rows, open_cases, profit_of, traders_of_accounts

if TYPE_CHECKING:
    from sim.model import MarketModel


class TraderPopulation(mesa.Agent):  # type: ignore[misc]
    """The traders of one line of `populations:` in a scenario. All money in quote units, read from the tables."""

    model: "MarketModel"

    def __init__(self, model: "MarketModel", row: int, kind: str, venue: str) -> None:
        super().__init__(model)
        table = model.session.world.populations[row]
        self.row, self.kind, self.venue = row, kind, venue
        self.name = model.session.names.populations[row]
        self.first_trader = int(table["first_trader"])
        self.count = int(table["n_traders"])

    @property
    def _rows(self) -> AccountRows:
        return account_rows(self.model.session, self.first_trader, self.first_trader + self.count)

    @property
    def equities(self) -> Floats:
        """(count,) equity of each trader at mark prices."""
        return self._rows.equity

    @property
    def positions(self) -> dict[str, Floats]:
        """(count,) signed base units of each trader, by instrument."""
        return dict(zip(self.model.session.names.instruments, self._rows.size, strict=True))

    @property
    def equity(self) -> float:
        """Equity of all of them at mark prices."""
        return float(self._rows.equity.sum())

    @property
    def balance(self) -> float:
        """Their money without unrealised results."""
        return float(self._rows.balance.sum())

    @property
    def profit(self) -> Profit:
        """What they have won since the start, by part: price, spread, funding, fees, liquidation."""
        return profit_of(self.model.session, self.row)

    @property
    def open_interest(self) -> float:
        """Notional at mark of the larger side of their positions, all instruments."""
        value = self._rows.value
        longs, shorts = np.maximum(value, 0.0).sum(axis=1), np.maximum(-value, 0.0).sum(axis=1)
        return float(np.maximum(longs, shorts).sum())

    @property
    def notional(self) -> float:
        """Notional at mark of all their positions, longs and shorts."""
        return float(np.abs(self._rows.value).sum())

    @property
    def net_notional(self) -> float:
        """Longs minus shorts at mark."""
        return float(self._rows.value.sum())

    @property
    def effective_leverage(self) -> float | None:
        """Notional of all positions over equity; None while the equity is not above zero."""
        rows = self._rows
        equity = float(rows.equity.sum())
        return float(np.abs(rows.value).sum()) / equity if equity > 0.0 else None

    @property
    def pending_accounts(self) -> int:
        """Margin accounts of theirs in breach that are not closed yet."""
        owners = traders_of_accounts(self.model.session, open_cases(self.model.session)["account"])
        return int(((owners >= self.first_trader) & (owners < self.first_trader + self.count)).sum())

    def __repr__(self) -> str:
        return f"<{self.name}: {self.count} of kind {self.kind} on {self.venue}>"
