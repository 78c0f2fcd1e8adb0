"""Margin as the rule book says it: fractions, tier by tier, no bound on size."""

from fractions import Fraction

from sim.engine.session import Session
from sim.scenario.records import Scenario


def schedule_of(scenario: Scenario, k: int) -> list[tuple[Fraction, Fraction]]:
    """(floor in quote, marginal rate) of instrument k, scaled."""
    instrument = scenario.instruments[k]
    margin = scenario.venues[instrument.venue].margin
    scale = Fraction(str(margin.maintenance_scale))
    rows = margin.schedules[instrument.contract_name]
    return [(Fraction(str(floor)), min(Fraction(str(rate)) * scale, Fraction(1))) for floor, rate, _ in rows]


def maintenance_of(rows: list[tuple[Fraction, Fraction]], notional: Fraction) -> Fraction:
    """Each slice of the notional at the rate of the tier that it lies in; quote units."""
    total = Fraction(0)
    for i, (floor, rate) in enumerate(rows):
        upper = rows[i + 1][0] if i + 1 < len(rows) else notional
        total += max(min(notional, upper) - floor, Fraction(0)) * rate
    return total


class NaiveMargin:
    """Equity and maintenance of the accounts of one session, in atoms, from balances and sizes as Python integers."""

    def __init__(self, scenario: Scenario, session: Session) -> None:
        self.world = session.world
        self.atom = Fraction(str(session.names.atom))
        self.schedules = [schedule_of(scenario, k) for k in range(len(scenario.instruments))]
        self.n_traders = int(self.world.clock[0]["n_traders"])
        self.n_instruments = len(scenario.instruments)
        self.arithmetic = scenario.prices == "arithmetic"

    def is_isolated(self, trader: int) -> bool:
        return bool(self.world.populations[self.world.traders[trader]["population"]]["isolated"])

    def instruments_of(self, account: int) -> list[int]:
        """Instruments whose positions this account backs."""
        if account >= self.n_traders:
            return [account // self.n_traders - 1]
        return [] if self.is_isolated(account) else list(range(self.n_instruments))

    def account_of(self, trader: int, k: int) -> int:
        return self.n_traders * (1 + k) + trader if self.is_isolated(trader) else trader

    def margin(self, account: int, balances: list[int], sizes: list[int]) -> tuple[int, Fraction]:
        """(equity, maintenance) at the marks of the moment."""
        equity, needed = int(balances[account]), Fraction(0)
        for k in self.instruments_of(account):
            row, size = self.world.instruments[k], int(sizes[k * self.n_traders + account % self.n_traders])
            mark, tick_value = int(row["mark_price"]), int(row["tick_value"])
            equity += size * mark * tick_value
            value = abs(size) * (int(row["reference_price"]) if self.arithmetic else mark) * tick_value
            needed += maintenance_of(self.schedules[k], value * self.atom) / self.atom
        return equity, needed

    def is_breached(self, account: int, balances: list[int], sizes: list[int]) -> bool:
        equity, needed = self.margin(account, balances, sizes)
        return equity < needed
