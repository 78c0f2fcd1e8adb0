"""Files of market data that a scenario may name, one format a file of this folder and one line here."""

from sim.scenario.formats import (
    agg_trades,
    archive_trades,
    book_depth,
    candles,
    candles_csv,
    force_orders,
    klines,
    leverage_tiers,
    metrics,
    tardis_book_snapshot,
    tardis_liquidations,
    tardis_trades,
    tiers_csv,
    time_price,
)
from sim.scenario.formats.format import Format

FORMATS: tuple[Format, ...] = (
    time_price.FORMAT,
    klines.FORMAT,
    agg_trades.FORMAT,
    archive_trades.FORMAT,
    metrics.FORMAT,
    book_depth.FORMAT,
    candles.FORMAT,
    candles_csv.FORMAT,
    leverage_tiers.FORMAT,
    tiers_csv.FORMAT,
    tardis_trades.FORMAT,
    tardis_liquidations.FORMAT,
    tardis_book_snapshot.FORMAT,
    force_orders.FORMAT,
)
NAMES = tuple(item.name for item in FORMATS)
