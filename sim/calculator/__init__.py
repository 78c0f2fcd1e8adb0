"""Margin by hand: equity, requirements, liquidation prices and the venue's next orders, in exact fractions."""
