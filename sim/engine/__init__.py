"""Floor 5: the compiled step."""
