"""What a sweep leaves is whole, is known again, and is never mixed or read when it was altered."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from sim.runs import play_sweep as playing
from sim.runs import store
from sim.runs.backends import BackendOptions
from sim.runs.digest import sweep_digest
from sim.runs.experiment import Form, experiment_command
from sim.runs.files import content_name, write_whole
from sim.runs.folder_lock import held_by, locked
from sim.runs.journal import SUFFIX, Finished, Journal, frames_of
from sim.runs.ledger import merge_journals, scan
from sim.runs.parts import read_table, write_part
from sim.runs.status import digest_command, status_command
from sim.scenario import ScenarioError

SWEEP = """
scenario: baseline
steps: 3
seeds: {first: 1, quick: 3, full: 4}
base: [populations.speculators.count=20, record.order_events=true]
keep: [steps, events]
factors:
  scope: {sets: venues.binance.margin.scope, values: [cross, isolated]}
"""
SERIAL = BackendOptions("serial")


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(playing, "rehearse", lambda task: None)
    file = tmp_path / "small.yaml"
    file.write_text(SWEEP)
    return file


def play(sweep: Path, out: str = "out", **options) -> Path:
    return experiment_command(sweep, backend=options.pop("backend", SERIAL), out=sweep.parent / out, **options)


def digest_of(folder: Path, capsys) -> str:
    capsys.readouterr()
    digest_command(folder)
    return capsys.readouterr().out.strip()


def finished(run: int, **row) -> Finished:
    return Finished(run, f"key{run}", {"arm": "all", "seed": run, "error": None} | row, {})


KEYS = [f"key{run}" for run in range(10)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("parts", "journals"):
        (tmp_path / "sweep" / name).mkdir(parents=True)
    return tmp_path / "sweep"


def test_a_sweep_keeps_rows_steps_and_events_in_one_part_and_its_sources(sweep, capsys):
    final = play(sweep)
    ledger = scan(final, [row["key"] for row in pd.read_parquet(final / "runs.parquet").to_dict("records")])
    assert len(ledger.parts()) == 1 and not list((final / "journals").iterdir())
    steps = read_table(final, ledger.parts(), "steps").to_pandas()
    assert steps.groupby("run")["step"].nunique().tolist() == [3] * 6
    events = read_table(final, ledger.parts(), "events").to_pandas()
    assert set(events["run"]) == set(range(6))
    assert (final / "sweep.yaml").read_text() == SWEEP
    assert json.loads((final / "manifest.json").read_text())["results_sha256"] == digest_of(final, capsys)


def test_the_digest_does_not_depend_on_how_runs_are_parted_or_ordered(folder):
    runs = [finished(run, value=float(run), half=run / 2, word="x" if run % 2 else None) for run in range(4)]
    found = set()
    for parting in ([runs], [runs[:1], runs[1:]], [runs[2:], runs[:2]], [[run] for run in reversed(runs)]):
        for file in (folder / "parts").iterdir():
            file.unlink()
        for part in parting:
            write_part(folder, part)
        found.add(sweep_digest(folder, scan(folder, KEYS).parts()))
    assert len(found) == 1
    write_part(folder, [finished(4, value=4.0, half=2.0, word=None)])
    assert sweep_digest(folder, scan(folder, KEYS).parts()) not in found


def test_every_byte_of_a_part_that_is_flipped_is_found_and_its_runs_are_missing(folder):
    name = write_part(folder, [finished(run, value=run / 2) for run in range(2)])
    file = folder / "parts" / f"{name}.runs.parquet"
    data = file.read_bytes()
    for place in range(len(data)):
        file.write_bytes(data[:place] + bytes([data[place] ^ 0x40]) + data[place + 1 :])
        ledger = scan(folder, KEYS[:2])
        assert ledger.missing() == [0, 1] and [path.name for path in ledger.damaged] == [file.name + ".corrupt"], place
        ledger.damaged[0].unlink()
    file.write_bytes(data)
    assert not scan(folder, KEYS[:2]).missing()


def test_a_flipped_byte_of_the_steps_is_found_too(sweep):
    final = play(sweep, form=Form(seeds=1))
    keys = pd.read_parquet(final / "runs.parquet")["key"].tolist()
    file = next((final / "parts").glob("*.steps.parquet"))
    before = {path.name: path.read_bytes() for path in (final / "parts").iterdir()}
    data = file.read_bytes()
    for place in range(0, len(data), 211):
        file.write_bytes(data[:place] + bytes([data[place] ^ 0x40]) + data[place + 1 :])
        ledger = scan(final, keys)
        assert ledger.missing() == [0, 1] and file.name + ".corrupt" in {path.name for path in ledger.damaged}, place
        for path in (final / "parts").iterdir():
            path.unlink()
        for name, text in before.items():
            (final / "parts" / name).write_bytes(text)


@pytest.mark.parametrize("harm", ["truncated", "emptied", "renamed", "steps lost"])
def test_a_harmed_part_is_moved_aside_and_its_runs_are_played_again_to_the_same_bytes(sweep, harm, capsys):
    final = play(sweep)
    before = digest_of(final, capsys)
    part = next((final / "parts").glob("*.runs.parquet"))
    if harm == "truncated":
        part.write_bytes(part.read_bytes()[:-7])
    elif harm == "emptied":
        part.write_bytes(b"")
    elif harm == "renamed":
        part.rename(part.with_name("0" * 32 + ".runs.parquet"))
    else:
        next((final / "parts").glob("*.steps.parquet")).unlink()
    if harm != "renamed":
        with pytest.raises(ScenarioError, match="is damaged"):
            digest_command(final)
    play(sweep)
    assert digest_of(final, capsys) == before
    assert list((final / "parts").glob("*.corrupt"))


def test_a_part_of_another_sweep_is_moved_aside(folder):
    write_part(folder, [finished(0)])
    ledger = scan(folder, ["other"])
    assert ledger.missing() == [0] and len(ledger.damaged) == 1 and not list((folder / "parts").glob("*.parquet"))


def test_a_torn_frame_is_cut_off_and_the_frames_before_it_are_kept(folder):
    file = folder / "journals" / f"all--x{SUFFIX}"
    journal = Journal(file)
    for run in range(3):
        journal.append(finished(run))
    journal.close()
    whole, ends = file.read_bytes(), [end for _, end in frames_of(file)]
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        ledger = scan(folder, KEYS)
        kept = sum(end <= length for end in ends)
        assert sorted(ledger.errors) == list(range(kept)), length
        assert bool(ledger.damaged) == (length not in (0, *ends))
        for path in ledger.damaged:
            path.unlink()
    file.write_bytes(whole)
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert sorted(scan(folder, KEYS).errors) == list(range(sum(end <= place for end in ends))), place


def test_a_run_that_is_in_a_journal_and_in_a_part_counts_once(folder):
    write_part(folder, [finished(0), finished(1)])
    journal = Journal(folder / "journals" / f"all--x{SUFFIX}")
    for run in (1, 2):
        journal.append(finished(run))
    journal.close()
    merge_journals(scan(folder, KEYS))
    ledger = scan(folder, KEYS)
    assert read_table(folder, ledger.parts())["run"].to_pylist() == [0, 1, 2]
    assert not list((folder / "journals").iterdir())


def test_a_run_that_failed_and_was_played_again_counts_with_its_success(folder):
    write_part(folder, [finished(0, error="lost"), finished(1)])
    write_part(folder, [finished(0)])
    table = read_table(folder, scan(folder, KEYS).parts())
    assert table["run"].to_pylist() == [0, 1] and table["error"].to_pylist() == [None, None]


def test_journals_become_parts_of_at_most_a_hundred_runs_of_like_size(folder):
    journal = Journal(folder / "journals" / f"all--x{SUFFIX}")
    for run in range(230):
        journal.append(finished(run))
    journal.close()
    keys = [f"key{run}" for run in range(230)]
    merge_journals(scan(folder, keys))
    assert sorted(len(runs) for runs in scan(folder, keys).parts().values()) == [76, 77, 77]


def test_an_edited_sweep_is_refused_with_the_difference_and_new_begins_a_folder_beside(sweep):
    final = play(sweep)
    before = {path: path.read_bytes() for path in final.rglob("*") if path.is_file()}
    edits = {
        "quick: 3": ("quick: 2", "seeds.count: 3 -> 2"),
        "steps: 3": ("steps: 4", "steps: 3 -> 4"),
        "count=20": ("count=21", "20"),
        "[cross, isolated]": ("[isolated, cross]", "factors.scope.values.0"),
        "keep: [steps, events]": ("keep: [steps]", "keep"),
        "first: 1": ("first: 2", "seeds.first: 1 -> 2"),
    }
    for old, (new, said) in edits.items():
        sweep.write_text(SWEEP.replace(old, new))
        with pytest.raises(ScenarioError, match="begun with another configuration") as found:
            play(sweep)
        assert said in str(found.value) and "--new" in str(found.value)
    assert {path: path.read_bytes() for path in final.rglob("*") if path.is_file()} == before
    assert play(sweep, new=True).name == "out-2"


def test_settings_of_the_command_line_are_part_of_what_a_folder_is_of(sweep):
    play(sweep, form=Form(settings=("populations.speculators.count=21",), seeds=1))
    with pytest.raises(ScenarioError, match="another configuration"):
        play(sweep, form=Form(seeds=1))


def test_a_rule_book_that_changed_is_refused_though_the_sweep_did_not(sweep):
    play(sweep, form=Form(seeds=1))
    record = json.loads((sweep.parent / "out" / "sweep.json").read_text())
    record["keys"] = "0" * 64
    (sweep.parent / "out" / "sweep.json").write_text(json.dumps(record))
    with pytest.raises(ScenarioError, match="a file that an arm"):
        play(sweep, form=Form(seeds=1))


def test_a_folder_of_another_experiment_or_of_something_else_is_refused(sweep):
    play(sweep, form=Form(seeds=1))
    other = sweep.with_name("other.yaml")
    other.write_text(SWEEP)
    with pytest.raises(ScenarioError, match="holds the experiment small, not other"):
        play(other, form=Form(seeds=1))
    (sweep.parent / "full").mkdir()
    (sweep.parent / "full" / "note.txt").write_text("mine")
    with pytest.raises(ScenarioError, match="holds something else"):
        play(sweep, "full")
    assert (sweep.parent / "full" / "note.txt").read_text() == "mine"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 99, "runs": 2}', '{"format": 1}'])
def test_a_damaged_sweep_json_is_refused(sweep, text):
    final = play(sweep, form=Form(seeds=1))
    (final / "sweep.json").write_text(text)
    with pytest.raises(ScenarioError, match=r"sweep\.json is damaged"):
        play(sweep, form=Form(seeds=1))


def test_the_catalogue_can_be_made_from_the_parts_again(sweep, capsys):
    import sqlite3

    def content() -> list:
        with sqlite3.connect(final / "catalogue.sqlite") as base:
            return base.execute("SELECT run, key, error FROM runs").fetchall()

    final = play(sweep)
    before = content()
    for harm in (lambda file: file.unlink(), lambda file: file.write_bytes(b"no database at all, not even nearly")):
        for file in final.glob("catalogue.sqlite*"):
            harm(file)
        play(sweep)
        assert content() == before and len(before) == 6


HOLD = """
import sys, time
from pathlib import Path
from sim.runs.folder_lock import locked
with locked(Path(sys.argv[1]), sys.argv[2] or None):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(folder: Path, shard: str = "") -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder), shard], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_a_second_runner_is_refused_with_the_first_ones_process_and_a_dead_ones_lock_is_taken_over(folder, capsys):
    process = holder(folder)
    try:
        with pytest.raises(ScenarioError, match=f"in use by process {process.pid} on .*, started 20"), locked(folder):
            pass
        assert held_by(folder)["pid"] == process.pid
        with pytest.raises(ScenarioError, match="in use"), locked(folder, "shard-1-of-2"):
            pass
    finally:
        process.kill()
        process.wait()
    with locked(folder):
        assert f"process {process.pid}" in capsys.readouterr().err
        assert held_by(folder)["pid"] == os.getpid()
    assert held_by(folder) is None


