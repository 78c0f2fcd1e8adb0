"""The mark price: values positions and judges liquidation."""

from typing import Literal

from sim.parts import ASSUMED, Record, dial

WINDOW_SOURCE = "Binance: 30 samples 1 s apart since 2025-09-18"


class MarkPrice(Record):
    """Dials of the mark. book_mark: median of last, index with funding, and index plus the mean basis of a window."""

    kind: Literal["last", "mid", "book_mark", "index"] = dial("book_mark", "what the mark is made of")
    basis_window_steps: int = dial(30, "samples in the mean basis", unit="samples", source=WINDOW_SOURCE, ge=1, le=100_000)
    sample_steps: int = dial(1, "steps between samples", unit="steps", source=WINDOW_SOURCE, ge=1, le=100_000)
    clamp: float | None = dial(
        0.05, "the mark stays this close to the index; null: no clamp", unit="of index", source=ASSUMED, gt=0, le=0.99
    )
