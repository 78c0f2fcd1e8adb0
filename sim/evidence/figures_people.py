"""A population in one picture: sizes, leverage, and where its liquidations wait."""

from typing import Any

import numpy as np

from sim.evidence import canvas
from sim.evidence.people import MAP_REACH, People


def people_figure(people: People, title: str) -> bytes:
    """Sizes and wallets, leverage, liquidation map and its running sum, at the start."""
    with canvas.styled():
        figure, grid = canvas.new_figure(11.0, 8.0, rows=2, columns=2)
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12)
        _sizes(grid[0, 0], people)
        _leverage(grid[0, 1], people)
        _map(grid[1, 0], people)
        _running_sum(grid[1, 1], people)
        return canvas.png(figure)


def _sizes(axes: Any, people: People) -> None:
    """Share of accounts at least this large, on logarithmic axes: a straight line is a power law."""
    axes.set(title="Sizes of accounts", xlabel="quote units", ylabel="share of accounts at least as large")
    smallest = np.inf
    for label, values, colour in (
        ("notional", people.notional, canvas.BLUE),
        ("money brought in", people.wallet, canvas.ORANGE),
    ):
        values = np.sort(values[values > 0.0])
        if not len(values):
            continue
        axes.plot(values, 1.0 - np.arange(len(values)) / len(values), color=colour, label=label)
        smallest = min(smallest, float(np.quantile(values, 0.001)))
    total = float(people.notional.sum())
    if people.largest_share is not None and total > 0.0:
        cap = people.largest_share * total
        axes.axvline(cap, color=canvas.INK, linestyle=(0, (4, 3)), linewidth=1.0)
        axes.annotate(
            f"cap {people.largest_share * 100:g} %\n{canvas.money_text(cap)}", (cap, 0.97), xytext=(-4, 0),
            xycoords=("data", "axes fraction"), textcoords="offset points", ha="right", va="top", fontsize=9,
        )  # fmt: skip
    axes.set(xscale="log", yscale="log")
    axes.set_xlim(left=smallest if np.isfinite(smallest) else None)
    canvas.money_axis(axes.xaxis)
    axes.yaxis.set_major_formatter(lambda value, _position: f"{value * 100:.10g} %")
    axes.legend(loc="lower left")


def _leverage(axes: Any, people: People) -> None:
    """Share of the notional of holders by leverage, chosen and effective."""
    held = (people.notional > 0.0) & (people.equity > 0.0)
    axes.set(title="Leverage", xlabel="leverage (log scale)", ylabel="share of accounts with a position")
    if not held.any():
        canvas.note(axes, "nobody holds a position")
        return
    effective, chosen = people.effective_leverage, people.chosen_leverage[held]
    least = min(float(effective.min()), float(chosen.min()))
    most = max(float(np.quantile(effective, 0.999)), float(chosen.max()), least * 1.5)
    edges = np.geomspace(least * 0.98, most * 1.02, 41)
    for label, values, style in (
        ("chosen", chosen, {"histtype": "stepfilled", "color": canvas.SKY, "alpha": 0.55}),
        ("effective: notional over equity", effective, {"histtype": "step", "color": canvas.RED, "linewidth": 1.5}),
    ):
        median = f"{label}, median {np.median(values):.3g}"
        axes.hist(values, bins=edges, weights=np.full(len(values), 1.0 / len(values)), label=median, **style)
    axes.axvline(people.leverage_cap, color=canvas.INK, linestyle=(0, (4, 3)), linewidth=1.0, label="venue's cap")
    axes.set_xscale("log")
    canvas.thousands_axis(axes.xaxis)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, columnspacing=1.0, handlelength=1.4)


def _map(axes: Any, people: People) -> None:
    """Notional that a move of the mark liquidates, by the size of the move."""
    found = people.liquidation_map()
    edges = np.asarray(found["edges"]) * 100.0
    axes.set(
        title="Liquidation map", xlabel="move of the mark that liquidates, %",
        ylabel=f"notional, quote units in {edges[1] - edges[0]:.2g} % of price",
    )  # fmt: skip
    axes.set_xlim(edges[0], edges[-1])
    if not any(map(any, (found["long"], found["short"]))):
        axes.set_yticks([])
        canvas.note(axes, f"nothing within {MAP_REACH * 100:.0f} %")
        return
    for word, colour in (("long", canvas.RED), ("short", canvas.BLUE)):
        axes.bar(edges[:-1], found[word], width=np.diff(edges), align="edge", color=colour, label=f"{word}s")
    axes.axvline(0.0, color=canvas.INK, linewidth=0.9)
    canvas.money_axis(axes.yaxis)
    axes.legend(loc="upper right")


def _running_sum(axes: Any, people: People) -> None:
    """Share of the population's notional that is gone after a move of this size, either way."""
    total = float(people.notional.sum())
    axes.set(
        title="What a move would liquidate", xlabel="size of the move, %",
        ylabel="share of the population's notional, %\n(all else as it is, without cascades)",
    )  # fmt: skip
    if total <= 0.0:
        canvas.note(axes, "nobody holds a position")
        return
    for word, chosen, colour in (
        ("fall: longs", people.exposed > 0.0, canvas.RED),
        ("rise: shorts", people.exposed < 0.0, canvas.BLUE),
    ):
        order = np.argsort(np.abs(people.distance[chosen]))
        reach = np.abs(people.distance[chosen])[order] * 100.0
        axes.plot(
            np.append(0.0, reach), np.append(0.0, np.cumsum(np.abs(people.exposed[chosen])[order])) / total * 100.0,
            color=colour, label=word, drawstyle="steps-post",
        )  # fmt: skip
    near = np.abs(people.exposed[np.abs(people.distance) <= MAP_REACH]).sum() / total * 100.0
    axes.set_xlim(0.0, MAP_REACH * 100.0)
    axes.set_ylim(0.0, max(float(near), 1.0))
    axes.legend(loc="upper left")
