"""Where index and mark prices come from."""

from sim.price_sources.index import IndexPath, News
from sim.price_sources.mark import MarkPrice

PARTS = (MarkPrice, IndexPath, News)

__all__ = ["PARTS", "IndexPath", "MarkPrice", "News"]
