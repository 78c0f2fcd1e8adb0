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
    aliases=(("date", "open_time_ms"), ("timestamp", "open_time_ms")),
    named=r"(?P<symbol>[A-Za-z0-9]+)_.*?(?P<interval>\d+[smhd])_",
    traps="no close time: the length of a bar is the usual spacing",
)
