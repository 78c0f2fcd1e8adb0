"""What a results folder is of: written first, compared on resume, so that two sweeps are never mixed."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.behaviour import BEHAVIOUR_VERSION
from sim.runs import store
from sim.runs.files import write_whole
from sim.runs.remote import versions

FILE = "sweep.json"
FORMAT = 1
SHOWN = 8  # differences in one message
DECISIVE = ("python", "numpy", "numba")  # packages that can change the bytes of a run
LONG = 200  # items of a list beyond which only its hash is kept
ABSENT = object()


def keys_hash(keys: Sequence[str]) -> str:
    """SHA-256 of all runs of a sweep, in hexadecimal: what it is known by."""
    return hashlib.sha256("".join(keys).encode()).hexdigest()


def identity(
    name: str, form: str, sweep: Mapping[str, Any], scenario: Mapping[str, Any], keys: Sequence[str]
) -> dict[str, Any]:
    """What makes a sweep this one: plain values. sweep and scenario are for people; the keys decide."""
    return {
        "format": FORMAT,
        "behaviour": BEHAVIOUR_VERSION,
        "versions": {name: value for name, value in versions() if name in DECISIVE},
        "experiment": name,
        "form": form,
        "runs": len(keys),
        "sweep": shortened(sweep),
        "scenario": shortened(scenario),
        "keys": keys_hash(keys),
    }


def shortened(value: Any) -> Any:
    """Plain values with long lists, such as price paths, as their hash."""
    if isinstance(value, Mapping):
        return {str(key): shortened(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        if len(value) > LONG:
            text = json.dumps(store.clean(list(value)), sort_keys=True)
            return f"{len(value)} items, SHA-256 {hashlib.sha256(text.encode()).hexdigest()[:16]}"
        return [shortened(item) for item in value]
    return store.clean(value)


def read_identity(folder: Path) -> dict[str, Any] | None:
    """What a folder says it is of; None where it says nothing. Raises ScenarioError where that cannot be read."""
    file = folder / FILE
    if not file.exists():
        return None
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        record = None
    if not isinstance(record, dict) or record.get("format") != FORMAT or not isinstance(record.get("runs"), int):
        raise store.refuse("out", f"{file} is damaged or of another version; --new begins a new folder")
    return record


def write_identity(folder: Path, record: Mapping[str, Any]) -> None:
    """Writes it. Raises OSError."""
    write_whole(folder / FILE, (store.json_text(record) + "\n").encode())


def refuse_other(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raises ScenarioError with the differences when a folder is of another sweep than this one."""
    plain = json.loads(store.json_text(now))
    if before == plain:
        return
    if before.get("experiment") != plain["experiment"]:
        message = f"{folder} holds the experiment {before.get('experiment')}, not {plain['experiment']}"
        raise store.refuse("out", f"{message}; give another --out, or --new for a new folder")
    found = [
        f"{path}: {_brief(old)} -> {_brief(new)}" for path, old, new in differences(before, plain) if path != "keys"
    ]
    if not found:
        found = ["a file that an arm or a point of the design names, such as a rule book or a measure.py"]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    what = "; ".join(found[:SHOWN]) + more
    raise store.refuse("out", f"{folder} was begun with another configuration ({what}); --new begins a new folder")


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Path, old and new value of everything that differs between two records of plain values."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from differences(old.get(key, ABSENT), new.get(key, ABSENT), f"{path}.{key}" if path else str(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for row, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, f"{path}.{row}")
    elif old != new:
        yield path, old, new


def _brief(value: Any) -> str:
    if value is ABSENT:
        return "(not there)"
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
