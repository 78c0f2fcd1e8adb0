"""Rows of integers become frames in natural units: quote units for money and prices, base units for sizes."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.evidence.calls import liquidated_after, of_kind
from sim.evidence.inputs import NamesLike
from sim.terms.vocabulary import (
    EVENT_CALL_MET,
    EVENT_CALL_MISSED,
    EVENT_CALL_PAYMENT,
    EVENT_KINDS,
    EVENT_MARGIN_CALL,
    EVENT_ORDER_REJECTED,
    NONE,
)

Rows = NDArray[Any]

RATE_PARTS = 1e9  # of a margin rate in STEPS

MONEY_COLUMNS = {
    "traded_value": "traded_notional",
    "liquidated_long": "liquidated_long",
    "liquidated_short": "liquidated_short",
    "adl_value": "adl_notional",
    "fund_cash": "fund_cash",
    "fund_equity": "fund_equity",
    "fund_need": "fund_need",
    "net_drain": "net_drain",
    "gross_drain": "gross_drain",
}


def _names(codes: Rows, categories: tuple[str, ...]) -> "pd.Categorical[Any]":
    """Names of index columns; a code outside the table (NONE) is missing."""
    known = np.where((codes >= 0) & (codes < len(categories)), codes, -1)
    return pd.Categorical.from_codes(known.astype(np.int64), dtype=pd.CategoricalDtype(list(categories)))


def _whole(values: Rows) -> pd.arrays.IntegerArray:
    """Nullable integers: NONE is missing."""
    return pd.arrays.IntegerArray(values.astype(np.int64), np.asarray(values == NONE))


def _price(ticks: Rows, tick_size: Rows, missing: Rows) -> pd.arrays.FloatingArray:
    return pd.arrays.FloatingArray(ticks * tick_size, np.asarray(missing))


def steps_frame(steps: Rows, names: NamesLike) -> pd.DataFrame:
    """One row a step and instrument, from STEPS rows. Prices and money in quote units, sizes in base units.

    A side of the book that was empty, and a depth that was not sampled, are missing.
    """
    instrument = steps["instrument"]
    tick = np.asarray(names.tick_size, dtype=float)[instrument]
    lot = np.asarray(names.lot_size, dtype=float)[instrument]
    columns: dict[str, Any] = {"step": steps["step"], "instrument": _names(instrument, names.instruments)}
    for name in ("index_price", "mark_price", "last_price"):
        columns[name] = _price(steps[name], tick, steps[name] == NONE)
    bid_missing, ask_missing = empty_sides(steps)
    columns["best_bid"] = _price(steps["best_bid"], tick, bid_missing)
    columns["best_ask"] = _price(steps["best_ask"], tick, ask_missing)
    for name in ("bid_depth", "ask_depth"):
        columns[name] = _price(steps[name], lot, steps[name] == NONE)
    columns["open_interest"] = steps["open_interest"] * lot
    columns["traded_size"] = steps["traded_lots"] * lot
    columns["fund_inventory"] = steps["fund_inventory"] * lot
    for source, name in MONEY_COLUMNS.items():
        columns[name] = steps[source] * names.atom
    for name in ("pending", "order_events", "rounds"):
        columns[name] = steps[name]
    for name in ("maintenance_rate", "initial_rate"):
        columns[name] = steps[name] / RATE_PARTS
    return pd.DataFrame(columns)


def empty_sides(steps: Rows) -> tuple[Rows, Rows]:
    """Where the bid side and the ask side were empty (an empty ask may also be written as the ladder's end)."""
    beyond = np.iinfo(np.int64).max // 4
    ask = steps["best_ask"]
    return np.asarray(steps["best_bid"] < 0), np.asarray((ask < 0) | (ask >= beyond))


def events_frame(events: Rows, names: NamesLike) -> pd.DataFrame:
    """One row an event, from EVENTS rows; `id` is the row number over the whole run.

    price and amount in quote units, size in signed base units, traders as rows and as the name of their population.
    `reason` is the refusal's code for rejected orders, whose amount is missing.
    """
    instrument = events["instrument"]
    placed = np.where((instrument >= 0) & (instrument < len(names.instruments)), instrument, 0)
    tick = np.asarray(names.tick_size, dtype=float)[placed]
    lot = np.asarray(names.lot_size, dtype=float)[placed]
    nowhere = instrument < 0
    rejected = events["kind"] == EVENT_ORDER_REJECTED
    columns: dict[str, Any] = {
        "id": np.arange(len(events), dtype=np.int64),
        "step": events["step"],
        "round": events["round"],
        "kind": _names(events["kind"], EVENT_KINDS),
        "instrument": _names(instrument, names.instruments),
        "price": _price(events["price"], tick, nowhere | (events["price"] == NONE)),
        "size": _price(events["size"], lot, nowhere),
        "amount": _price(events["amount"], np.full(len(events), names.atom), rejected),
        "reason": _whole(np.where(rejected, events["amount"], NONE)),
        "cause": _whole(events["cause"]),
        "from_row": _whole(events["from_row"]),
        "to_row": _whole(events["to_row"]),
    }
    for role in ("actor", "counterparty"):
        columns[role] = _whole(events[role])
        columns[f"{role}_population"] = population_names(events[role], names)
    return pd.DataFrame(columns)


def population_names(traders: Rows, names: NamesLike) -> "pd.Categorical[Any]":
    """The population of each trader row; institutions and nobody are missing."""
    table = np.asarray(names.population_of_trader, dtype=np.int64)
    known = (traders >= 0) & (traders < len(table))
    codes = np.where(known, table[np.where(known, traders, 0)], -1) if len(table) else np.full(len(traders), -1)
    return _names(codes, names.populations)


def calls_frame(events: Rows, names: NamesLike) -> pd.DataFrame:
    """One row a margin call, from EVENTS rows of a whole run: what was asked for, what came, and how it ended.

    `outcome` is met, missed, or missing where the call was still open or its account was sold off before the deadline;
    `cause` the event that the call is laid to.
    """
    calls = of_kind(events, EVENT_MARGIN_CALL)
    paid = np.zeros(len(calls), np.int64)
    payments = of_kind(events, EVENT_CALL_PAYMENT)
    np.add.at(paid, np.searchsorted(calls, events["cause"][payments]), events["amount"][payments])
    outcome, ended = np.full(len(calls), NONE), np.full(len(calls), NONE)
    for code, kind in enumerate((EVENT_CALL_MET, EVENT_CALL_MISSED)):
        ends = of_kind(events, kind)
        places = np.searchsorted(calls, events["cause"][ends])
        outcome[places], ended[places] = code, events["step"][ends]
    sold = np.isin(calls, events["cause"][liquidated_after(events)])
    rows = events[calls]
    return pd.DataFrame(
        {
            "id": calls,
            "step": rows["step"],
            "trader": rows["actor"],
            "population": population_names(rows["actor"], names),
            "instrument": _names(rows["instrument"], names.instruments),
            "called": rows["amount"] * names.atom,
            "paid": paid * names.atom,
            "outcome": _names(outcome, ("met", "missed")),
            "end_step": _whole(ended),
            "liquidated": sold,
            "cause": _whole(rows["cause"]),
        }
    )
