"""`firesale sensitivity`: which factor of a finished sweep moves an outcome; a table, a record and a picture."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sim.evidence.canvas import money_text
from sim.evidence.figures_sensitivity import Answer, morris_figure, sobol_figure
from sim.evidence.sensitivity import Noise, is_constant, morris_effects, seed_noise, sobol_indices
from sim.runs import store, terminal
from sim.runs.designs import Morris, Saltelli, unit_sample
from sim.runs.files import write_whole
from sim.runs.finished import FinishedSweep, finished_sweep, refuse_incomplete

HEADS = {"first": "first order", "total": "total", "mu": "mu", "mu_star": "mu*", "sigma": "sigma"}
LEGENDS = {
    "saltelli": "Shares of the outcome's variance, with 95 % bootstrap intervals. First order: what a factor does "
    "alone; total: with all that it does together with others.",
    "morris": "An effect is the change of the outcome over a factor's whole range. mu: mean effect, with a 95 % t "
    "interval; mu*: mean absolute effect, with a 95 % bootstrap interval; sigma: standard deviation of the effects.",
}


def sensitivity_command(
    results: Path, outcomes: Sequence[str], as_json: bool = False, out: Path | None = None
) -> list[Path]:
    """Indices of every outcome and arm, printed, and drawn beside the results; returns the pictures.

    out: one picture of all outcomes instead. Raises ScenarioError for bad input before anything is written.
    """
    found = finished_sweep(results)
    design = found.sweep.design
    if not isinstance(design, Saltelli | Morris):
        message = (
            f"the design of {results / 'sweep.yaml'} is {design.kind}; saltelli gives Sobol' indices, morris effects"
        )
        raise store.refuse("results", message)
    wanted = list(dict.fromkeys(outcomes))
    target = _checked(out) if out is not None else None
    records = sensitivity_records(found, wanted)
    files = {target: wanted} if target else {_beside(results, name): [name] for name in wanted}
    for file, shown in files.items():
        chosen = [record for record in records if record["outcome"] in shown]
        write_whole(file, _picture(design.kind, found, chosen))
    if as_json:
        print(store.json_text({"design": design.kind, "results": str(results), "answers": records}))
    else:
        for record in records:
            _print(design.kind, record, len(found.arms) > 1)
        _say(f"\n{LEGENDS[design.kind]}", "dim")
    for file in files:
        terminal.say(f"Picture: {file}")
    return list(files)


def sensitivity_records(found: FinishedSweep, outcomes: Sequence[str]) -> list[dict[str, Any]]:
    """One record an outcome and arm: `points`, `seeds`, shares of `noise`, and `indices` row by row.

    Raises ScenarioError where the sweep is not complete, or an outcome unknown, missing or the same everywhere.
    """
    design, names = found.sweep.design, list(found.sweep.factors)
    refuse_incomplete(found)
    records = []
    for outcome in outcomes:
        for arm in found.arms:
            table = found.table(arm, outcome)
            if is_constant(table):
                raise store.refuse(
                    "outcome", f"'{outcome}' is the same at every point of arm {arm}: nothing to explain"
                )
            if isinstance(design, Saltelli):
                indices = sobol_indices(table, names, design.second_order)
            else:
                assert isinstance(design, Morris)  # the caller refused the others
                indices = morris_effects(table, unit_sample(design, len(names)), names, design.levels)
            noise = seed_noise(table)
            records.append(
                {
                    "outcome": outcome, "arm": arm, "points": len(table), "seeds": noise.seeds,
                    "noise": {name: getattr(noise, name) for name in ("factors", "common", "joint", "of_means")},
                    "indices": indices.to_dict("records"),
                }
            )  # fmt: skip
    return records


def noise_text(noise: Noise) -> str:
    """What the seeds have to do with it, in words."""
    if noise.factors is None or noise.common is None or noise.joint is None or noise.of_means is None:
        return "one seed a point, so that noise of the seed cannot be told from the factors"
    shares = ", ".join(
        f"{name} {share * 100:.0f} %"
        for name, share in (("factors", noise.factors), ("seed", noise.common), ("both together", noise.joint))
    )
    return f"variance of a run: {shares}; of the points' means {noise.of_means * 100:.1f} % is noise"


def _noise_of(record: dict[str, Any]) -> Noise:
    return Noise(record["seeds"], **record["noise"])


def _picture(kind: str, found: FinishedSweep, records: Sequence[dict[str, Any]]) -> bytes:
    answers = [
        Answer(
            record["outcome"] + (f", arm {record['arm']}" if len(found.arms) > 1 else ""),
            pd.DataFrame(record["indices"]),
            f"{record['points']:,} points x {record['seeds']:,} seeds" + _noise_share(record["noise"]["of_means"]),
        )
        for record in records
    ]
    title = found.sweep.title or "What matters"
    return (sobol_figure if kind == "saltelli" else morris_figure)(answers, title)


def _noise_share(share: float | None) -> str:
    return "" if share is None else f", {share * 100:.1f} % noise of the seeds"


def _print(kind: str, record: dict[str, Any], with_arm: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    arm = f", arm {record['arm']}" if with_arm else ""
    title = f"\n{record['outcome']}{arm}: {record['points']:,} points x {record['seeds']:,} seeds"
    rows = pd.DataFrame(record["indices"])
    heads = [name for name in HEADS if name in set(rows["index"])]
    # Shares have two decimals; effects as many as the outcome's unit asks for.
    largest = 1.0 if kind == "saltelli" else float(rows.loc[rows["index"] == "mu_star", "estimate"].max())
    order = "total" if kind == "saltelli" else "mu_star"
    factors = rows[rows["index"] == order].sort_values("estimate", ascending=False, kind="stable")["factor"]
    table = Table(
        title=title, box=None, title_justify="left", title_style="bold", header_style="dim", padding=(0, 2, 0, 0)
    )
    table.add_column("factor", overflow="fold")
    for head in heads:
        table.add_column(HEADS[head], justify="right", no_wrap=True)
    for factor in factors:
        cells = [rows[(rows["index"] == head) & (rows["factor"] == factor)].iloc[0] for head in heads]
        table.add_row(str(factor), *(_cell(row, largest) for row in cells))
    Console().print(table)
    pairs = rows[rows["index"] == "second"].sort_values("estimate", ascending=False, kind="stable")
    if len(pairs):
        second = Table(title="pairs: beyond what each does alone", box=None, title_justify="left", title_style="dim",
                       show_header=False, padding=(0, 2, 0, 0))  # fmt: skip
        second.add_column(overflow="fold")
        second.add_column(justify="right", no_wrap=True)
        for _, row in pairs.iterrows():
            second.add_row(f"{row['factor']} x {row['with']}", _cell(row, largest))
        Console().print(second)
    _say(noise_text(_noise_of(record)))


def _say(text: str, style: str | None = None) -> None:
    from rich.console import Console

    Console().print(text, markup=False, highlight=False, style=style)


def _cell(row: pd.Series, largest: float) -> str:
    """Estimate and interval with as many decimals as give the largest of the column's kind three figures."""

    def number(value: float) -> str:
        if largest >= 1e5:
            return money_text(value)
        return f"{value:z.{decimals}f}" if largest >= 1e-4 else f"{value:.1e}"

    decimals = max(0, 2 - math.floor(math.log10(largest))) if 1e-4 <= largest < 1e5 else 0
    if math.isnan(row["low"]):  # sigma has no interval
        return number(row["estimate"])
    return f"{number(row['estimate'])} [{number(row['low'])}, {number(row['high'])}]"


def _beside(results: Path, outcome: str) -> Path:
    if not store.NAME_PATTERN.fullmatch(outcome):
        raise store.refuse("outcome", f"{outcome!r} can be part of no file name; say with --out where the picture goes")
    return results / f"sensitivity_{outcome}.png"


def _checked(out: Path) -> Path:
    if out.suffix != ".png" or out.is_dir():
        raise store.refuse("out", f"{str(out)!r} is no picture; give a file that ends in .png")
    if not out.parent.is_dir():
        raise store.refuse("out", f"{str(out.parent)!r} is no folder; make it first")
    return out
