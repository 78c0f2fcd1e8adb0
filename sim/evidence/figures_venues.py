"""Rule books side by side: one row a venue, one panel a figure, means with 95 % intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

from sim.evidence import canvas
from sim.evidence.statistics import Interval


@dataclass(frozen=True)
class Panel:
    """A figure for every venue, in the order of the rows; its label has the unit after `factor`."""

    label: str
    intervals: Sequence[Interval]
    factor: float = 1.0


def venues_figure(venues: Sequence[str], panels: Sequence[Panel], title: str) -> bytes:
    """Dots with 95 % t intervals; the first venue is the one that the others are compared with, drawn as a line."""
    with canvas.styled():
        height = 1.6 + 0.36 * len(venues)
        figure, grid = canvas.new_figure(2.2 + 2.2 * len(panels), height, columns=len(panels), sharey=True)
        for number, panel in enumerate(panels):
            axes = grid[0, number]
            for row, interval in enumerate(panel.intervals):
                if interval.estimate is None:
                    continue
                middle = interval.estimate * panel.factor
                ends = (interval.estimate if end is None else end for end in (interval.low, interval.high))
                colour = canvas.RED if row == 0 else canvas.BLUE
                axes.plot([end * panel.factor for end in ends], [row, row], color=colour, linewidth=1.6)
                axes.scatter([middle], [row], color=colour, s=30, zorder=4)
                if row == 0:
                    axes.axvline(middle, color=colour, linewidth=0.9, linestyle=":")
            axes.set_xlabel(panel.label)
            axes.grid(axis="y", visible=False)
            axes.margins(x=0.12)
        grid[0, 0].set_yticks(range(len(venues)), venues)
        grid[0, 0].invert_yaxis()
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=12.5)
        note = "Means over paired seeds, 95 % t intervals; dotted: the first rule book."
        figure.supxlabel(note, x=0.01, ha="left", fontsize=9, color="#555555")
        return canvas.png(figure)
