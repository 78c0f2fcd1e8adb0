"""Pictures of a calm market beside real windows: four stylised facts, and a book by distance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.evidence.canvas import BLUE, GREEN, GREY, INK, ORANGE, RED, money_axis, new_figure, png, styled

Floats = NDArray[np.float64]

WINDOW_LOOKS = ((ORANGE, "s"), (GREEN, "^"))


@dataclass(frozen=True)
class Law:
    """Responses by size with twice their standard errors, and the words of the legend."""

    sizes: Floats
    means: Floats
    errors: Floats
    label: str


@dataclass(frozen=True)
class CalmFacts:
    """What the picture of stylised facts shows of a simulated market; lists run along thresholds, lags and horizons."""

    thresholds: Sequence[float]
    survival: Floats
    lags: Sequence[int]
    acf: Floats
    acf_of_size: Floats
    horizons: Sequence[int]
    kurtosis: Floats
    laws: Sequence[Law]
    others: Mapping[str, Floats] = field(default_factory=dict)  # acf_of_size of other arms


def facts_figure(calm: CalmFacts, windows: Mapping[str, Mapping[str, Any]], recorded: Law) -> bytes:
    """Tail, memory, aggregation and impact; `windows` as in real_windows.yaml, by the words of the legend."""
    with styled():
        figure, axes = new_figure(11.0, 8.2, 2, 2)
        _tail(axes[0, 0], calm, windows)
        _memory(axes[0, 1], calm, windows)
        _aggregation(axes[1, 0], calm, windows)
        _impact(axes[1, 1], calm.laws, recorded)
        return png(figure)


def _tail(panel: Any, calm: CalmFacts, windows: Mapping[str, Mapping[str, Any]]) -> None:
    from scipy.special import ndtr

    thresholds = np.asarray(calm.thresholds)
    seen = calm.survival > 0
    panel.plot(thresholds[seen], calm.survival[seen], color=BLUE, marker="o", label="simulated, 1 min")
    for (name, window), (colour, marker) in zip(windows.items(), WINDOW_LOOKS, strict=False):
        panel.plot(thresholds, window["survival"], color=colour, marker=marker, linestyle="none", label=name)
    grid = np.linspace(0.5, 5.0, 60)
    panel.plot(grid, 2.0 * ndtr(-grid), color=GREY, linestyle="--", label="Gaussian")
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_ylim(2e-5, 1.0)
    panel.set_xticks([0.5, 1, 2, 3, 5, 10], ["0.5", "1", "2", "3", "5", "10"])
    panel.minorticks_off()
    panel.set_xlabel("|one-minute return|, in standard deviations")
    panel.set_ylabel("share of minutes beyond")
    panel.set_title("Return distribution")
    panel.legend(loc="lower left")


def _memory(panel: Any, calm: CalmFacts, windows: Mapping[str, Mapping[str, Any]]) -> None:
    panel.axhline(0.0, color=INK, linewidth=0.8)
    panel.axhspan(-0.05, 0.05, color=GREY, alpha=0.18, linewidth=0)
    panel.plot(calm.lags, calm.acf_of_size, color=BLUE, marker="o", label="|returns|, simulated")
    for (name, window), (colour, marker) in zip(windows.items(), WINDOW_LOOKS, strict=False):
        panel.plot(
            calm.lags, window["acf_of_size"], color=colour, marker=marker, linestyle="none", label=f"|returns|, {name}"
        )
    for (name, values), style in zip(calm.others.items(), ("--", ":"), strict=False):
        panel.plot(calm.lags, values, color=RED, linestyle=style, label=f"|returns|, {name}")
    panel.plot(calm.lags, calm.acf, color=INK, marker=".", linewidth=0.9, label="returns, simulated (band: 0.05)")
    panel.set_xscale("log")
    panel.set_xticks([1, 2, 5, 10, 30, 60, 240], ["1", "2", "5", "10", "30", "60", "240"])
    panel.minorticks_off()
    panel.set_ylim(-0.12, 0.42)
    panel.set_xlabel("lag, minutes")
    panel.set_ylabel("autocorrelation")
    panel.set_title("Memory of one-minute returns")
    panel.legend(loc="upper right", fontsize=8)


def _aggregation(panel: Any, calm: CalmFacts, windows: Mapping[str, Mapping[str, Any]]) -> None:
    panel.plot(calm.horizons, calm.kurtosis, color=BLUE, marker="o", label="simulated")
    for (name, window), (colour, marker) in zip(windows.items(), WINDOW_LOOKS, strict=False):
        panel.plot(calm.horizons, window["kurtosis"], color=colour, marker=marker, linestyle=":", label=name)
    panel.set_xscale("log")
    panel.set_yscale("symlog", linthresh=1.0)
    panel.set_yticks([-1, 0, 1, 3, 10, 30, 100, 300], ["-1", "0", "1", "3", "10", "30", "100", "300"])
    panel.set_ylim(-1.2, 700.0)
    panel.set_xticks(list(calm.horizons), [str(horizon) for horizon in calm.horizons])
    panel.minorticks_off()
    panel.axhline(0.0, color=GREY, linestyle="--", linewidth=1.0)
    panel.set_xlabel("horizon, minutes")
    panel.set_ylabel("excess kurtosis (Gaussian: 0)")
    panel.set_title("Kurtosis falls with the horizon")
    panel.legend(loc="upper right")


def _impact(panel: Any, laws: Sequence[Law], recorded: Law) -> None:
    for law, colour, marker in zip(laws, (BLUE, RED), ("o", "D"), strict=False):
        panel.errorbar(
            law.sizes, law.means, yerr=2.0 * law.errors, color=colour, marker=marker, capsize=2, label=law.label
        )
    panel.errorbar(
        recorded.sizes, recorded.means, yerr=2.0 * recorded.errors, color=ORANGE, marker="s", linestyle="none",
        capsize=2, label=recorded.label,
    )  # fmt: skip
    if laws:
        first = laws[0]
        middle = len(first.sizes) // 2
        panel.plot(
            first.sizes, first.means[middle] * np.sqrt(first.sizes / first.sizes[middle]), color=GREY, linestyle="--",
            label="square root",
        )  # fmt: skip
    panel.set_xscale("log")
    panel.set_yscale("log")
    money_axis(panel.xaxis)
    panel.set_ylim(0.08, 20.0)
    panel.set_yticks([0.1, 0.3, 1, 3, 10], ["0.1", "0.3", "1", "3", "10"])
    panel.minorticks_off()
    panel.set_xlabel("size of the order, USD")
    panel.set_ylabel("move of the mid, bp")
    panel.set_title("Impact")
    panel.legend(loc="upper left", fontsize=8)


@dataclass(frozen=True)
class BookShape:
    """Depth by distance a side (money) and level increases a second by bin."""

    label: str
    bid: Sequence[float]
    ask: Sequence[float]
    increases: Sequence[float]


def book_figure(distances: Sequence[float], edges: Sequence[float], books: Sequence[BookShape]) -> bytes:
    """Depth and order rates by distance; the first book is the simulated one, the others are recorded."""
    looks = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"))
    with styled():
        figure, axes = new_figure(11.0, 4.6, 1, 2)
        depth, rates = axes[0]
        for number, (book, (colour, marker)) in enumerate(zip(books, looks, strict=False)):
            # The simulated book lies on top, in small, where it is the recorded one.
            common = {"color": colour, "marker": marker, "markersize": 8 if number else 4, "zorder": 3 if number else 6}
            depth.plot(distances, book.ask, label=f"{book.label}, asks", **common)
            hollow = common | {"linestyle": ":", "markerfacecolor": "white"}
            depth.plot(distances, book.bid, label=f"{book.label}, bids", **hollow)
        depth.set_xscale("log")
        depth.set_yscale("log")
        money_axis(depth.yaxis)
        depth.set_xticks(list(distances), [f"{distance:g}" for distance in distances])
        depth.minorticks_off()
        depth.set_xlabel("distance from the mid, bp")
        depth.set_ylabel("cumulative depth a side, USD")
        depth.set_title("Depth")
        depth.legend(loc="upper left", fontsize=8)
        places, width = np.arange(len(edges) - 1), 0.8 / len(books)
        for number, (book, (colour, _)) in enumerate(zip(books, looks, strict=False)):
            rates.bar(places + (number - 1) * width, book.increases, width, color=colour, label=book.label)
        rates.set_xticks(places, [f"{low:g}-{high:g}" for low, high in zip(edges, edges[1:], strict=False)])
        rates.set_xlabel("distance from the mid, bp")
        rates.set_ylabel("level increases a second, both sides")
        rates.set_title("Order rates")
        rates.legend(loc="upper left")
        return png(figure)
