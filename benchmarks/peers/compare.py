"""One order flow and one kind of market, side by side: firesale, bourse, PAMS and plain Mesa.

    python benchmarks/peers/compare.py --peers-python .venv-peers/bin/python [--json] [--repeats 3]

Runs in firesale's environment and starts the peers in theirs, one process at a time. Rates are per second of thread CPU
time, the fastest repeat. A peer that is slow plays a beginning of the same flow, and is judged by the touch at its end.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
OWN = "firesale"
# Script, events of the flow that it plays.
BOOKS = (("book_bourse.py", 1_000_000), ("book_mesa.py", 1_000_000), ("book_pams.py", 3_000))
# Script, traders, steps a repeat, further words, what a step includes.
COMPLETE = "margin of every trader each step"
MARKETS = (
    ("loop_mesa.py", 10_000, 30, ("python",), COMPLETE),
    ("loop_mesa.py", 10_000, 30, ("bourse",), COMPLETE),
    ("loop_mesa.py", 100_000, 5, ("python",), COMPLETE),
    ("loop_bourse.py", 10_000, 30, (), "no margin"),
    ("loop_bourse.py", 100_000, 5, (), "no margin"),
    ("loop_pams.py", 1_000, 20, (), "no margin"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", required=True, help="interpreter of the peers' environment")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--events", type=int, default=1_000_000, help="most events of the flow")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    books = compare_books(options.peers_python, options.events, options.repeats)
    print(table("Same order flow (5,000 orders resting), order book alone", books))
    markets = compare_markets(options.peers_python, options.repeats)
    print(table("Whole market, about a hundred order events a step", markets))
    report = {"books": books, "markets": markets}
    print(json.dumps(report))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


def compare_books(python: str, most: int, repeats: int) -> list[dict[str, Any]]:
    """One row a book, fastest first."""
    from sim.runs.bench_book import make_flow, measure_book

    whole = make_flow(most)
    own = measure_book(whole, max(repeats, 5))
    rows = [
        row_of(
            OWN, own_version(), most, own["book_events_per_s"], own["book_touch_matches"] and own["book_trades_match"]
        )
    ]
    with tempfile.TemporaryDirectory() as folder:
        for script, events in BOOKS:
            events = min(events, most)
            flow = whole if events == most else make_flow(events)
            path = Path(folder) / f"{events}.npz"
            np.savez(path, seeding=flow.seeding, events=flow.events)
            answer = ask(python, script, str(path), str(repeats))
            rate = answer["events"] / min(answer["seconds"])
            rows.append(
                row_of(answer["peer"], answer["version"], events, rate, tuple(answer["touch"]) == flow.book.touch())
            )
    return ranked(rows)


def row_of(peer: str, version: str, events: int, rate: float, matches: bool) -> dict[str, Any]:
    return {
        "peer": peer, "version": version, "events": events, "touch_matches": matches, "events_per_s": round(rate)
    }  # fmt: skip


def compare_markets(python: str, repeats: int) -> list[dict[str, Any]]:
    """One row a market, fastest first."""
    from sim.runs.bench import measure_loop, world_of

    rows = []
    for traders in (10_000, 100_000):
        own = measure_loop(world_of(traders, True, 6_000), 1_000, 5, "")
        rows.append(
            market_row(OWN, own_version(), traders, own["loop_us_per_step"], own["loop_events_per_s"], "everything")
        )
    for script, traders, steps, words, note in MARKETS:
        answer = ask(python, script, str(traders), str(steps), str(repeats), *words)
        best = min(range(repeats), key=lambda i: answer["seconds"][i] / max(answer["events"][i], 1))
        seconds, events = answer["seconds"][best], answer["events"][best]
        us = seconds / answer["steps"] * 1e6
        rows.append(market_row(answer["peer"], answer["version"], traders, us, events / seconds, note))
    return ranked(rows)


def market_row(peer: str, version: str, traders: int, us: float, rate: float, note: str) -> dict[str, Any]:
    return {
        "peer": peer, "version": version, "traders": traders, "includes": note,
        "us_per_step": round(us, 1), "events_per_s": round(rate),
    }  # fmt: skip


def ranked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows by rate, each with how many times faster firesale is with as many traders (at its best where it has no such row)."""
    own = {row.get("traders"): row["events_per_s"] for row in rows if row["peer"] == OWN}
    for row in rows:
        base = own.get(row.get("traders"), max(own.values()))
        ratio = base / row["events_per_s"]
        row["firesale_is_faster_by"] = round(ratio, 1) if ratio < 10 else round(ratio)
    return sorted(rows, key=lambda row: -row["events_per_s"])


def ask(python: str, script: str, *words: str) -> dict[str, Any]:
    """The JSON object that a peer's script prints."""
    done = subprocess.run([python, str(HERE / script), *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{script} {' '.join(words)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def table(title: str, rows: list[dict[str, Any]]) -> str:
    """Markdown, numbers with thousands separators."""
    names = list(rows[0])
    lines = [f"\n{title}\n", "| " + " | ".join(name.replace("_", " ") for name in names) + " |"]
    lines.append("| " + " | ".join("---:" if isinstance(rows[0][n], int | float) else "---" for n in names) + " |")
    lines += ["| " + " | ".join(cell(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def own_version() -> str:
    from sim import __version__

    return __version__


if __name__ == "__main__":
    main()
