"""The mark price: values positions and judges liquidation."""

from typing import Literal

from sim.parts import ASSUMED, Record, dial
from sim.rules.profit import book_mark
from sim.rules.rounding import half_even_div
from sim.terms import kernel
from sim.terms.vocabulary import MARK_BOOK, MARK_INDEX, MARK_MID, MILLI

PPB = 1_000_000_000

WINDOW_SOURCE = "Binance: 30 samples 1 s apart since 2025-09-18"


class MarkPrice(Record):
    """Dials of the mark. book_mark: median of last, index with funding, and index plus the mean basis of a window."""

    kind: Literal["last", "mid", "book_mark", "index"] = dial("book_mark", "what the mark is made of")
    basis_window_steps: int = dial(
        30, "samples in the mean basis", unit="samples", source=WINDOW_SOURCE, ge=1, le=100_000
    )
    sample_steps: int = dial(1, "steps between samples", unit="steps", source=WINDOW_SOURCE, ge=1, le=100_000)
    clamp: float | None = dial(
        0.05, "the mark stays this close to the index; null: no clamp", unit="of index", source=ASSUMED, gt=0, le=0.99
    )


@kernel
def mid_milli(instrument):
    """Mid in thousandths of a tick; the last price while a side is empty."""
    if instrument["bid_orders"] == 0 or instrument["ask_orders"] == 0:
        return instrument["last_price"] * MILLI
    return (instrument["best_bid"] + instrument["best_ask"]) * (MILLI // 2)


@kernel
def valued_milli(world, instrument):
    """The price of which rates are fractions: the index, or the reference price in an arithmetic world."""
    if world.clock[0]["arithmetic"] != 0:
        return instrument["reference_price"] * MILLI
    return instrument["index_milli"]


@kernel
def sample_basis(world, k, t):
    """Take mid minus index into the moving window, on its clock."""
    instrument = world.instruments[k]
    if t % instrument["mark_sample"] != 0:
        return
    row = instrument["basis_row"]
    basis = mid_milli(instrument) - instrument["index_milli"]
    if instrument["basis_count"] == instrument["mark_window"]:
        instrument["basis_sum"] -= world.basis_samples[k, row]
    else:
        instrument["basis_count"] += 1
    world.basis_samples[k, row] = basis
    instrument["basis_sum"] += basis
    instrument["basis_row"] = (row + 1) % instrument["mark_window"]


@kernel
def median(a, b, c):
    """The middle one of three."""
    return max(min(a, b), min(max(a, b), c))


@kernel
def set_mark(world, k, t):
    """Mark of the moment, rounded to the nearest tick, ties to the even one, so that mirrored worlds stay mirrored."""
    instrument = world.instruments[k]
    kind = instrument["mark_kind"]
    index = instrument["index_milli"]
    valued = valued_milli(world, instrument)
    last = instrument["last_price"] * MILLI
    mark = last
    if kind == MARK_MID:
        mark = mid_milli(instrument)
    elif kind == MARK_INDEX:
        mark = index
    elif kind == MARK_BOOK:
        interval = instrument["funding_interval"]
        to_go = interval - (t - instrument["funding_first"]) % interval
        carry = half_even_div(instrument["funding_rate_ppb"] * to_go, interval)
        funded = index + half_even_div(valued * carry, PPB)
        with_basis = index + half_even_div(instrument["basis_sum"], max(instrument["basis_count"], 1))
        mark = median(last, funded, with_basis)
    if instrument["mark_clamp_ppm"] > 0:
        reach = half_even_div(valued * instrument["mark_clamp_ppm"], 1_000_000)
        mark = min(max(mark, index - reach), index + reach)
    instrument["mark_price"] = max(half_even_div(mark, MILLI), 1)
    book_mark(world, k)
