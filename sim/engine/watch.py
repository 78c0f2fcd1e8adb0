"""Who is deciding right now: told to whoever wants to know, so that a run that hangs can be ended and named."""


class Watch:
    """Told before and after code of the user runs; this one does nothing. A run in its own process reports onwards."""

    def begin(self, population: int, trader: int, step: int) -> None:
        """Code of the population in this row is about to run, for this trader of it; step -1: it is being loaded."""

    def end(self) -> None:
        """That code has come back."""
