"""The file of pins: which behaviour version they are of, and when they may be written anew."""

import json
from pathlib import Path
from typing import Any

PINS = Path(__file__).parent / "pins.json"
COMMAND = "python -m tests.pins"
HOW = (
    "If this change of bytes is wanted, raise BEHAVIOUR_VERSION in sim/behaviour.py by one, so that no old result is"
    f" continued or mixed with what comes now, say so in CHANGELOG.md, and write the pins anew with `{COMMAND}`."
)
CONFIGURATION = "configuration"


class Refused(Exception):
    """The pins may not be written; the text says why."""


def read_pins() -> dict[str, Any]:
    """`behaviour_version`, and `pins`: by world, SHA-256 of each thing that is pinned."""
    return dict(json.loads(PINS.read_text(encoding="utf-8")))


def write_pins(pins: dict[str, Any]) -> None:
    """Write the file of pins."""
    PINS.write_text(json.dumps(pins, indent=2) + "\n", encoding="utf-8")


def changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """What has other bytes than the pin says; the configuration's hash aside."""
    return [what for what in now if what != CONFIGURATION and before.get(what) != now[what]]


def renewed(before: dict[str, Any], version: int, found: dict[str, dict[str, str]]) -> dict[str, Any]:
    """The new pins. Raises Refused where bytes changed and the behaviour version was not raised.

    A new dial changes the hash of every configuration but no bytes: that needs no other version. Neither do new worlds.
    """
    if version < before["behaviour_version"]:
        raise Refused(f"BEHAVIOUR_VERSION {version} is below {before['behaviour_version']}, that of the pins")
    kept = [name for name in found if name in before["pins"]]
    other = [name for name in kept if changed(before["pins"][name], found[name])]
    if other and version == before["behaviour_version"]:
        raise Refused(f"{', '.join(other)}: other bytes under the same behaviour version {version}. {HOW}")
    return {"behaviour_version": version, "pins": found}
