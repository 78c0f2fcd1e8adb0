"""What a person sees: a progress bar on stderr when it is a terminal, plain lines when not, and a summary table."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sim.evidence.canvas import money_text

LINE_EVERY_S = 30.0
# Reports how much is done, in units of the total.
Tick = Callable[[float], None]


@contextmanager
def progress(text: str, total: float, unit: str, quiet: bool = False) -> Iterator[Tick]:
    """A bar on stderr; without a terminal a line a quarter of the way, and none at all when quiet."""
    if quiet:
        yield lambda _done: None
    elif sys.stderr.isatty():
        with _bar(text, total, unit) as tick:
            yield tick
    else:
        yield _lines(text, total, unit)


@contextmanager
def _bar(text: str, total: float, unit: str) -> Iterator[Tick]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit),
        TimeRemainingColumn(), TextColumn("left"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(text, total=total)

        def tick(done: float) -> None:
            shown.update(task, completed=done)

        yield tick


def _lines(text: str, total: float, unit: str) -> Tick:
    started = time.monotonic()
    said = 0

    def tick(done: float) -> None:
        nonlocal said
        quarter = int(4 * done / total) if total else 4
        if quarter > said:
            said = quarter
            seconds = time.monotonic() - started
            print(f"{text}: {done:,.0f} of {total:,.0f} {unit}, {seconds:.1f} s", file=sys.stderr, flush=True)

    return tick


@contextmanager
def sweep_progress(text: str, total: int, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Runs done and failed, runs a second, time left: a bar on a terminal, else a line a quarter or half a minute."""
    started = time.monotonic()

    def said(done: int, failed: int) -> str:
        rate = done / max(time.monotonic() - started, 1e-9)
        bad = f", {failed:,} failed" if failed else ""
        left = f", {clock((total - done) / rate)} left" if 0 < done < total else ""
        return f"{done:,} of {total:,} runs{bad}, {per_second(rate)}{left}"

    if quiet:
        yield lambda _done, _failed: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(None), TextColumn("{task.fields[said]}"))
        with Progress(*columns, console=Console(stderr=True), expand=True) as shown:
            task = shown.add_task(text, total=total, said=said(0, 0))
            yield lambda done, failed: shown.update(task, completed=done, said=said(done, failed))
    else:
        last = [started, 0.0]

        def line(done: int, failed: int) -> None:
            quarter = 4 * done // max(total, 1)
            if quarter > last[1] or time.monotonic() > last[0] + LINE_EVERY_S:
                last[:] = [time.monotonic(), quarter]
                say(f"{text}: {said(done, failed)}")

        yield line


def per_second(rate: float) -> str:
    """A rate in words: of slow runs what one takes."""
    if rate >= 0.95:
        return f"{rate:,.0f} a second"
    return f"one in {clock(1 / rate)}" if rate > 0 else "none yet"


