"""Does higher maintenance sell more and drain less? Table, verdicts on the claims and the headline, from the runs."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sim.evidence.analysis import Analysis
from sim.evidence.figures_experiment import Curve, headline_figure
from sim.evidence.statistics import Interval, mean_interval, paired_difference, share_true

LEGEND = """sold %: notional liquidated, of open interest at the start; ampl.: fall over the
fall of the twin without price impact; bp: of open interest at the start;
P 7bp: share of runs that need more than a fund of 7 bp"""
FUND_SIZES_BP = (7.0, 14.0, 28.0)
MODES = ("isolated", "cross")
ARM_TITLES = {
    "fixed_positions": "same positions under every scale, fund without an end",
    "coupled": "leverage follows maintenance, fund without an end",
    "finite_fund": "same positions under every scale, finite fund, then auto-deleveraging",
}


@dataclass(frozen=True)
class Quantity:
    """A column of the runs, in the unit it is shown in."""

    name: str
    label: str
    short: str
    factor: float = 1.0
    digits: int = 2
    drain: bool = False


LIQUIDATED = Quantity("liquidated_share_of_open_interest", "liquidated, % of open interest", "sold %", 100.0)
DRAWDOWN = Quantity("price_drawdown", "fall, %", "fall %", 100.0)
AMPLIFICATION = Quantity("amplification", "amplification (fall / twin's fall)", "ampl.", digits=3)
GROSS = Quantity("gross_drain_bp", "gross drain, bp", "gross bp", drain=True)
NET = Quantity("net_drain_bp", "net drain, bp", "net bp", drain=True)
POSTED = Quantity("mean_posted_margin", "posted margin, % of open interest", "posted %", 100.0)
MEANS = (LIQUIDATED, DRAWDOWN, AMPLIFICATION, GROSS, NET, POSTED)

# Letter, arm, words, and which way each quantity should move as the scale rises.
CLAIMS: tuple[tuple[str, str, str, tuple[tuple[Quantity, int], ...]], ...] = (
    (
        "A",
        "fixed_positions",
        "at fixed positions, higher maintenance liquidates more and drains less",
        ((LIQUIDATED, 1), (GROSS, -1)),
    ),
    ("B", "coupled", "where it caps leverage, higher maintenance liquidates less", ((LIQUIDATED, -1),)),
)


class Cells:
    """The runs by arm, mode and scale, rows by seed, so that differences pair the same draws."""

    def __init__(self, runs: pd.DataFrame) -> None:
        good = runs[runs["error"].isna()]
        self.seeds = sorted(runs["seed"].unique().tolist())
        self.arms = list(dict.fromkeys(good["arm"]))
        self.scales = sorted({float(scale) for scale in good["scale"]})
        self._frames = {
            (str(arm), str(mode), float(str(scale)), str(impact)): frame.set_index("seed").reindex(self.seeds)
            for (arm, mode, scale, impact), frame in good.groupby(["arm", "mode", "scale", "impact"], sort=True)
        }

    def frame(self, arm: str, mode: str, scale: float, impact: str = "on") -> pd.DataFrame | None:
        """One row a seed; a run that failed is a row of missing values."""
        return self._frames.get((arm, mode, scale, impact))

    def values(self, arm: str, mode: str, scale: float, quantity: Quantity) -> list[float | None]:
        """One value a seed, None where missing."""
        if quantity is AMPLIFICATION:
            own = self._column(arm, mode, scale, "on", DRAWDOWN.name)
            twin = self._column(arm, mode, scale, "off", DRAWDOWN.name)
            return [a / b if a is not None and b else None for a, b in zip(own, twin, strict=True)]
        return self._column(arm, mode, scale, "on", quantity.name)

    def _column(self, arm: str, mode: str, scale: float, impact: str, name: str) -> list[float | None]:
        frame = self.frame(arm, mode, scale, impact)
        if frame is None or name not in frame:
            return [None] * len(self.seeds)
        values = frame[name].to_numpy(dtype=float, na_value=math.nan).tolist()
        return [None if math.isnan(value) else value for value in values]

    def censored(self, arm: str, mode: str, scale: float, quantity: Quantity) -> int:
        """Runs whose drain stopped at the end of the fund."""
        frame = self.frame(arm, mode, scale)
        if frame is None or not quantity.drain:
            return 0
        return int(frame["fund_exhausted"].fillna(False).astype(bool).sum())

    def mean(self, arm: str, mode: str, scale: float, quantity: Quantity) -> Interval:
        """Mean over seeds with its t interval, in the unit shown."""
        shown = [None if v is None else v * quantity.factor for v in self.values(arm, mode, scale, quantity)]
        return mean_interval(shown, self.censored(arm, mode, scale, quantity))

    def difference(self, arm: str, mode: str, low: float, high: float, quantity: Quantity) -> Interval:
        """Paired difference from one scale to a higher one, in the unit shown."""
        pair = [
            [None if v is None else v * quantity.factor for v in self.values(arm, mode, scale, quantity)]
            for scale in (low, high)
        ]
        censored = sum(self.censored(arm, mode, scale, quantity) for scale in (low, high))
        return paired_difference(pair[0], pair[1], censored)

    def exhausted(self, arm: str, mode: str, scale: float, size_bp: float) -> Interval:
        """Share of runs whose largest need reaches a fund of this size; unknown beyond the end of a finite fund."""
        frame = self.frame(arm, mode, scale)
        if frame is None:
            return share_true([])
        answers: list[bool | None] = []
        names = ("largest_need_bp", "fund_inexhaustible", "fund_exhausted", "fund_start", "open_interest_start")
        for need, endless, spent, start, value in zip(*(frame[name].tolist() for name in names), strict=True):
            known = not pd.isna(need) and (bool(endless) or size_bp <= start / value * 1e4 * (1 + 1e-9))
            # A fund that refused a position never took on the need that it refused.
            answers.append(bool(spent) or bool(need >= size_bp) if known else None)
        return share_true(answers)


def analyse(runs: pd.DataFrame) -> Analysis:
    """Table with 95 % intervals, verdicts on claims A and B, headline figures; failed runs are left out of pairs."""
    cells = Cells(runs)
    table: list[dict[str, str]] = []
    brief: dict[str, list[dict[str, str]]] = {arm: [] for arm in cells.arms}
    numbers: list[dict[str, Any]] = []
    for arm in cells.arms:
        for mode in MODES:
            for scale in cells.scales:
                if cells.frame(arm, mode, scale) is not None:
                    _add_row(cells, arm, mode, scale, table, brief[arm], numbers)
            _add_differences(cells, arm, mode, numbers)
    verdict, facts = _verdicts(cells)
    figures = {
        "headline" if arm == "fixed_positions" else f"headline_{arm}": _headline(cells, arm) for arm in cells.arms
    }
    facts["fund_sizes_bp"] = list(FUND_SIZES_BP)
    narrow = {ARM_TITLES.get(arm, arm): _without_constants(pd.DataFrame(rows)) for arm, rows in brief.items()}
    posted = "\nposted %: margin posted, of open interest at the start"
    legend = LEGEND + (posted if any(POSTED.short in shown for shown in narrow.values()) else "")
    return Analysis(pd.DataFrame(table), narrow, pd.DataFrame(numbers), figures, verdict, facts, legend)


def _without_constants(table: pd.DataFrame) -> pd.DataFrame:
    """The posted margin only where it differs: the scale hardly moves it while positions are the same."""
    posted = pd.to_numeric(table[POSTED.short].str.partition("±")[0], errors="coerce")
    return table.drop(columns=POSTED.short) if posted.max() <= 1.05 * posted.min() else table


def _add_row(
    cells: Cells, arm: str, mode: str, scale: float,
    table: list[dict[str, str]], brief: list[dict[str, str]], numbers: list[dict[str, Any]],
) -> None:  # fmt: skip
    full = {"arm": arm, "margin": mode, "scale": f"{scale:g}x"}
    small = {"margin": mode, "scale": f"{scale:g}x"}
    for quantity in MEANS:
        interval = cells.mean(arm, mode, scale, quantity)
        full[quantity.label] = interval.text(quantity.digits)
        small[quantity.short] = _short(interval, quantity.digits - 1)
        numbers.append(_number(arm, mode, scale, None, quantity.name, interval))
    for size in FUND_SIZES_BP:
        interval = cells.exhausted(arm, mode, scale, size)
        full[f"P(fund of {size:g} bp exhausted)"] = interval.text(2)
        small[f"P {size:g}bp"] = "-" if interval.estimate is None else f"{interval.estimate:.2f}"
        numbers.append(_number(arm, mode, scale, None, f"exhausted_{size:g}_bp", interval))
    table.append(full)
    brief.append(small)


def _add_differences(cells: Cells, arm: str, mode: str, numbers: list[dict[str, Any]]) -> None:
    for low, high in zip(cells.scales, cells.scales[1:], strict=False):
        for quantity in MEANS:
            difference = cells.difference(arm, mode, low, high, quantity)
            numbers.append(_number(arm, mode, high, low, quantity.name, difference))


def _short(interval: Interval, digits: int) -> str:
    if interval.estimate is None:
        return "-"
    mark = "≥" if interval.censored else ""
    half = "" if interval.high is None else f"±{interval.high - interval.estimate:z.{digits}f}"
    return f"{mark}{interval.estimate:z.{digits}f}{half}"


def _number(arm: str, mode: str, scale: float, minus: float | None, name: str, interval: Interval) -> dict[str, Any]:
    """A machine-readable row; with `minus` it is the paired difference of scale and minus."""
    return {
        "arm": arm, "mode": mode, "scale": scale, "minus_scale": minus, "quantity": name,
        "estimate": interval.estimate, "low": interval.low, "high": interval.high,
        "n": interval.n, "missing": interval.missing, "censored": interval.censored,
    }  # fmt: skip


def _judge(cells: Cells, arm: str, mode: str, quantity: Quantity, sign: int) -> tuple[str, str]:
    """supported, refuted or undecided for `quantity moves by sign`, and a short line that says why."""
    first, last = cells.scales[0], cells.scales[-1]
    whole = cells.difference(arm, mode, first, last, quantity)
    if whole.low is None or whole.high is None:
        return "undecided", f"{quantity.short}: too few runs"
    sides = [
        cells.difference(arm, mode, low, high, quantity).side
        for low, high in zip(cells.scales, cells.scales[1:], strict=False)
    ]
    side = whole.side
    text = f"{quantity.short}: {whole.text(quantity.digits)}; {_course(cells.scales, sides)}"
    if side == -sign or -sign in sides:
        return "refuted", text
    return ("supported" if side == sign else "undecided"), text


def _course(scales: list[float], sides: list[int]) -> str:
    """Where it rises, falls or is flat, as in `flat to 2x, falls to 8x`: neighbouring steps that agree, joined."""
    words = {1: "rises", -1: "falls", 0: "flat"}
    parts = [
        f"{words[side]} to {high:g}x"
        for row, (side, high) in enumerate(zip(sides, scales[1:], strict=True))
        if row + 1 == len(sides) or sides[row + 1] != side
    ]
    return ", ".join(parts)


def _verdicts(cells: Cells) -> tuple[str, dict[str, Any]]:
    lines: list[str] = []
    facts: dict[str, Any] = {}
    for letter, arm, words, parts in CLAIMS:
        lines.append(f"Claim {letter}: {words}.")
        if arm not in cells.arms:
            lines.append("  Not tested in this form (--full does).")
            facts[f"claim_{letter.lower()}"] = None
            continue
        answers = {}
        for mode in MODES:
            judged = [_judge(cells, arm, mode, quantity, sign) for quantity, sign in parts]
            words_found = [answer for answer, _ in judged]
            answers[mode] = next((w for w in ("refuted", "undecided") if w in words_found), "supported")
            lines += [f"  {mode}: {answers[mode]}", *(f"    {text}" for _, text in judged)]
        facts[f"claim_{letter.lower()}"] = answers
    seeds = len(cells.seeds)
    if seeds == 1:
        lines.append("One seed: no intervals, so nothing is decided.")
    else:
        ends = f"{cells.scales[0]:g}x to {cells.scales[-1]:g}x"
        lines.append(f"Changes from {ends}: means of {seeds} paired seeds, 95 % t intervals.")
        lines.append("sold %: liquidated, of open interest; flat: the interval of a step holds zero.")
    return "\n".join(lines), facts


def _headline(cells: Cells, arm: str) -> bytes:
    def curves(*chosen: tuple[Quantity, str]) -> list[Curve]:
        return [
            Curve(
                label,
                mode,
                cells.scales,
                [cells.mean(arm, mode, scale, quantity) for scale in cells.scales],
                thin=quantity is NET,
            )  # fmt: skip
            for quantity, label in chosen
            for mode in MODES
        ]

    seeds = len(cells.seeds)
    note = "One seed: no intervals." if seeds == 1 else f"Means of {seeds} paired seeds, bands: 95 % t intervals."
    if any(cells.censored(arm, mode, scale, GROSS) for mode in MODES for scale in cells.scales):
        note += " Hollow: the fund was exhausted in some runs, so the drain is a lower bound."
    return headline_figure(
        curves((LIQUIDATED, "liquidated share of open interest"), (DRAWDOWN, "fall of the price")),
        curves((GROSS, "gross drain"), (NET, "net drain")),
        f"Maintenance margin: {ARM_TITLES.get(arm, arm)}",
        note,
        "per cent",
        "bp of open interest at the start",
    )
