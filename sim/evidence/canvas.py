"""One look for all pictures: colour-blind-safe colours, units on axes, PNG bytes that repeat."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

# seaborn's "colorblind" palette by its values: importing seaborn for ten colours costs a second and a half.
BLUE, ORANGE, GREEN, RED, PINK, BROWN, ROSE, GREY, YELLOW, SKY = (
    "#0173B2", "#DE8F05", "#029E73", "#D55E00", "#CC78BC", "#CA9161", "#FBAFE4", "#949494", "#ECE133", "#56B4E9",
)  # fmt: skip
INK = "#262626"

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.labelcolor": INK,
    "axes.titlesize": 11.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "lines.linewidth": 1.4,
    "xtick.color": INK,
    "ytick.color": INK,
}


@contextmanager
def styled() -> Iterator[None]:
    """The house style, for one picture only: a caller's own matplotlib settings are left alone."""
    import matplotlib

    with matplotlib.rc_context(STYLE):
        yield


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Any, Any]:
    """A figure in inches without pyplot (no window, no global state) and its grid of axes (rows, columns)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def png(figure: Any) -> bytes:
    """The picture as PNG bytes; no date and no version inside, so equal pictures are equal files."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130, metadata={"Software": None}, facecolor="white")
    return buffer.getvalue()


def note(axes: Any, text: str) -> None:
    """A grey remark in the middle of an empty panel."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY, fontsize=11)


def money_text(value: float, _position: object = None) -> str:
    """1234567 -> 1.23 M; at most three significant digits."""
    size = abs(value)
    for unit, letter in ((1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if size >= unit * 0.9995:
            return f"{value / unit:.3g}{letter}"
    return f"{value:.3g}"


def money_axis(axis: Any) -> None:
    """Tick labels such as 1.5 M instead of 1500000."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(money_text))


def thousands_axis(axis: Any) -> None:
    """Tick labels with thousands separators, as many decimals as the ticks need."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _position: f"{value:,.10g}"))


def minutes(steps: Any, step_seconds: float) -> Any:
    """Steps as minutes since the start."""
    return np.asarray(steps, dtype=float) * step_seconds / 60.0


def floats(series: Any) -> Any:
    """A nullable column as floats, missing as NaN (a gap in the line)."""
    return series.to_numpy(dtype=float, na_value=np.nan)
