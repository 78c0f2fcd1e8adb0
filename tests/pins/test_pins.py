"""The same seed gives the same bytes as when the pins were written, or the behaviour version says that it does not."""

import copy
import json
import platform
import re

import pytest
from isolated import ROOT, run_python
from pinned_worlds import FOLDER, WORLDS, all_choices, choices_of, pin_of, played, records_below
from renewal import COMMAND, CONFIGURATION, HOW, Refused, changed, read_pins, renewed

from sim.behaviour import BEHAVIOUR_VERSION
from sim.scenario import Scenario, scenario_names
from sim.terms.vocabulary import EVENT_KINDS

ELSEWHERE = """
import json, sys
sys.path.insert(0, "tests/pins")
from pinned_worlds import pin_of
print(json.dumps({name: pin_of(name) for name in json.load(sys.stdin)}))
"""
# Whose margin is cross or isolated is one mechanism, whatever they do for a living; how a file of prices is read
# decides the points that it gives, and those decide the bytes.
NOT_EACH = ("margin_scope", "column", "gaps")
# Bytes across kinds of processors are promised for worlds of integers alone: a fused multiply-add rounds once less.
pinned_here = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="pins are of x86-64 processors")


@pytest.fixture(scope="module")
def pins():
    """The pins as they were written."""
    return read_pins()


@pinned_here
@pytest.mark.parametrize("name", WORLDS)
def test_a_pinned_configuration_gives_the_pinned_bytes(name, pins):
    pin, found = pins["pins"][name], pin_of(name)
    other = changed(pin, found)
    assert not other, f"{name}: other bytes in {', '.join(other)}. {HOW}"
    renew = f"the configuration's hash changed, its bytes did not; write the pins anew with `{COMMAND}`"
    assert found[CONFIGURATION] == pin[CONFIGURATION], f"{name}: {renew}"


def test_the_pins_are_of_the_behaviour_version_in_force(pins):
    assert pins["behaviour_version"] == BEHAVIOUR_VERSION, f"write the pins anew with `{COMMAND}`"
    assert list(pins["pins"]) == list(WORLDS) and len(WORLDS) == 22
    assert len({pin["state"] for pin in pins["pins"].values()}) == 22, "each pins something of its own"


def test_the_pinned_worlds_use_every_scenario_rule_book_part_and_choice_and_see_every_kind_of_event():
    chosen, scopes, rules, happened = set(), set(), set(), set()
    for world in WORLDS.values():
        scenario, result = played(world)
        chosen |= choices_of(scenario)
        rules |= {venue.rules for venue in scenario.venues.values()}
        scopes |= {population.margin_scope for population in scenario.populations}
        happened |= {EVENT_KINDS[kind] for kind in result.events["kind"].tolist()}
    known = {(kind.__name__, *choice) for kind in records_below(Scenario) for choice in all_choices(kind)}
    assert len(known) > 150
    assert sorted(choice for choice in known - chosen if choice[1] not in NOT_EACH) == []
    assert scopes == {"venue", "cross", "isolated"}
    assert rules - {None} == {path.stem for path in (ROOT / "configs" / "venues").glob("*.yaml")}
    assert {world.scenario for world in WORLDS.values()} >= set(scenario_names())
    assert happened == set(EVENT_KINDS)


@pinned_here
def test_pins_hold_in_a_fresh_process_with_another_hash_seed(pins):
    names = ["crowd_with_code", "hyperliquid", "inverse", "slow_sell_off_calls", "binance_2021_hedge_mode"]
    for seed in ("1", "4021"):
        assert json.loads(run_python(ELSEWHERE, json.dumps(names), PYTHONHASHSEED=seed)) == {
            name: pins["pins"][name] for name in names
        }


@pinned_here
def test_pins_hold_without_compiled_code(pins):
    names = ["crowd_auctions", "hyperliquid", "zero_intelligence"]
    found = json.loads(run_python(ELSEWHERE, json.dumps(names), NUMBA_DISABLE_JIT="1"))
    assert found == {name: pins["pins"][name] for name in names}


def test_other_bytes_are_pinned_only_under_a_raised_behaviour_version(pins):
    version, found = pins["behaviour_version"], copy.deepcopy(pins["pins"])
    assert renewed(pins, version, found) == pins
    found["okx"]["events"] = "0" * 64
    with pytest.raises(Refused, match=re.escape("okx: other bytes")):
        renewed(pins, version, found)
    with pytest.raises(Refused, match="is below"):
        renewed(pins, version - 1, found)
    assert renewed(pins, version + 1, found) == {"behaviour_version": version + 1, "pins": found}


def test_another_configuration_hash_or_another_world_alone_needs_no_other_behaviour_version(pins):
    found = copy.deepcopy(pins["pins"])
    found["okx"][CONFIGURATION] = "0" * 64
    found["one_more"] = found.pop("drift")
    assert renewed(pins, pins["behaviour_version"], found)["pins"] == found


def test_what_is_pinned_is_named_in_the_message(pins):
    pin = pins["pins"]["okx"]
    assert changed(pin, {**pin, CONFIGURATION: "", "steps": "", "summary": ""}) == ["steps", "summary"]
    assert set(pin) == {CONFIGURATION, "state", "steps", "events", "profits", "summary", "evaluation"}
    assert (FOLDER / "__main__.py").is_file() and COMMAND in HOW and "BEHAVIOUR_VERSION" in HOW
