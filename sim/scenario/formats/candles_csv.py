"""Candles as CSV: open_time_ms, open, high, low, close, volume."""

from sim.scenario.formats.candles import Candles
from sim.scenario.formats.format import Format

FORMAT = Format(
    name="candles_csv",
    title="candles as CSV",
    gives="bars",
    carriers=("csv",),
    columns=("open_time_ms", "open", "high", "low", "close", "volume"),
    new=Candles,
    aliases=tuple((word, "open_time_ms") for word in ("date", "datetime", "open_time", "time", "timestamp")),
    named=r"(?P<symbol>[A-Za-z0-9]+)_.*?(?P<interval>\d+[smhd])_",
    traps="the first column may also be `date`, `datetime`, `open_time`, `time` or `timestamp`, counted or written out",
)
