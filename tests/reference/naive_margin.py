"""Margin as the rule book says it: fractions, tier by tier, no bound on size."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from sim.engine.session import Session
from sim.scenario.records import Scenario


@dataclass(frozen=True)
class Terms:
    """What an instrument's rule book says; quote units, rates a unit of base."""

    rows: list[tuple[Fraction, Fraction]]
    whole: bool = False
    slope: Fraction = Fraction(0)
    minimum: Fraction = Fraction(0)
    lot_size: Fraction = Fraction(1)
    root: Fraction = Fraction(0)
    stated: Fraction | None = None  # the first rate where those in force are others

    @property
    def in_size(self) -> bool:
        """Whether more than the notional decides."""
        return self.slope > 0 or self.minimum > 0 or self.root > 0

    def root_premium(self, lots: int) -> Fraction:
        """What the square root of size adds to the one rate: the first whole 1e-9 whose square reaches it."""
        square, parts = (self.root * 10**9) ** 2 * self.lot_size * lots, 0
        for digit in reversed(range(32)):
            parts += (1 << digit) if (parts + (1 << digit)) ** 2 < square else 0
        parts += square > 0
        first = self.rows[0][1] if self.stated is None else self.stated
        taken_off = int(first * min(self.root, Fraction(1)) * 10**9)
        return Fraction(max(parts - taken_off, 0), 10**9)

    def maintenance(self, notional: Fraction, lots: int) -> Fraction:
        """Before any closing fee."""
        if self.whole:
            needed = notional * [rate for floor, rate in self.rows if floor <= notional][-1]
        else:
            needed = maintenance_of(self.rows, notional)
        return max(
            min(needed + notional * (self.slope * self.lot_size * lots + self.root_premium(lots)), notional),
            self.minimum,
        )


def terms_of(scenario: Scenario, k: int) -> Terms:
    """The terms of instrument k, rates scaled."""
    instrument = scenario.instruments[k]
    margin = scenario.venues[instrument.venue].margin
    scale = Fraction(str(margin.maintenance_scale))
    schedule = margin.schedules[instrument.contract_name]
    lot_size = Fraction(str(scenario.contract_of(instrument).lot_size))
    tiers = schedule if isinstance(schedule, tuple) else schedule.tiers
    rows = [(Fraction(str(row[0])), min(Fraction(str(row[1])) * scale, Fraction(1))) for row in tiers]
    if isinstance(schedule, tuple):
        return Terms(rows, lot_size=lot_size)
    slope, minimum = Fraction(str(schedule.slope)), Fraction(str(schedule.minimum))
    return Terms(rows, schedule.mode == "whole", slope, minimum, lot_size, Fraction(str(schedule.square_root)))


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
        self.terms = [terms_of(scenario, k) for k in range(len(scenario.instruments))]
        self.schedules = [terms.rows for terms in self.terms]
        self.regimes = [scenario.venues[item.venue].margin for item in scenario.instruments]
        self.n_traders = int(self.world.clock[0]["n_traders"])
        self.n_instruments = len(scenario.instruments)
        self.arithmetic = scenario.prices == "arithmetic"

    def is_isolated(self, trader: int) -> bool:
        return bool(self.world.traders[trader]["isolated"])

    def instruments_of(self, account: int) -> list[int]:
        """Instruments whose positions this account backs."""
        if account >= self.n_traders:
            return [account // self.n_traders - 1]
        return [] if self.is_isolated(account) else list(range(self.n_instruments))

    def account_of(self, trader: int, k: int) -> int:
        return self.n_traders * (1 + k) + trader if self.is_isolated(trader) else trader

    def margin(
        self, account: int, balances: list[int], sizes: list[int], entries: list[int] | None = None
    ) -> tuple[int, Fraction]:
        """(equity, maintenance) at the marks of the moment; what a credit leaves out of a profit is in maintenance."""
        held = [(k, k * self.n_traders + account % self.n_traders) for k in self.instruments_of(account)]
        held = [(k, row) for k, row in held if sizes[row] != 0]
        equity = int(balances[account]) + sum(self.worth(k, int(sizes[row])) for k, row in held)
        entries = self.world.entry_value.tolist() if entries is None else entries
        needed = (self.needed(k, row, int(sizes[row]), int(entries[row]), equity) for k, row in held)
        return equity, sum(needed, Fraction(0))

    def worth(self, k: int, size: int) -> int:
        row = self.world.instruments[k]
        return size * int(row["mark_price"]) * int(row["tick_value"])

    def terms_now(self, k: int, position: int) -> Terms:
        """Terms with the rates of the moment, or of the position's entry: in parts of the scale, rounded up."""
        dynamics, terms = self.regimes[k].dynamics, self.terms[k]
        if dynamics is None or dynamics.maintenance is None or not len(self.world.dynamics):
            return terms
        state, scale = self.world.dynamics[2 * k], int(self.world.clock[0]["rate_scale"])
        rate, reached = int(state["rate"]), int(state["reached"])
        if dynamics.applies_to == "new":
            rate, reached = int(self.world.positions[position]["margin_rate"]), 0
        rows = []
        for floor, stated in terms.rows:
            own = min(ceil(stated * rate * scale / (terms.rows[0][1] * 10**9)), scale)
            rows.append((floor, Fraction(own + ceil(Fraction((scale - own) * reached, 10**9)), scale)))
        return replace(terms, rows=rows, stated=terms.rows[0][1])

    def needed(self, k: int, position: int, size: int, entry: int, equity: int) -> Fraction:
        """Requirement of one position in atoms: exact for tiers alone, whole atoms for all other forms."""
        row, regime, terms = self.world.instruments[k], self.regimes[k], self.terms_now(k, position)
        worth = self.worth(k, size)
        value = abs(size) * int(row["reference_price"]) * int(row["tick_value"]) if self.arithmetic else abs(worth)
        base = abs(entry) if regime.notional_basis == "entry" and not self.arithmetic else value
        needed = terms.maintenance(base * self.atom, abs(size)) / self.atom
        rate, basis = Fraction(str(regime.closing_fee.rate)), regime.closing_fee.basis
        withheld = max(worth - entry, 0) * (1 - Fraction(str(regime.unrealised_profit_credit)))
        fee = Fraction(0) if basis == "none" else rate * value
        if basis == "bankruptcy" and not self.arithmetic:
            # Nothing is left at P: equity - worth + size x P = rate x |size| x P.
            sign = 1 if size > 0 else -1
            fee = rate * max((equity - worth) / (rate - sign), Fraction(0))
        kept = regime.dynamics is not None and regime.dynamics.applies_to == "new"
        plain = regime.notional_basis == "mark" and not terms.in_size and fee == 0 and withheld == 0 and not kept
        return needed if plain else Fraction(ceil(needed + fee + withheld))

    def is_breached(
        self, account: int, balances: list[int], sizes: list[int], entries: list[int] | None = None
    ) -> bool:
        equity, needed = self.margin(account, balances, sizes, entries)
        return equity < needed
