"""Margin calls of a run: what was asked for, what came, and who was sold off."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.evidence.inputs import NamesLike
from sim.terms.vocabulary import (
    EVENT_CALL_MET,
    EVENT_CALL_MISSED,
    EVENT_CALL_PAYMENT,
    EVENT_LIQUIDATION,
    EVENT_MARGIN_CALL,
    EVENT_MARGIN_WARNING,
)

Rows = NDArray[Any]


def of_kind(events: Rows, kind: int) -> Rows:
    """Rows of the events of one kind."""
    return np.flatnonzero(events["kind"] == kind)


def _money(column: Rows, atom: float) -> float:
    """Sum of atoms in quote units; Python integers, so that the total cannot wrap."""
    return float(sum(column.tolist()) * atom)


def liquidated_after(events: Rows) -> Rows:
    """Row of the missed call behind each liquidation that one preceded, from EVENTS rows of a whole run."""
    causes = events["cause"][of_kind(events, EVENT_LIQUIDATION)]
    causes = causes[causes >= 0]
    return np.asarray(causes[events["kind"][causes] == EVENT_CALL_MISSED])


def call_figures(events: Rows, names: NamesLike) -> dict[str, Any]:
    """Keys of the summary, in quote units."""
    calls, paid, missed = (of_kind(events, kind) for kind in (EVENT_MARGIN_CALL, EVENT_CALL_PAYMENT, EVENT_CALL_MISSED))
    return {
        "margin_warnings": len(of_kind(events, EVENT_MARGIN_WARNING)),
        "margin_calls": len(calls),
        "margin_called": _money(events["amount"][calls], names.atom),
        "margin_calls_paid": _money(events["amount"][paid], names.atom),
        "margin_calls_met": len(of_kind(events, EVENT_CALL_MET)),
        "margin_calls_missed": len(missed),
        "margin_missed": _money(events["amount"][missed], names.atom),
        "liquidations_after_missed_calls": len(liquidated_after(events)),
    }
