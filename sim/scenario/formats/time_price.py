"""The project's own price files: time in seconds, from a start of one's own or since 1970, and price."""

from sim.scenario.formats.format import Cells, Format, Refused, Row
from sim.scenario.formats.order import Regular
from sim.scenario.formats.report import Report
from sim.scenario.formats.words import number, price

TIME_MAX = 1e15  # seconds


class TimePrice:
    """Rows at a fixed spacing."""

    def __init__(self) -> None:
        self._order = Regular("irregular rows are for kind: points")

    def row(self, place: int, cells: Cells) -> Row:
        """Return time (microseconds) and price. Raises Refused."""
        if len(cells) != 2:
            raise Refused(f"has {len(cells)} values; allowed: time,price")
        seconds, value = number("time", cells[0]), price("price", cells[1])
        if abs(seconds) > TIME_MAX:
            raise Refused(f"time {seconds:g} is out of range; allowed: seconds within 1e15")
        time = round(seconds * 1_000_000)
        self._order.follow(place, time)
        return time, value

    def conclude(self, report: Report) -> None:
        """Say how far apart rows are."""
        report.time_unit = "seconds"
        self._order.conclude(report)


FORMAT = Format(
    name="time_price",
    title="time and price",
    gives="bars",
    carriers=("csv",),
    columns=("time", "price"),
    new=TimePrice,
    exact=True,
    traps="what `firesale import --out` writes",
)
