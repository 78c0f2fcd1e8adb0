"""Leverage tiers: freqtrade's JSON (the unified tiers of its exchange library), and the same as CSV."""

from sim.scenario.formats.format import Cells, Format, Refused, Row, Unreadable
from sim.scenario.formats.report import Report
from sim.scenario.formats.words import number, shown_cell, whole

COLUMNS = (
    "symbol", "tier", "currency", "min_notional", "max_notional", "maint_margin_rate", "max_leverage", "maint_amount",
)  # fmt: skip
FLOOR_MAX, CAP_MAX, LEVERAGE_MAX = 1e15, 1e20, 1_000.0
TIERS_MAX = 200_000
AMOUNT_TOLERANCE = 1e-6  # of the floor: what rounding leaves of a stated maintenance amount


class LeverageTiers:
    """Marginal tiers of many symbols, one symbol after the other."""

    def __init__(self) -> None:
        self._symbol: str | None = None
        self._before: tuple[float, float | None, float, float, float] | None = None
        self._seen: set[str] = set()
        self._tier: int | None = None
        self._tiers = 0

    def row(self, place: int, cells: Cells) -> Row:
        """Return symbol, floor (quote), maintenance rate, maximum leverage and cap (quote). Raises Refused."""
        symbol = str(cells[0] or "").strip()
        if not symbol:
            raise Refused("symbol is missing")
        new = symbol != self._symbol
        if new and symbol in self._seen:
            raise Refused(f"{shown_cell(symbol)} comes again; the tiers of a symbol stand together")
        if self._tiers >= TIERS_MAX:
            raise Unreadable(f"row {place}: holds more than {TIERS_MAX} tiers")
        self._symbol = symbol
        self._seen.add(symbol)
        if new:
            self._before, self._tier = None, None
        try:
            tier = self._tier_of(cells)
        except Refused as error:
            raise Refused(f"{shown_cell(symbol)}: {error}") from None
        self._before = tier
        self._tiers += 1
        floor, cap, rate, leverage, _ = tier
        return symbol, floor, rate, leverage, cap

    def _tier_of(self, cells: Cells) -> tuple[float, float | None, float, float, float]:
        order = None if cells[1] in (None, "") else _place(cells[1])
        floor = number("minNotional", cells[3])
        cap = None if cells[4] in (None, "") else number("maxNotional", cells[4])
        rate = number("maintenanceMarginRate", cells[5])
        leverage = number("maxLeverage", cells[6])
        if not 0 <= floor <= FLOOR_MAX or (cap is not None and not floor < cap <= CAP_MAX):
            raise Refused(f"notional from {floor:g} to {cap if cap is None else format(cap, 'g')} is no range")
        if not 0 < rate <= 1:
            raise Refused(f"maintenanceMarginRate {rate:g} is out of range; allowed: above 0 to 1")
        if not 1 <= leverage <= LEVERAGE_MAX:
            raise Refused(f"maxLeverage {leverage:g} is out of range; allowed: 1 to {LEVERAGE_MAX:g}")
        deduction = self._joined(order, floor, rate, leverage)
        if cells[7] not in (None, ""):
            stated = number("maintenance amount", cells[7])
            if abs(stated - deduction) > max(0.01, AMOUNT_TOLERANCE * floor):
                raise Refused(
                    f"the maintenance amount {stated:g} is not {deduction:g}, which its floor and rates give: "
                    "the requirement would jump"
                )
        if order is not None:
            self._tier = order
        return floor, cap, rate, leverage, deduction

    def _joined(self, order: int | None, floor: float, rate: float, leverage: float) -> float:
        """Compare a tier with the one below; return its maintenance amount (quote)."""
        if self._before is None:
            if floor != 0:
                raise Refused(f"the first tier begins at {floor:g}; it begins at 0")
            return 0.0
        before_floor, cap, before_rate, before_leverage, deduction = self._before
        if order is not None and self._tier is not None and order != self._tier + 1:
            raise Refused(f"tier {order} follows tier {self._tier}; a tier is missing, doubled or unsorted")
        if floor <= before_floor or (cap is not None and floor != cap):
            end = "the one below has no end" if cap is None else f"the one below ends at {cap:g}"
            raise Refused(f"the tier begins at {floor:g}; {end}")
        if rate < before_rate or leverage > before_leverage:
            raise Refused("the maintenance rate falls or the leverage rises with size")
        return deduction + floor * (rate - before_rate)

    def conclude(self, report: Report) -> None:
        """Say how many symbols there are and what the numbers mean."""
        report.semantics = "marginal: a rate holds above its floor; caps of the last tiers are not kept"
        report.figures = {"symbols": len(self._seen), "tiers": self._tiers}
        if len(self._seen) == 1:
            report.instrument = next(iter(self._seen))


def _place(cell: object) -> int:
    """A tier's number; freqtrade writes it as 1.0."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = cell.removesuffix(".0") if isinstance(cell, str) else cell
    return whole("tier", text)


def contract_name(symbol: str) -> str:
    """Return the name that a contract of a scenario would have: BTC/USDT:USDT-250328 is BTCUSDT_250328."""
    pair, _, rest = symbol.partition(":")
    _, dash, expiry = rest.partition("-")
    return pair.replace("/", "") + (f"_{expiry}" if dash else "")


FORMAT = Format(
    name="freqtrade_tiers",
    title="freqtrade leverage tiers",
    gives="tiers",
    carriers=("json_tiers",),
    columns=COLUMNS,
    new=LeverageTiers,
    traps="the last tier's cap is a limit of the venue that the schedule does not know",
)
