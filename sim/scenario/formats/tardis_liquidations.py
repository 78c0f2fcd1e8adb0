"""Liquidations as Tardis records them."""

from collections import Counter, defaultdict

from sim.scenario.formats.format import Cells, Format, Row
from sim.scenario.formats.report import Report
from sim.scenario.formats.tardis import COLUMNS, TardisRows
from sim.scenario.formats.words import amount, one_of, price

CLOSED = {"sell": "long liquidated", "buy": "short liquidated", "unknown": "unknown"}
SEMANTICS = "side is that of the closing order: sell means that a long was liquidated, buy a short"


class TardisLiquidations:
    """Orders that closed accounts in breach."""

    def __init__(self) -> None:
        self._rows = TardisRows()
        self._sides: Counter[str] = Counter()
        self._notional: defaultdict[str, float] = defaultdict(float)

    def row(self, number: int, cells: Cells) -> Row:
        """Return time (microseconds), price, amount and side. Raises Refused."""
        side = CLOSED[one_of("side", cells[5], CLOSED)]
        value, size = price("price", cells[6]), amount("amount", cells[7])
        time = self._rows.time(cells)
        self._sides[side] += 1
        self._notional[side] += value * size
        return time, value, size, side

    def conclude(self, report: Report) -> None:
        """Say who was liquidated."""
        self._rows.conclude(report)
        report.semantics = SEMANTICS
        report.sides = dict(sorted(self._sides.items()))
        for side, notional in sorted(self._notional.items()):
            report.figures[f"{side.split()[0]} notional"] = round(notional, 2)


FORMAT = Format(
    name="tardis_liquidations",
    title="Tardis, liquidations",
    gives="figures",
    carriers=("csv",),
    columns=(*COLUMNS, "id", "side", "price", "amount"),
    new=TardisLiquidations,
    word="liquidations",
    traps="some venues' feeds give the side of the position instead; amounts of inverse contracts are quote money",
)