def clock(seconds: float) -> str:
    """A duration in the two units that matter."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def say(text: str) -> None:
    """A line on stderr, so that stdout stays clean."""
    print(text, file=sys.stderr, flush=True)


def _percent(value: float | None) -> str:
    if value is None:
        return "-"
    return "< 0.01 %" if 0.0 < value < 5e-5 else f"{value * 100:z.2f} %"


def _number(value: float | None, unit: str, digits: int = 2) -> str:
    return "-" if value is None else f"{value:z,.{digits}f} {unit}"


def _step(value: int | None, unit_s: float) -> str:
    return "never" if value is None else f"{value * unit_s / 60:.1f} min"


def summary_rows(record: dict[str, Any], step_seconds: float) -> list[tuple[str, str]]:
    """The summary in plain English with units; an empty second column is a heading."""
    r = record
    none = r["liquidations"] == 0
    fund = "cannot be exhausted" if r["fund_inexhaustible"] else ("yes" if r["fund_exhausted"] else "no")
    branching = r["branching_ratio"]
    start, end = money_text(r["fund_start"]), money_text(r["fund_end"])
    return [
        ("Price (first instrument)", ""),
        ("deepest fall", _percent(r["price_drawdown"])),
        ("of it regained 60 minutes later", _percent(r["fall_recovered_60min"])),
        ("spread, median", _number(r["spread_median_bp"], "bp", 3)),
        ("volatility per minute before the news", _number(r["volatility_bp_per_minute"], "bp")),
        ("depth within 1 % around the low, over calm", _percent(r["depth_trough_ratio"])),
        ("Liquidations", ""),
        ("liquidations / accounts", f"{r['liquidations']:,} / {r['liquidated_accounts']:,}"),
        ("notional liquidated", f"{money_text(r['liquidated_notional'])} quote units"),
        ("as a share of open interest at the start", _percent(r["liquidated_share_of_open_interest"])),
        ("longs among them", "-" if none else _percent(r["long_share_of_liquidated"])),
        ("caused by other liquidations", "-" if branching is None else _percent(branching)),
        ("Who pays", ""),
        ("gross drain on the fund", _number(r["gross_drain_bp"], "bp of open interest")),
        ("net of fees and surplus", _number(r["net_drain_bp"], "bp of open interest")),
        (
            "fund at the start / at the end, quote units",
            f"{start} / {end}",
        ),
        ("fund exhausted", fund),
        ("first take-over at a loss, or payment", _step(r["first_fund_payment_step"], step_seconds)),
        ("first auto-deleveraging", _step(r["first_adl_step"], step_seconds)),
        ("auto-deleveraged", f"{money_text(r['adl_notional'])} from {r['adl_accounts']:,} accounts"),
        ("uncovered loss", f"{money_text(r['uncovered'])} quote units"),
    ]


def print_summary(title: str, record: dict[str, Any], step_seconds: float) -> None:
    """Prints the summary as a table on stdout."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, box=SIMPLE, show_header=False, title_justify="left", title_style="bold")
    table.add_column()
    table.add_column(justify="right")
    for label, value in summary_rows(record, step_seconds):
        if value:
            table.add_row(f"  {label}", value)
        else:
            table.add_row(f"[bold]{label}[/bold]", "")
    Console().print(table)


def stand_in_lines(stand_ins: Sequence[str]) -> list[str]:
    """Which rules of the venues do not exist here, and what stands in for them."""
    heading = ["", "Nearest rules, where the venue's own do not exist here:"] if stand_ins else []
    return [*heading, *(f"- {line}" for line in stand_ins)]


def print_stand_ins(stand_ins: Sequence[str]) -> None:
    """The same under a report on the terminal, at its width."""
    from rich.console import Console

    for line in stand_in_lines(stand_ins):
        Console().print(line, markup=False, highlight=False, style="dim")


def _money(value: float) -> str:
    return "0" if value == 0.0 else money_text(value)


def evaluation_rows(records: list[dict[str, Any]]) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Two narrow tables, heads first: profit by part, and risk; institutions that did nothing are left out."""
    parts = ("profit", "price", "spread", "funding", "fees", "liquidation")
    money: list[tuple[str, ...]] = [("", *parts)]
    risk: list[tuple[str, ...]] = [
        ("", "drawdown", "Sharpe", "Sortino", "hits", "loss /\ngain", "orders\nrefused", "accounts\nclosed")
    ]
    for r in records:
        if r["kind"] == "institution" and not any(r[name] for name in parts):
            continue
        name = r["population"]
        money.append((name, *("0" if r[part] == 0.0 else money_text(r[part]) for part in parts)))
        ratios = ("-" if r[key] is None else f"{r[key]:z.2f}" for key in ("sharpe", "sortino"))
        hits = "-" if r["hit_rate"] is None else f"{r['hit_rate'] * 100:.0f} %"
        risked = "-" if r["risk_to_reward"] is None else f"{r['risk_to_reward']:.2f}"
        counts = (f"{r[key]:,}" for key in ("rejected_orders", "liquidated_accounts"))
        risk.append((name, money_text(r["max_drawdown"]), *ratios, hits, risked, *counts))
    return money, risk


def print_evaluation(records: list[dict[str, Any]]) -> None:
    """Prints who won and lost, by what, and at which risk, as tables on stdout."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    period = f"Risk, by periods of {records[0]['period_s']:g} s (not annualised); accounts closed by force"
    for title, (head, *rows) in zip(("Profit by part, quote units", period), evaluation_rows(records), strict=True):
        table = Table(title=title, box=SIMPLE, title_justify="left", title_style="bold", padding=0)
        for number, name in enumerate(head):
            table.add_column(name, justify="left" if number == 0 else "right", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        Console().print(table)
