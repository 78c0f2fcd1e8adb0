"""Figures beside their bands: in, out, or unsure where the interval of a figure outside still reaches its band."""

from dataclasses import dataclass, field
from typing import Any

Ends = tuple[float, float] | None


@dataclass
class Table:
    """Rows for readers and for machines."""

    texts: list[dict[str, str]] = field(default_factory=list)
    numbers: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, name: str, value: float | None, band: Ends = None, ends: Ends = None, real: str = "", digits: int = 2,
        shown: str = "", remark: str = "",
    ) -> None:  # fmt: skip
        """A figure; without a band it is reported and not judged, and one whose interval reaches the band is unsure."""
        word = ""
        if band is not None:
            reaches = ends is not None and ends[0] <= band[1] and band[0] <= ends[1]
            word = "unsure" if reaches else "out"
            if value is not None and band[0] <= value <= band[1]:
                word = "in"
        text = "-" if value is None else f"{value:.{digits}f}"
        limits = shown or ("" if band is None else f"{band[0]:.{digits}g} to {band[1]:.{digits}g}")
        interval = remark if ends is None else f"{ends[0]:.{digits}f} to {ends[1]:.{digits}f}"
        row = {"quantity": name, "simulated": text, "95 %": interval, "real": real, "band": limits, "verdict": word}
        self.texts.append(row)
        figures = {"estimate": value, "low": ends[0] if ends else None, "high": ends[1] if ends else None}
        limit = {"band_low": band[0] if band else None, "band_high": band[1] if band else None}
        self.numbers.append({"quantity": name} | figures | limit | {"verdict": word})
