"""Stylised facts of 20 simulated days and the book of 8 August 2024, each beside its band and the real figures."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from sim.evidence.analysis import Analysis
from sim.evidence.band_table import Ends, Table
from sim.evidence.book_facts import DEPTH_BP, RATE_EDGES_BP
from sim.evidence.figures_calm import BookShape, CalmFacts, Law, book_figure, facts_figure
from sim.evidence.stylised_facts import (
    Statistic,
    autocorrelation,
    block_bootstrap,
    hill,
    horizon_table,
    impact_law,
    log_returns,
)

REAL = YAML(typ="safe").load(Path(__file__).with_name("real_windows.yaml").read_text(encoding="utf-8"))
WINDOW_NAMES = {"quiet_2023": "real, quiet, July 2023", "normal_2025": "real, normal, May 2025"}
CALM = "calm"
BLOCK = 1_440  # minutes of a bootstrap block, a day: memory of |returns| reaches over hours
SIGN_BLOCK = 240  # the same for returns themselves, whose memory is short
RESAMPLES = 200
TOLERANCE = 0.2
ACF_LAGS = range(1, 61)
SIZES = np.geomspace(1e5, 1e7, 9)
DURATIONS = np.rint(np.geomspace(12, 480, 7))


def analyse(runs: pd.DataFrame) -> Analysis:
    """Verdicts on the claims, arms with a mechanism switched off, two pictures."""
    good = runs[runs["error"].isna()]
    facts, books, arms = Table(), Table(), []
    paths = _paths(good, CALM)
    returns = [log_returns(path, 1) for path in paths]
    _returns(facts, paths, returns, _rows(good, CALM, "day"))
    laws = _impact(facts, good)
    shape = _book(books, _rows(good, CALM, "book"))
    others = {}
    for arm in dict.fromkeys(good["arm"]):
        arms.append(_arm(good, str(arm)))
        if str(arm) in ("constant_volatility", "zero_intelligence") and (days := _paths(good, str(arm))):
            moved = [np.abs(log_returns(path, 1)) for path in days]
            others[str(arm).replace("_", " ")] = np.asarray([autocorrelation(moved, lag) for lag in REAL["lags"]])
    every = facts.texts + books.texts
    judged = [row for row in every if row["verdict"]]
    outside = [row["quantity"] for row in judged if row["verdict"] == "out"]
    unsure = [row["quantity"] for row in judged if row["verdict"] == "unsure"]
    inside = len(judged) - len(outside) - len(unsure)
    verdict = f"{inside} of {len(judged)} figures are inside their bands ({len(paths)} days)."
    if unsure:
        verdict += " Outside, but too few days to be sure: " + "; ".join(unsure) + "."
    if outside:
        verdict += " Outside: " + "; ".join(outside) + "."
    figures = {
        "stylised_facts": facts_figure(
            _facts_of(paths, returns, laws, others),
            {WINDOW_NAMES[name]: window for name, window in REAL["windows"].items()},
            Law(*np.asarray(REAL["response"], dtype=float).T, "recorded book, by size, after 5 s (2 s.e.)"),
        ),
        "book": book_figure(DEPTH_BP, RATE_EDGES_BP, [shape, _recorded("fit"), _recorded("rest")]),
    }
    brief = {
        "stylised facts": pd.DataFrame(facts.texts)[["quantity", "simulated", "band", "verdict"]],
        "book of 8 August 2024": pd.DataFrame(books.texts)[["quantity", "simulated", "real", "verdict"]],
        "with a mechanism switched off": pd.DataFrame(arms),
    }
    table = pd.DataFrame(every)
    numbers = pd.DataFrame(facts.numbers + books.numbers)
    return Analysis(table, brief, numbers, figures, verdict, {"outside": outside, "days": len(paths), "arms": arms})


def _rows(good: pd.DataFrame, arm: str, part: str) -> pd.DataFrame:
    return good[(good["arm"] == arm) & (good["part"] == part)]


def _paths(good: pd.DataFrame, arm: str) -> list[np.ndarray]:
    """One-minute mids of each day of an arm."""
    days = _rows(good, arm, "day")
    texts = days["minutes"].dropna().tolist() if "minutes" in days else []
    return [np.asarray(text.split(), dtype=float) for text in texts]


def _responses(good: pd.DataFrame, arm: str, part: str) -> np.ndarray | None:
    rows = _rows(good, arm, part)
    texts = rows["responses"].dropna().tolist() if "responses" in rows else []
    lines = [line.split() for text in texts for line in str(text).split(";")]
    return np.asarray(lines, dtype=float) if lines else None


def _returns(table: Table, paths: list[np.ndarray], returns: list[np.ndarray], days: pd.DataFrame) -> None:
    windows = list(REAL["windows"].values())
    every = np.concatenate(returns)

    def interval(figure: Statistic, factor: float = 1.0, block: int = BLOCK) -> Ends:
        found = block_bootstrap(returns, figure, block, RESAMPLES)
        return None if found.low is None or found.high is None else (found.low * factor, found.high * factor)

    def real(name: str, place: int | None = None, digits: int = 2) -> str:
        values = [window[name] if place is None else window[name][place] for window in windows]
        return ", ".join(f"{value:.{digits}f}" for value in values)

    table.add(
        "volatility of minutes, bp", float(every.std() * 1e4), (3.0, 7.0), interval(Statistic("volatility"), 1e4),
        real("volatility_bp"),
    )  # fmt: skip
    table.add(
        "Hill exponent, top 5 % of |1 min|", hill(np.abs(every)), (2.5, 5.0), interval(Statistic("hill")), real("hill")
    )
    table.add("Hill exponent, top 1 %", hill(np.abs(every), 0.01), None, interval(Statistic("hill", share=0.01)))
    memory = [autocorrelation(returns, lag) for lag in ACF_LAGS]
    worst = int(np.argmax(np.abs(memory)))
    table.add(
        f"acf of returns, the largest of lags 1 to 60 min (lag {worst + 1})", memory[worst], (-0.05, 0.05),
        interval(Statistic("autocorrelation", worst + 1), block=SIGN_BLOCK), digits=3,
    )  # fmt: skip
    lagged = [name for name in days if name.startswith("second_acf_") and name != "second_acf_1"]
    seconds = {name: float(days[name].mean()) for name in lagged}
    name = max(seconds, key=lambda key: abs(seconds[key]))
    table.add(
        f"acf of 1 s returns beyond a minute, largest (lag {name.split('_')[-1]} s)", seconds[name],
        (-0.05, 0.05), digits=3,
    )  # fmt: skip
    places = (("1 min", 1, (0.05, 1.0), "above 0.05"), ("5 min", 5, None, ""), ("60 min", 60, None, ""))
    for label, lag, band, shown in places:
        sizes = [np.abs(day) for day in returns]
        table.add(
            f"acf of |returns| at {label}", autocorrelation(sizes, lag), band,
            interval(Statistic("autocorrelation_of_size", lag)),
            real("acf_of_size", REAL["lags"].index(lag)), 3, shown,
        )  # fmt: skip
    kurtosis = {h: k for h, _, k in horizon_table(paths, REAL["horizons"])}
    for horizon, place, above in ((1, 0, None), (60, 4, 1), (240, 5, 60)):
        table.add(
            f"excess kurtosis at {horizon} min", kurtosis[horizon], None if above is None else (-3.0, kurtosis[above]),
            real=real("kurtosis", place, 1), shown="" if above is None else f"below that at {above} min",
        )  # fmt: skip


def _impact(table: Table, good: pd.DataFrame) -> list[Law]:
    laws = []
    for part, words, label in (
        ("single_orders", "single orders", "one marketable order, after 5 s (2 s.e.)"),
        ("metaorders", "metaorders", "metaorder at 10 % participation, peak"),
    ):
        responses = _responses(good, CALM, part)
        if responses is None:
            continue
        sizes = SIZES if part == "single_orders" else DURATIONS * float(_rows(good, CALM, part)["rate"].mean())
        means, errors = responses.mean(axis=0), responses.std(axis=0) / np.sqrt(len(responses))
        laws.append(Law(sizes, means, errors, label))
        try:
            law = impact_law(sizes, responses)
        except ValueError:
            table.add(f"impact exponent of {words}", None, (0.4, 0.7))
            continue
        ends = None if law.low is None or law.high is None else (law.low, law.high)
        table.add(f"impact exponent of {words}", law.exponent, (0.4, 0.7), ends)
        table.add(
            f"decades of size, {words} (R squared {law.r_squared:.2f})", law.decades, (1.5, 10.0), shown="1.5 or more"
        )
    return laws


def _book(table: Table, runs: pd.DataFrame) -> BookShape:
    """Each figure over that of the recorded rest; `real` holds the rest and, for the reader, the fitted part."""
    fit, rest = REAL["book"]["fit"], REAL["book"]["rest"]
    known = [name for name in runs if pd.api.types.is_numeric_dtype(runs[name]) and runs[name].notna().any()]
    means = {name: float(runs[name].mean()) for name in known}

    def judge(name: str, value: float, fitted: float, target: float, unit: float = 1.0, digits: int = 2) -> None:
        moved = f"{target / unit:.{digits}f} (first part {fitted / unit:.{digits}f})"
        band = ((1.0 - TOLERANCE) * target / unit, (1.0 + TOLERANCE) * target / unit)
        table.add(
            name, value / unit, band, None, moved, digits, f"{band[0]:.{digits}f} to {band[1]:.{digits}f}",
            f"{value / fitted - 1.0:+.0%} of the fit",
        )  # fmt: skip

    judge("spread, bp", means["spread_bp"], fit["spread_bp"], rest["spread_bp"], digits=4)
    for distance in (1.0, 5.0, 10.0):
        place = DEPTH_BP.index(distance)
        for side in ("bid", "ask"):
            key = f"{side}_depth"
            judge(
                f"{side} depth within {distance:g} bp, million", means[f"{side}_{distance:g}"], fit[key][place],
                rest[key][place], 1e6,
            )  # fmt: skip
    for word, key in (("increases", "up"), ("decreases", "down")):
        for low, high in ((0.0, 1.0), (1.0, 10.0), (10.0, 100.0)):
            chosen = [n for n, edge in enumerate(RATE_EDGES_BP[1:]) if low < edge <= high]
            value = sum(means[f"{key}_{RATE_EDGES_BP[n + 1]:g}"] for n in chosen)
            judge(
                f"level {word} a second, {low:g} to {high:g} bp", value, sum(fit[word][n] for n in chosen),
                sum(rest[word][n] for n in chosen), digits=0,
            )  # fmt: skip
    judge("marketable orders a second", means["orders_per_s"], fit["orders_per_s"], rest["orders_per_s"], digits=1)
    table.add("share of messages at one tick", means["one_tick_messages"], real=f"{rest['one_tick_messages']:.2f}")
    table.add(
        "mean increase within 10 bp, thousand",
        means["increase_mean"] / 1e3,
        real=f"{fit['increase_mean'] / 1e3:.0f}",
        digits=0,
    )
    table.add("sign autocorrelation of orders, lag 1", means["sign_1"], real=f"{fit['signs'][0]:.2f}")
    return BookShape(
        "simulated",
        [means[f"bid_{distance:g}"] for distance in DEPTH_BP],
        [means[f"ask_{distance:g}"] for distance in DEPTH_BP],
        [means[f"up_{edge:g}"] for edge in RATE_EDGES_BP[1:]],
    )


def _recorded(name: str) -> BookShape:
    facts: dict[str, Any] = REAL["book"][name]
    return BookShape(
        {"fit": "recorded, first 4 min", "rest": "recorded, the rest"}[name],
        facts["bid_depth"],
        facts["ask_depth"],
        facts["increases"],
    )


def _facts_of(
    paths: list[np.ndarray], returns: list[np.ndarray], laws: list[Law], others: dict[str, np.ndarray]
) -> CalmFacts:
    every = np.concatenate(returns)
    scaled, sizes = np.abs(every) / every.std(), [np.abs(day) for day in returns]
    return CalmFacts(
        thresholds=REAL["thresholds"],
        survival=np.asarray([float((scaled > threshold).mean()) for threshold in REAL["thresholds"]]),
        lags=REAL["lags"],
        acf=np.asarray([autocorrelation(returns, lag) for lag in REAL["lags"]]),
        acf_of_size=np.asarray([autocorrelation(sizes, lag) for lag in REAL["lags"]]),
        horizons=REAL["horizons"],
        kurtosis=np.asarray([kurtosis for _, _, kurtosis in horizon_table(paths, REAL["horizons"])]),
        laws=laws,
        others=others,
    )


def _arm(good: pd.DataFrame, arm: str) -> dict[str, str]:
    """The few figures that tell what a mechanism carries."""
    row = {
        "arm": arm,
        "vol bp": "-",
        "Hill 5 %": "-",
        "acf |r| 1 min": "-",
        "kurtosis": "-",
        "1 M, bp": "-",
        "meta exp.": "-",
    }
    if paths := _paths(good, arm):
        returns = [log_returns(path, 1) for path in paths]
        every = np.concatenate(returns)
        tail = hill(np.abs(every))
        row |= {
            "vol bp": f"{every.std() * 1e4:.2f}",
            "Hill 5 %": "-" if tail is None else f"{tail:.1f}",
            "acf |r| 1 min": f"{autocorrelation([np.abs(day) for day in returns], 1):.3f}",
            "kurtosis": f"{horizon_table(paths, (1,))[0][2]:.1f}",
        }
    single = _responses(good, arm, "single_orders")
    if single is not None:
        row["1 M, bp"] = f"{single[:, len(SIZES) // 2].mean():.2f}"
    meta = _responses(good, arm, "metaorders")
    if meta is not None and (meta.mean(axis=0) > 0).all():
        row["meta exp."] = f"{impact_law(DURATIONS, meta, 2).exponent:.2f}"
    return row
