"""trades of the exchange archive: single fills."""

from sim.scenario.formats.agg_trades import AggTrades
from sim.scenario.formats.format import Format

COLUMNS = ("id", "price", "qty", "quote_qty", "time", "is_buyer_maker")
# A fill is its own first and last; so the reader of aggregated trades reads it.
READ = ("id", "price", "qty", "id", "id", "time", "is_buyer_maker")


def _reader() -> AggTrades:
    return AggTrades(READ)


FORMAT = Format(
    name="archive_trades",
    title="exchange archive, trades",
    gives="ticks",
    carriers=("csv",),
    columns=READ,
    bare=((*COLUMNS, "is_best_match"), COLUMNS),
    new=_reader,
    named=r"(?P<symbol>[A-Z0-9_]+)-trades-",
    traps="as aggTrades: header and milliseconds for futures, neither for spot from 2025 on",
)
