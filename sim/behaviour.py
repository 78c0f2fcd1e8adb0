"""The behaviour version: one number for everything that decides the bytes of a run."""

from typing import Final

# Raised by one with every change after which some configuration gives other bytes for the same seed: a rule, the order
# of draws, a recorded column, a figure of the summary. tests/pins holds the digests that say when that has happened.
BEHAVIOUR_VERSION: Final[int] = 1
