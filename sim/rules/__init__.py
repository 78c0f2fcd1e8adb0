"""Floor 3: pure laws on tables."""
