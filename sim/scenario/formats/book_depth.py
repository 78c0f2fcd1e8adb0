"""bookDepth of the exchange archive: cumulative depth by distance from the price; a side that stands still is named."""

from dataclasses import dataclass

from sim.scenario.formats.format import Cells, Format, Refused, Row
from sim.scenario.formats.order import Regular
from sim.scenario.formats.report import Report
from sim.scenario.formats.words import Clock, amount, number, written_out

COLUMNS = ("timestamp", "percentage", "depth", "notional")
PERCENT_MAX = 100.0
BANDS_MAX = 64
# A band that kept its depth for so many snapshots in a row, while the opposite band moved in most of them, is stale.
# Live bands of the largest markets change at every snapshot; bands of small ones rest on both sides at once.
STALE_SNAPSHOTS = 10
MOVING_SHARE = 0.9
SIDE = {-1: "bid", 1: "ask"}


@dataclass
class _Band:
    """What is known of one percentage: its last depth, and how long it has not changed."""

    depth: float
    since: int  # time of the snapshot from which on it has not changed
    still: int = 0  # snapshots since
    moved: int = 0  # of those, in which the opposite band moved
    longest: tuple[int, int, int, float] = (0, 0, 0, 0.0)  # snapshots, from, until, depth


class BookDepth:
    """Snapshots of bands -5 to -1 and 1 to 5 percent; those of a snapshot stand together."""

    def __init__(self) -> None:
        self._clock, self._order = Clock(), Regular("the snapshots between are missing")
        self._now: dict[float, tuple[float, float]] = {}
        self._time = 0
        self._bands: dict[float, _Band] = {}
        self._crossed: list[tuple[int, float, float]] = []  # time, average price of the nearest bids, of the asks
        self._crossings = 0

    def row(self, place: int, cells: Cells) -> Row:
        """Return time (microseconds), percentage, depth (base) and notional (quote). Raises Refused."""
        time = self._clock.written("timestamp", cells[0])
        percent = number("percentage", cells[1])
        if not 0 < abs(percent) <= PERCENT_MAX:
            raise Refused(f"percentage {percent:g} is out of range; allowed: -100 to 100, not 0")
        if percent not in self._bands and max(len(self._bands), len(self._now)) >= BANDS_MAX:
            raise Refused(f"percentage {percent:g} is one of more than {BANDS_MAX}")
        depth, notional = amount("depth", cells[2]), amount("notional", cells[3])
        if time != self._time:
            self._order.follow(place, time)
            self._snapshot()
            self._time = time
        if percent in self._now:
            raise Refused(f"percentage {percent:g} is a duplicate in the snapshot of {written_out(time)}")
        self._now[percent] = (depth, notional)
        return time, percent, depth, notional

    def _snapshot(self) -> None:
        """Compare a whole snapshot with the one before."""
        now, self._now = self._now, {}
        moved = {p: self._bands[p].depth != depth for p, (depth, _) in now.items() if p in self._bands}
        for percent, (depth, _) in now.items():
            band = self._bands.get(percent)
            if band is None or band.depth != depth:
                longest = band.longest if band else (0, 0, 0, 0.0)
                self._bands[percent] = _Band(depth, self._time, longest=longest)
            else:
                band.still += 1
                band.moved += moved.get(-percent, False)
                if band.still > band.longest[0] and band.moved >= MOVING_SHARE * band.still:
                    band.longest = (band.still, band.since, self._time, depth)
        self._look_for_crossing(now)

    def _look_for_crossing(self, now: dict[float, tuple[float, float]]) -> None:
        near = min((p for p in now if p > 0 and -p in now), default=None)
        if near is None or not now[near][0] or not now[-near][0]:
            return
        ask, bid = (now[p][1] / now[p][0] for p in (near, -near))
        if bid > ask:
            self._crossings += 1
            if not self._crossed:
                self._crossed.append((self._time, bid, ask))

    def conclude(self, report: Report) -> None:
        """Refuse a side by name where it stands still."""
        self._snapshot()
        report.time_unit = self._clock.unit
        report.semantics = "negative percentages are bids, positive ones asks; depth is cumulative from the price out"
        self._order.conclude(report)
        stale = {
            percent: band.longest
            for percent, band in self._bands.items()
            if band.longest[0] >= STALE_SNAPSHOTS and -percent in self._bands
        }
        for sign, word in SIDE.items():
            bands = {p: found for p, found in stale.items() if p * sign > 0}
            if bands:
                report.faults.append(self._fault(word, bands))
        if not stale and self._crossed:
            time, bid, ask = self._crossed[0]
            report.faults.append(
                f"bids stand above asks from {written_out(time)} on: on average at {bid:,.2f} and {ask:,.2f}; "
                "one of the sides is stale"
            )

    def _fault(self, word: str, bands: dict[float, tuple[int, int, int, float]]) -> str:
        opposite = "ask" if word == "bid" else "bid"
        percent, (count, since, until, depth) = max(bands.items(), key=lambda item: item[1][0])
        names = ", ".join(f"{p:g}" for p in sorted(bands, key=abs))
        text = (
            f"the {word} side is stale: its band {percent:g} % keeps a depth of {depth:g} from {written_out(since)} to "
            f"{written_out(until)}, {count + 1} snapshots in a row, while the {opposite} side moves; "
            f"bands {names} % are so for {STALE_SNAPSHOTS} or more"
        )
        if self._crossed:
            time, bid, ask = self._crossed[0]
            text += (
                f"; bids stand above asks in {self._crossings} snapshots, first at {written_out(time)}: on average at "
                f"{bid:,.2f} and {ask:,.2f}"
            )
        return f"{text}; use another day or the {opposite} side alone"


FORMAT = Format(
    name="archive_book_depth",
    title="exchange archive, bookDepth",
    gives="figures",
    carriers=("csv",),
    columns=COLUMNS,
    new=BookDepth,
    named=r"(?P<symbol>[A-Z0-9_]+)-bookDepth-",
    traps="a side of the exchange's own book may be stale for hours: its depth stands still, or bids lie above asks",
)
