"""`firesale population`: the people of a file as they stand at the start, drawn and counted; nothing is played."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.evidence.canvas import money_text
from sim.evidence.people import NEAR, People
from sim.runs import store, terminal
from sim.scenario import Scenario, ScenarioError, configs_folder, find_scenario, load, population_names, scenario_names
from sim.scenario.document import read_document
from sim.scenario.errors import Position, did_you_mean, problem_at
from sim.scenario.overrides import Setting
from sim.scenario.schedules import leverage_cap

WORDS = ("median", "p90", "max")

if TYPE_CHECKING:
    from sim.engine.session import Session


def people_scenario(people: str, world: str, settings: list[Setting]) -> Scenario:
    """The scenario that `people` is, or the world with the people of that population file on its first venue.

    Raises ScenarioError.
    """
    file = _population_file(people)
    if file is None:
        return load(people, settings)
    venue = next(iter(load(world).venues))
    include = Setting(("populations",), {"from": str(file), "venue": venue}, people)
    return load(world, [include, *settings])


def _population_file(people: str) -> Path | None:
    """The population file of a path or name; None for a scenario."""
    path = Path(people)
    if path.is_file():
        tree = read_document(path, people).tree
        return None if {"from", "venues", "instruments"} & set(tree) or "populations" not in tree else path.resolve()
    if people in population_names():
        return configs_folder() / "populations" / f"{people}.yaml"
    try:
        find_scenario(people)
    except ScenarioError:
        found = did_you_mean(people, [*population_names(), *scenario_names()])
        raise ScenarioError(
            [problem_at(Position(people, 0, 0), "", f"no such population file or scenario{found}")]
        ) from None
    return None


def people_of(scenario: Scenario, session: "Session") -> list[People]:
    """Every population at the present moment of a session, in the order of the scenario."""
    from sim.agents.readings import account_rows
    from sim.engine.levels import liquidation_levels

    world, names = session.world, session.names
    found = []
    for row, record in enumerate(scenario.populations, start=1):
        first = int(world.populations[row]["first_trader"])
        last = first + int(world.populations[row]["n_traders"])
        accounts = account_rows(session, first, last)
        distances, exposed = [], []
        for k in range(len(names.instruments)):
            price, notional = liquidation_levels(world, k, np.arange(first, last), names.tick_size[k], names.atom)
            mark = int(world.instruments[k]["mark_price"]) * names.tick_size[k]
            distances.append(price / mark - 1.0)
            exposed.append(notional)
        initial = world.traders["initial_rate"][first:last]
        margin = scenario.venues[record.venue].margin
        found.append(
            People(
                name=record.name,
                kind=record.kind,
                long=np.maximum(accounts.value, 0.0).sum(axis=0),
                short=np.maximum(-accounts.value, 0.0).sum(axis=0),
                equity=accounts.equity,
                wallet=accounts.balance,
                chosen_leverage=int(world.clock[0]["rate_scale"]) / np.maximum(initial, 1),
                distance=np.concatenate(distances),
                exposed=np.concatenate(exposed),
                leverage_cap=max(leverage_cap(margin, contract) for contract in margin.schedules),
                largest_share=getattr(record, "largest_share", None),
            )
        )
    return found


def population_command(
    people: str, world: str, settings: list[Setting], seed: int | None, out: Path | None, as_json: bool
) -> Path:
    """Draw the people of one seed, write pictures and figures, print a table; returns the folder."""
    from sim.evidence.figures_people import people_figure
    from sim.scenario.build import build_session

    scenario = people_scenario(people, world, settings)
    name = Path(people).stem
    chosen = scenario.seed if seed is None else seed
    target = store.results_folder(f"population-{name}-{chosen}", out)
    store.prove_writable(target)
    drawn = people_of(scenario, build_session(scenario, chosen))
    records = [one.figures() | {"liquidation_map": one.liquidation_map()} for one in drawn]
    summary = {
        "people": name, "scenario": scenario.name, "seed": chosen, "config_hash": scenario.config_hash,
        "populations": records,
    }  # fmt: skip
    with store.new_folder(target) as folder:
        folder.write_json("population.json", summary)
        for one in drawn:
            if one.notional.any():
                picture = people_figure(one, f"{one.name} of {name} at the start, seed {chosen}")
                folder.write_bytes(f"figures/{one.name}.png", picture)
    if as_json:
        print(store.json_text(summary))
    else:
        _print(f"{name}: who stands where at the start, seed {chosen}", records)
    terminal.say(f"Results: {folder.final}")
    return folder.final


def people_rows(records: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Head and one row a population."""
    near = " / ".join(f"{move * 100:.0f}" for move in NEAR)
    rows: list[tuple[str, ...]] = [
        (
            "",
            "rows",
            "notional",
            "longs",
            "leverage: median\n/ 90 % / max.",
            f"% of it within\n{near} %",
            "largest\naccount",
        )
    ]
    for r in records:
        if not r["notional"]:
            rows.append((r["population"], f"{r['rows']:,}", "0", "-", "-", "-", "-"))
            continue
        leverage = " / ".join("-" if r[f"leverage_{w}"] is None else f"{r[f'leverage_{w}']:.3g}" for w in WORDS)
        shares = " / ".join(f"{r[f'within_{move * 100:.0f}_percent'] * 100:.1f}" for move in NEAR)
        notional = money_text(r["notional"])
        cells = (_percent(r["long_share"]), leverage, shares, _percent(r["largest_account_share"]))
        rows.append((r["population"], f"{r['rows']:,}", notional, *cells))
    return rows


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.1f} %"


def _print(title: str, records: list[dict[str, Any]]) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    head, *rows = people_rows(records)
    table = Table(
        title=title, box=SIMPLE, title_justify="left", title_style="bold", padding=0, caption_justify="left",
        caption="leverage: notional over equity; within: notional that such a move of the mark would liquidate",
    )  # fmt: skip
    for number, text in enumerate(head):
        table.add_column(text, justify="left" if number == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
