"""`python -m tests.pins`: play the pinned worlds and write their digests anew, if the behaviour version allows it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from pinned_worlds import WORLDS, pin_of  # noqa: E402
from renewal import PINS, Refused, changed, read_pins, renewed, write_pins  # noqa: E402

from sim.behaviour import BEHAVIOUR_VERSION  # noqa: E402

if __name__ == "__main__":
    before = read_pins()
    found = {name: pin_of(name) for name in WORLDS}
    try:
        pins = renewed(before, BEHAVIOUR_VERSION, found)
    except Refused as refusal:
        sys.exit(str(refusal))
    write_pins(pins)
    for name, pin in found.items():
        old = before["pins"].get(name)
        print(f"{name}: {'new' if old is None else ', '.join(changed(old, pin)) or 'as before'}")
    print(f"behaviour version {BEHAVIOUR_VERSION}: {len(found)} pins in {PINS.name}")