def test_shards_share_a_folder_but_not_their_share_and_keep_the_whole_sweep_out(folder):
    process = holder(folder, "shard-1-of-2")
    try:
        with locked(folder, "shard-2-of-2"):
            pass
        for mine in ("shard-1-of-2", None):
            with pytest.raises(ScenarioError, match=f"process {process.pid}"), locked(folder, mine):
                pass
    finally:
        process.kill()
        process.wait()


def test_shards_play_their_share_and_the_last_command_gathers_them(sweep, capsys):
    whole = digest_of(play(sweep, "whole"), capsys)
    for number in (2, 1, 3):
        play(sweep, shard=f"{number}/3")
        assert not (sweep.parent / "out" / "runs.parquet").exists()
    assert digest_of(play(sweep), capsys) == whole
    for text in ("0/3", "4/3", "x", "1/", "1/0", "-1/2", "1/3/3"):
        with pytest.raises(ScenarioError, match="i/n"):
            play(sweep, shard=text)


def test_status_says_how_far_a_sweep_is_and_changes_nothing(sweep, capsys):
    final = play(sweep, shard="1/2")
    before = sorted(path.name for path in final.rglob("*"))
    status_command(final)
    said = capsys.readouterr().out
    assert "3 of 6 runs are finished" in said and "left: 3" in said and "nobody now" in said
    with pytest.raises(SystemExit) as stop:
        digest_command(final)
    assert stop.value.code == 3
    assert sorted(path.name for path in final.rglob("*")) == before
    with pytest.raises(ScenarioError, match="no folder of a sweep"):
        status_command(sweep.parent)


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    write_whole(tmp_path / "a", b"first")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"12,345 bytes are needed.*continues") as found:
        write_whole(tmp_path / "a", b"x" * 12345)
    assert found.value.filename == str(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"] and (tmp_path / "a").read_bytes() == b"first"
    assert content_name(b"first") == "a7937b64b8caa58f03721bb6bacf5c78"


@pytest.mark.parametrize("name", ["../out", "a/../../b", "\0", "x" * 300, ""])
def test_hostile_names_of_results_are_refused(sweep, name):
    with pytest.raises((ScenarioError, OSError, ValueError)):
        experiment_command(sweep, backend=SERIAL, out=name)
    with pytest.raises(ScenarioError):
        store.results_folder(name)
