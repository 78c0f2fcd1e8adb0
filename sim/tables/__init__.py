"""Floor 2: what exists."""

from sim.tables.world import World

__all__ = ["World"]
