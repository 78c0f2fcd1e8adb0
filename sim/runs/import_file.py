"""`firesale import`: what was understood of a file of market data, and what a scenario can use of it as a file."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

from sim.runs.files import write_new
from sim.runs.store import json_text, refuse
from sim.scenario.errors import Position, ScenarioError, did_you_mean, problem_at, shown
from sim.scenario.formats import NAMES
from sim.scenario.formats.format import Unreadable
from sim.scenario.formats.leverage_tiers import contract_name
from sim.scenario.formats.reading import Reading, reading
from sim.scenario.formats.report import Report
from sim.scenario.price_files import COLUMNS, Points, price_points, start_time
from sim.scenario.tier_files import Rows, tier_tables

WIDTH = 80
CONTRACT = re.compile(r"[A-Za-z0-9_]{1,32}")
GAPS = ("refuse", "bridge")
GIVES = {
    "bars": "an index path, from one price of each bar",
    "ticks": "an index path, from the last price of each step",
    "tiers": "margin schedules",
    "figures": "nothing that a scenario reads; its facts are below",
}


@dataclass(frozen=True)
class Wish:
    """What is to be written, and how: the dials of an index of kind file."""

    out: Path | None = None
    format: str | None = None
    column: str = "close"
    step_seconds: float = 1.0
    starts_at: str | None = None
    gaps: str = "refuse"
    symbols: tuple[str, ...] = ()


def import_command(file: Path, wish: Wish, as_json: bool) -> None:
    """Print what was understood. Raises ScenarioError, with nothing written, where a scenario would refuse the file."""
    label = str(file) if str(file).isprintable() else ascii(str(file))
    words = (("format", wish.format, NAMES), ("column", wish.column, COLUMNS), ("gaps", wish.gaps, GAPS))
    for option, word, known in words:
        if word is not None and word not in known:
            raise refuse(option, f"unknown {option} {shown(word)}{did_you_mean(word, known)}")
    if wish.out is not None:
        _prove_free(wish.out)
    try:
        with reading(file, label, wish.format) as source:
            text = _understood(source, wish)
    except (Unreadable, ValueError) as error:
        raise _refusal(label, str(error).splitlines()) from None
    except OSError as error:
        raise _refusal(label, [f"cannot be read: {error.strerror or error}"]) from None
    report = source.report
    print(json_text(report.plain()) if as_json else shown_report(report))
    wrong = [*report.faults, *([f"{report.refused} rows are refused"] if report.refused else [])]
    if wish.out is not None and report.gaps and wish.gaps == "refuse" and report.gives in ("bars", "ticks"):
        wrong.append(f"rows are missing in {report.gaps} places; write it all the same with --gaps bridge")
    if wrong:
        raise _refusal(label, wrong)
    if wish.out is not None:
        try:
            write_new(wish.out, text().encode())
        except FileExistsError:
            raise _taken(wish.out) from None
        if not as_json:
            print(f"written: {wish.out}")


def _refusal(label: str, lines: list[str]) -> ScenarioError:
    return ScenarioError([problem_at(Position(label, 0, 0), "", line) for line in lines])


def _understood(source: Reading, wish: Wish) -> Callable[[], str]:
    """Read the file to its end; return what makes the text to write."""
    gives = source.format.gives
    if wish.out is None or gives == "figures":
        for _ in source.rows():
            pass
        source.conclude()
        if wish.out is not None:
            raise Unreadable(f"{source.format.name} gives nothing that a scenario reads; leave --out away")
        return str
    if gives == "tiers":
        tables = _chosen(tier_tables(source), wish.symbols)
        return lambda: tier_text(source.report, tables)
    points, wrong = price_points(source, wish.step_seconds, None, wish.column, start_time(wish.starts_at))
    source.conclude()
    if wrong:
        raise Unreadable("\n".join(wrong))
    return lambda: path_text(points, wish.step_seconds)


def _chosen(tables: dict[str, Rows], symbols: tuple[str, ...]) -> dict[str, Rows]:
    """The tables by the names that contracts have, all of them or those asked for."""
    named: dict[str, Rows] = {}
    for symbol, rows in tables.items():
        name = contract_name(symbol)
        if symbols and symbol not in symbols and name not in symbols:
            continue
        if not CONTRACT.fullmatch(name):  # some venues list coins with names that no contract here may have
            if symbols:
                raise Unreadable(f"{shown(symbol)} is no name of a contract: letters, digits and '_', at most 32")
            continue
        if name in named:
            raise Unreadable(f"holds several symbols for {name}; say which with --symbol")
        named[name] = rows
    known = [*tables, *map(contract_name, tables)]
    for symbol in symbols:
        if symbol not in known:
            raise Unreadable(f"has no tiers of {shown(symbol)}{did_you_mean(symbol, known)[:200]}")
    return named


def path_text(points: Points, step_seconds: float) -> str:
    """Return CSV with the columns time (seconds from the first row) and price (quote)."""
    rows = [f"{step * step_seconds:.15g},{price!r}" for step, price in points]
    return "\n".join(["time,price", *rows]) + "\n"


def tier_text(report: Report, tables: dict[str, Rows]) -> str:
    """Return YAML with the schedules that `file:` of a schedule reads, or that are copied into a rule book."""
    name = Path(report.file).name
    left_out = report.figures["symbols"] - len(tables)
    lines = [
        f"# {report.title}, from {name if name.isprintable() else ascii(name)}. Rows: notional floor (quote),",
        "# maintenance margin rate, maximum leverage; marginal. Caps of the last tiers are not kept.",
        *([f"# {left_out} symbols of the file are left out."] if left_out else []),
        "schedules:",
    ]
    for contract, rows in tables.items():
        lines.append(f"  {contract!s}:" if not contract[:1].isdigit() else f'  "{contract}":')
        lines += [f"    - [{', '.join(f'{value:.15g}' for value in row)}]" for row in rows]
    return "\n".join(lines) + "\n"


def shown_report(report: Report) -> str:
    """Return a report as text for a terminal of 80 columns."""
    rows = f"{report.rows - report.refused:,} taken, {report.refused:,} refused; gaps: {report.gaps:,}"
    facts = [
        ("format", f"{report.format}: {report.title}"),
        ("gives", GIVES[report.gives]),
        ("packed", "" if report.container == "plain" else report.container),
        ("instrument", ", ".join(word for word in (report.instrument, report.interval) if word)),
        ("times", f"{report.time_unit}, UTC" if report.time_unit else ""),
        ("first", report.first),
        ("last", report.last),
        ("rows", rows),
        ("spacing", _spacing(report)),
        ("assumed", report.semantics),
        *((word, f"{value:,.15g}") for word, value in (report.sides | report.figures).items()),
    ]
    lines = [report.file, *(_wrapped(f"  {word:<18}{text}", 20) for word, text in facts if text)]
    lines += [_wrapped(f"  note: {text}", 4) for text in report.notes]
    lines += [_wrapped(f"  {text}", 4) for text in report.row_lines()]
    return "\n".join(lines)


def _spacing(report: Report) -> str:
    if report.spacing_s is None:
        return ""
    word = " on average" if report.gives == "ticks" else ""
    return f"{report.spacing_s:g} s{word}, at most {report.longest_spacing_s:g} s"


def _wrapped(line: str, indent: int) -> str:
    """At most 80 columns, and nothing of a file that steers the terminal."""
    line = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
    if len(line) <= WIDTH:
        return line
    return fill(line, WIDTH, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def _taken(out: Path) -> ScenarioError:
    return refuse("out", f"{str(out)!r} is there already; give another name or remove it")


def _prove_free(out: Path) -> None:
    if not out.name or "\x00" in str(out):
        raise refuse("out", f"{str(out)!r} names no file")
    if out.is_symlink() or out.exists():
        raise _taken(out)
    if not out.parent.is_dir():
        raise refuse("out", f"{str(out.parent)!r} is no folder; make it first")
