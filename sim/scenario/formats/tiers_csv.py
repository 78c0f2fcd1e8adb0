"""Leverage tiers as CSV: one row a tier."""

from sim.scenario.formats.format import Format
from sim.scenario.formats.leverage_tiers import COLUMNS, LeverageTiers

FORMAT = Format(
    name="tiers_csv",
    title="leverage tiers as CSV",
    gives="tiers",
    carriers=("csv",),
    columns=COLUMNS,
    new=LeverageTiers,
    traps="one row a tier; the tiers of a symbol stand together and in order",
)
