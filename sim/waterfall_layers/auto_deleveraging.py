"""Auto-deleveraging: ranked opposite positions are closed at the bankruptcy price of the account in default."""

from typing import Literal

from sim.parts import Record


class AutoDeleveraging(Record):
    """Takes what no layer above could. Rank: profit times effective leverage, highest first."""

    kind: Literal["auto_deleveraging"] = "auto_deleveraging"
