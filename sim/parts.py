"""What every part is made of: a frozen record whose fields are the dials that a scenario file sets."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints

Item = TypeVar("Item")

# YAML has lists only; inside records they are tuples, so that a record stays frozen.
Row = Annotated[tuple[Item, ...], Strict(strict=False)]

# A name becomes part of a path and of `--set a.b=c`: no separators, no dots.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$", min_length=1, max_length=64)]
InstrumentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+$", min_length=1, max_length=32)]

# Professionals pledge one pool; the venue's scope is a rule for its leveraged clients.
MarginScope = Literal["venue", "cross", "isolated"]
MARGIN_SCOPE = "margin of these traders: as the venue's margin.scope says, or always cross or isolated"

ASSUMED = "assumed"
# The prototype that the October figures were fitted with; its tables are quoted in docs/explanation/validation.md.
PROTOTYPE = "assumed; fitted to 10 October 2025 with a prototype of one instrument"


class Record(BaseModel):
    """Base of all dials: frozen, no unknown keys, no silent conversions (a bool is no number), finite numbers only."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True)


def dial(default: Any, text: str, *, unit: str = "", source: str = ASSUMED, **limits: Any) -> Any:
    """Return a field with its meaning, unit and source; `limits` are ge, gt, le, lt, min_length, max_length.

    Use `...` as default for a field that a scenario must give.
    """
    return Field(default, description=text, json_schema_extra={"unit": unit, "source": source}, **limits)
