"""Which pictures a run gets: three of each instrument's market, and one of each venue's fund."""

from typing import TYPE_CHECKING

import pandas as pd

from sim.evidence.evaluation import evaluation_frame, profit_frame
from sim.evidence.figures_fund import fund_figure
from sim.evidence.figures_map import map_figure
from sim.evidence.figures_market import NewsLeg, activity_figure, price_figure
from sim.evidence.figures_profit import profit_figure
from sim.evidence.summary import who_paid

if TYPE_CHECKING:
    from sim.runs.run import RunResult
    from sim.scenario import Scenario
    from sim.scenario.records import Instrument


def news_legs(scenario: "Scenario", instrument: "Instrument") -> list[NewsLeg]:
    """The news that falls into the run, in the order of time."""
    flip = -1.0 if scenario.mirror else 1.0
    found = sorted(instrument.news, key=lambda item: item.start_step)
    return [
        NewsLeg(item.start_step, min(item.start_step + item.duration_steps, scenario.steps), flip * item.size)
        for item in found
        if item.start_step < scenario.steps
    ]


def run_pictures(scenario: "Scenario", result: "RunResult", steps: pd.DataFrame) -> dict[str, bytes]:
    """PNG bytes by name: price, liquidation map and activity by instrument, fund by venue, profit by population."""
    pictures: dict[str, bytes] = {}
    seconds = scenario.step_seconds
    by_venue: dict[str, pd.DataFrame] = {}
    for row, instrument in enumerate(scenario.instruments):
        name, venue = instrument.name, instrument.venue
        rows = steps[steps["instrument"] == name].reset_index(drop=True)
        by_venue.setdefault(venue, rows)
        news = news_legs(scenario, instrument)
        pictures[f"price_{name}"] = price_figure(rows, f"{name} on {venue}: prices and liquidations", seconds, news)
        pictures[f"activity_{name}"] = activity_figure(
            rows, f"{name} on {venue}: open interest, depth and spread", seconds, news
        )
        if result.maps:
            pictures[f"liquidation_map_{name}"] = map_figure(
                result.maps[row], rows, f"{name} on {venue}: liquidation map, and the price that walks into it", seconds
            )
    names, funds = result.session.names, result.session.world.funds
    for position, venue in enumerate(names.venues):
        if venue in by_venue:
            layers = [x for x in scenario.venues[venue].waterfall if x.kind == "insurance_fund"]
            endless = bool(layers) and all(layer.inexhaustible for layer in layers)
            drain = float(by_venue[venue]["net_drain"].iloc[-1])
            paid = who_paid(funds[position : position + 1], drain, names.atom)
            title = f"Insurance fund of {venue}"
            pictures[f"fund_{venue}"] = fund_figure(by_venue[venue], paid, title, seconds, endless)
    pictures["profit"] = profit_figure(
        evaluation_frame(result.evaluation), profit_frame(result.profit_steps, names),
        "Who won, who lost, and by what", seconds,
    )  # fmt: skip
    return pictures
