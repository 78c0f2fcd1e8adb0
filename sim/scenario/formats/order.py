"""The order of rows in time: what is a duplicate, what is unsorted, how far apart rows are and where some miss."""

from collections import Counter

from sim.scenario.formats.format import Refused, Unreadable
from sim.scenario.formats.report import REFUSALS_MAX, Report
from sim.scenario.formats.words import written_out

GAP_FACTOR = 1.5
# Rows that claim to be regular and have more spacings than this are not.
SPACINGS_MAX = 100_000


class Regular:
    """Rows at a fixed spacing, as bars: times rise, and a wide spacing is a gap."""

    def __init__(self, advice: str = "the bars between are missing") -> None:
        self.first: int | None = None
        self.last: int | None = None
        self._advice = advice
        self._counts: Counter[int] = Counter()
        self._rows: dict[int, list[int]] = {}
        self._falls = 0

    def follow(self, number: int, time: int) -> None:
        """Take the time (microseconds) of a row. Raises Refused."""
        if self.last is None:
            self.first = self.last = time
            return
        spacing = time - self.last
        if spacing == 0:
            raise Refused(f"time {written_out(time)} is a duplicate; times must rise")
        if spacing < 0:
            self._falls += 1
            raise Refused(f"time {written_out(time)} comes after {written_out(self.last)}; times must rise")
        self.last = time
        self._counts[spacing] += 1
        rows = self._rows.setdefault(spacing, [])
        if len(rows) < REFUSALS_MAX:
            rows.append(number)
        if len(self._counts) > SPACINGS_MAX:
            raise Unreadable(f"row {number}: rows are irregular: more than {SPACINGS_MAX} spacings")

    def usual(self) -> float:
        """Median spacing in microseconds."""
        half, before, seen = self._counts.total() / 2, None, 0
        for spacing, count in sorted(self._counts.items()):
            if before is not None:
                return (before + spacing) / 2
            seen += count
            if seen == half:
                before = spacing
            elif seen > half:
                return float(spacing)
        return 0.0

    def conclude(self, report: Report) -> None:
        """Write first, last and spacing into a report, and each gap."""
        if self.first is None or self.last is None:
            return
        report.first, report.last = written_out(self.first), written_out(self.last)
        if not self._counts:
            if self._falls > 1:
                report.faults.append("rows stand newest first; turn the file round")
            return
        usual = self.usual()
        report.spacing_s, report.longest_spacing_s = usual / 1e6, max(self._counts) / 1e6
        wide = {spacing: count for spacing, count in self._counts.items() if spacing > GAP_FACTOR * usual}
        named = sorted((row, spacing) for spacing in wide for row in self._rows[spacing])[:REFUSALS_MAX]
        for row, spacing in named:
            report.gap(row, f"a gap of {spacing / 1e6:g} s; rows are {usual / 1e6:g} s apart ({self._advice})")
        report.gaps += sum(wide.values()) - len(named)


class Stream:
    """Rows whenever something happens, as trades: times do not fall."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.last: int | None = None
        self._longest = 0
        self._rows = 0

    def follow(self, time: int) -> None:
        """Take the time (microseconds) of a row. Raises Refused."""
        if self.last is None:
            self.first = self.last = time
        elif time < self.last:
            raise Refused(f"time {written_out(time)} comes after {written_out(self.last)}; times must not fall")
        self._longest = max(self._longest, time - self.last)
        self.last = time
        self._rows += 1

    def conclude(self, report: Report) -> None:
        """Write first, last, mean and longest spacing into a report."""
        if self.first is None or self.last is None:
            return
        report.first, report.last = written_out(self.first), written_out(self.last)
        if self._rows > 1:
            report.spacing_s = (self.last - self.first) / 1e6 / (self._rows - 1)
            report.longest_spacing_s = self._longest / 1e6
