"""Trades as Tardis records them."""

from collections import Counter

from sim.scenario.formats.format import Cells, Format, Refused, Row
from sim.scenario.formats.report import Report
from sim.scenario.formats.tardis import COLUMNS, TardisRows
from sim.scenario.formats.words import amount, one_of, price

TAKERS = {"buy": "taker bought", "sell": "taker sold", "unknown": "unknown"}


class TardisTrades:
    """Single fills; the side is that of the taker."""

    def __init__(self) -> None:
        self._rows = TardisRows()
        self._name = ""
        self._sides: Counter[str] = Counter()

    def row(self, number: int, cells: Cells) -> Row:
        """Return time (microseconds) and price. Raises Refused."""
        name, side = cells[4].strip(), one_of("side", cells[5], TAKERS)
        value = price("price", cells[6])
        amount("amount", cells[7])
        if name and name == self._name:
            raise Refused(f"id {name[:40]} is a duplicate")
        time = self._rows.time(cells)
        self._name = name
        self._sides[TAKERS[side]] += 1
        return time, value

    def conclude(self, report: Report) -> None:
        """Say whose side it is."""
        self._rows.conclude(report)
        report.semantics = "side is the taker's: buy means that the taker bought"
        report.sides = dict(sorted(self._sides.items()))


FORMAT = Format(
    name="tardis_trades",
    title="Tardis, trades",
    gives="ticks",
    carriers=("csv",),
    columns=(*COLUMNS, "id", "side", "price", "amount"),
    new=TardisTrades,
    word="trades",
    traps="columns are those of liquidations: the file's name or `format` tells; the exchange's clock may run ahead",
)
