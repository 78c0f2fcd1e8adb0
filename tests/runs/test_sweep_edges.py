"""What a sweep may not trip over: odd values, odd names, edits between two calls, unlike workers, failing analyses."""

import errno
import json
import os
import sqlite3
from pathlib import Path

import pytest

from sim.runs import local_pool, worker
from sim.runs import play_sweep as playing
from sim.runs.backends import BackendOptions
from sim.runs.catalogue import Catalogue
from sim.runs.digest import row_text, sweep_digest
from sim.runs.experiment import Form, experiment_command
from sim.runs.folder_lock import held_by, locked
from sim.runs.journal import Finished
from sim.runs.ledger import scan
from sim.runs.local_pool import LocalPool
from sim.runs.parts import part_file, read_table, write_part
from sim.runs.status import digest_command
from sim.runs.tasks import plain
from sim.scenario import ScenarioError
from tests.runs.sweep_under_test import play, tasks_of

SERIAL = BackendOptions("serial")
MEASURE = "def measure(scenario, cell, seed):\n    return {'steps': scenario.steps, 'value': seed / 2}\n"
ANALYSE = """
from sim.evidence.analysis import Analysis
def analyse(runs):
    return Analysis(runs.astype(str), {}, runs, {}, "seen")
"""


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch):
    monkeypatch.setattr(playing, "rehearse", lambda task: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("parts", "journals"):
        (tmp_path / "sweep" / name).mkdir(parents=True)
    return tmp_path / "sweep"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    (place / "measure.py").write_text(MEASURE)
    (place / "analyse.py").write_text(ANALYSE)
    return place


def said(home: Path, **words) -> Path:
    (home / "sweep.yaml").write_text(json.dumps({"scenario": "baseline", "seeds": {"quick": 2}} | words))
    return home


def finished(run: int, **row) -> Finished:
    return Finished(run, f"key{run}", plain({"arm": "all", "seed": run, "error": None} | row), {})


KEYS = [f"key{run}" for run in range(8)]
ODD = [True, 3, 0.5, "n/a", None, 2**53 + 1, 2**70, "\ud800", -0.0, float("inf"), "3", 3.0]


@pytest.mark.parametrize("second", range(len(ODD)))
@pytest.mark.parametrize("first", range(len(ODD)))
def test_values_of_any_types_share_a_column_and_the_digest_does_not_know_their_parts(folder, first, second):
    digests = set()
    for parting in ((2, 4), (1, 2, 3, 4), (3, 4)):
        for file in (folder / "parts").iterdir():
            file.unlink()
        runs = [finished(run, value=ODD[(first, second)[run % 2]]) for run in range(4)]
        start = 0
        for end in parting:
            write_part(folder, runs[start:end])
            start = end
        table = read_table(folder, scan(folder, KEYS).parts())
        assert table["run"].to_pylist() == [0, 1, 2, 3]
        digests.add(sweep_digest(folder, scan(folder, KEYS).parts()))
    assert len(digests) == 1


def test_the_digest_knows_of_an_error_only_its_kind():
    one = row_text({"run": 1, "error": "OSError: /srv/x on host a", "traceback": "there"})
    assert one == row_text({"run": 1, "error": "OSError: elsewhere", "traceback": None}) and "OSError" in one
    assert one != row_text({"run": 1, "error": "ValueError: x"})


@pytest.mark.parametrize("name", ["run", "key", "seed", "error", "arm", "traceback"])
def test_a_factor_may_not_be_called_like_a_column_of_every_run(home, name):
    with pytest.raises(ScenarioError, match="is a column of every run"):
        experiment_command(said(home, factors={name: {"values": [1]}}), backend=SERIAL, out=home / "out")
    assert not (home / "out").exists()


def test_a_setting_of_a_dial_that_a_factor_varies_is_refused(home):
    place = said(home, factors={"length": {"sets": "steps", "values": [3, 4]}})
    with pytest.raises(ScenarioError, match="steps is what the factor length varies"):
        experiment_command(place, Form(settings=("steps=9",)), SERIAL, out=home / "out")


def test_dates_and_nulls_as_values_are_refused_or_played(home):
    experiment_command(said(home, factors={"f": {"values": [None, 0.5]}}), backend=SERIAL, out=home / "out")
    (home / "sweep.yaml").write_text("scenario: baseline\nfactors: {day: {values: [2025-10-10]}}\n")
    with pytest.raises(ScenarioError, match="quote dates"):
        experiment_command(home, backend=SERIAL, out=home / "other")


def test_what_was_edited_between_two_calls_of_one_process_is_read_again(home):
    experiment_command(said(home, steps=11), Form(seeds=1), SERIAL, out=home / "one")
    (home / "measure.py").write_text(MEASURE.replace("scenario.steps", "-scenario.steps"))
    with pytest.raises(ScenarioError, match=r"measure\.py"):
        experiment_command(home, Form(seeds=1), SERIAL, out=home / "one")
    final = experiment_command(home, Form(seeds=1), SERIAL, out=home / "two")
    assert read_table(final, scan(final, _keys(final)).parts())["steps"].to_pylist() == [-11]


def test_what_measure_may_import_from_its_folder_is_part_of_what_a_run_is(home):
    (home / "helper.py").write_text("x = 1\n")
    experiment_command(said(home), backend=SERIAL, out=home / "out")
    (home / "analyse.py").write_text(ANALYSE.replace("seen", "seen again"))
    experiment_command(home, backend=SERIAL, out=home / "out")
    (home / "helper.py").write_text("x = 2\n")
    with pytest.raises(ScenarioError, match="another configuration"):
        experiment_command(home, backend=SERIAL, out=home / "out")


def _keys(folder: Path) -> list[str]:
    return [row["key"] for row in read_rows(folder)]


def read_rows(folder: Path) -> list[dict]:
    import pandas as pd

    return pd.read_parquet(folder / "runs.parquet").to_dict("records")


def test_an_analysis_that_fails_keeps_the_runs_and_says_where_it_failed(home):
    (home / "analyse.py").write_text("def analyse(runs):\n    return runs['no_such_column']\n")
    with pytest.raises(ScenarioError, match=r"analyse\.py: failed in line 2: KeyError.*all runs are kept"):
        experiment_command(said(home), backend=SERIAL, out=home / "out")
    (home / "analyse.py").write_text("def analyse(:\n")
    with pytest.raises(ScenarioError, match="cannot be loaded: SyntaxError"):
        experiment_command(home, backend=SERIAL, out=home / "out")
    (home / "analyse.py").write_text(ANALYSE)
    assert (experiment_command(home, backend=SERIAL, out=home / "out") / "verdict.md").is_file()


def test_shards_cannot_each_begin_a_new_folder(home):
    with pytest.raises(ScenarioError, match="shards share one folder"):
        experiment_command(said(home), backend=SERIAL, shard="1/2", new=True)


def test_a_shard_with_failed_runs_ends_with_code_3(home):
    (home / "measure.py").write_text("def measure(scenario, cell, seed):\n    1 / 0\n")
    with pytest.raises(SystemExit) as stop:
        experiment_command(said(home), backend=SERIAL, shard="1/1", out=home / "out")
    assert stop.value.code == 3


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "..", "a/../../b"])
def test_names_that_no_folder_can_have_are_refused(home, name):
    with pytest.raises(ScenarioError):
        experiment_command(said(home), backend=SERIAL, out=name)


def test_a_link_instead_of_a_folder_is_refused(home, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (home / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ScenarioError, match="is a link"):
        experiment_command(said(home), backend=SERIAL, out=home / "out")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_scheduler_that_is_not_there_leaves_nothing_and_takes_nothing_along(home, tmp_path):
    nobody = BackendOptions("dask", address=str(tmp_path / "no_scheduler.json"))
    with pytest.raises(ScenarioError):
        experiment_command(said(home), backend=nobody, out=home / "new" / "out")
    assert not (home / "new" / "out").exists()
    final = experiment_command(home, Form(seeds=1), SERIAL, out=home / "out")
    before = sorted(path.name for path in final.rglob("*"))
    (next((final / "parts").glob("*.runs.parquet"))).unlink()
    with pytest.raises(ScenarioError):
        experiment_command(home, Form(seeds=1), nobody, out=home / "out")
    assert set(before) - {path.name for path in final.rglob("*")} <= {name for name in before if "runs.parquet" in name}


def test_a_folder_that_was_begun_and_says_not_yet_of_what_can_be_used(home):
    out = home / "out"
    for name in ("lock", "lock-shard-1-of-2", ".sweep.json.77.tmp"):
        out.mkdir(exist_ok=True)
        (out / name).write_text("")
    experiment_command(said(home), backend=SERIAL, out=out)
    assert (out / "runs.parquet").is_file() and not (out / ".sweep.json.77.tmp").exists()


def test_odd_files_among_the_parts_are_left_alone(home):
    final = experiment_command(said(home), backend=SERIAL, out=home / "out")
    part = next((final / "parts").glob("*.runs.parquet"))
    (final / "parts" / f"._{part.name}").write_bytes(b"finder")
    (final / "parts" / part.name.replace(".runs", ".1.runs")).write_bytes(part.read_bytes())
    assert len(scan(final, _keys(final)).parts()) == 1
    digest_command(final)


def test_parts_of_another_sweep_have_no_digest_here(home):
    one = experiment_command(said(home), backend=SERIAL, out=home / "one")
    other = experiment_command(said(home, steps=7), backend=SERIAL, out=home / "two")
    for file in (one / "parts").iterdir():
        file.unlink()
    for file in (other / "parts").iterdir():
        (one / "parts" / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ScenarioError, match="runs of another sweep"):
        digest_command(one)


def test_runs_that_failed_again_are_reported_alike_whatever_their_files_are_called(folder):
    for error in ("B: second", "A: first", "C: third"):
        write_part(folder, [finished(0, error=error)])
    assert scan(folder, KEYS).errors == {0: "A: first"} and scan(folder, KEYS).n_failed == 1


def test_a_retry_whose_worker_dies_is_not_mistaken_for_the_old_failure(tmp_path):
    place = tmp_path / "out" / "out"
    code = (
        "mark = os.environ['FIRESALE_TEST_LOG'] + '.again'\n"
        "    if seed == 3 and not os.path.exists(mark): open(mark, 'w').close(); raise ValueError('first')\n"
        "    if seed == 3 and os.path.getsize(mark) == 0: open(mark, 'w').write('x'); os.kill(os.getpid(), 9)"
    )
    tasks = tasks_of(place, 6, 0.0, code.replace("\n    ", "\n"))
    assert play(place, tasks).failed() == [3]
    assert play(place, tasks, retry_failed=True).failed() == []


def test_a_measure_that_kills_or_hangs_is_played_in_a_worker_only(tmp_path, monkeypatch):
    monkeypatch.undo()
    place = tmp_path / "out" / "out"
    ledger = play(place, tasks_of(place, 3, 0.0, "if seed == 0: os.abort()"))
    assert ledger.failed() == [0] and "SIGABRT" in ledger.errors[0]


def test_a_pool_that_cannot_start_another_process_gives_up_and_never_hangs(monkeypatch):
    def refused(self):
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    with LocalPool(1) as pool:
        assert pool.submit(abs, -1).result(timeout=30) == 1
        monkeypatch.setattr(LocalPool, "_spawned", refused)
        dead, waiting = pool.submit(os._exit, 3), pool.submit(abs, -2)
        with pytest.raises(local_pool.WorkerDied):
            dead.result(timeout=30)
        with pytest.raises(OSError, match="temporarily"):
            waiting.result(timeout=30)


def test_a_look_at_who_holds_a_folder_refuses_nobody(folder):
    import threading

    stop, seen, taken = threading.Event(), [], 0

    def watch() -> None:
        while not stop.is_set():
            seen.append(held_by(folder))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(100):
            with locked(folder):
                taken += 1
    finally:
        stop.set()
        watcher.join()
    assert taken == 100 and seen and {owner["pid"] for owner in seen if owner} <= {os.getpid()}


def test_a_catalogue_that_is_damaged_or_held_by_another_does_not_end_a_sweep(folder, capsys):
    write_part(folder, [finished(run) for run in range(3)])
    catalogue = Catalogue(folder)
    catalogue.rebuild(scan(folder, KEYS), 8)
    with sqlite3.connect(catalogue.file, isolation_level=None) as other:
        catalogue.base.execute("PRAGMA busy_timeout=10")
        other.execute("BEGIN IMMEDIATE")
        catalogue.add([(3, "key3", None)])
        catalogue.add([(4, "key4", None)])
        other.execute("ROLLBACK")
    assert capsys.readouterr().err.count("goes on without it") == 1
    catalogue.close()
    data = bytearray(catalogue.file.read_bytes())
    for place in range(len(data) // 2, len(data)):
        data[place] ^= 0x5A
    catalogue.file.write_bytes(bytes(data))
    again = Catalogue(folder)
    again.rebuild(scan(folder, KEYS), 8)
    assert again.base.execute("SELECT count(*) FROM runs").fetchone() == (3,)
    again.close()


def test_a_journal_that_was_damaged_is_not_thrown_away_when_it_becomes_a_part(tmp_path, monkeypatch):
    place = tmp_path / "out" / "out"
    tasks = tasks_of(place, 5, 0.0)
    monkeypatch.setattr(worker, "RUNS_A_PART", 3)
    append = worker.Journal.append

    def flipped(self, run):
        append(self, run)
        if self.runs == 3:
            data = bytearray(self.file.read_bytes())
            data[-5] ^= 1
            self.file.write_bytes(bytes(data))

    monkeypatch.setattr(worker.Journal, "append", flipped)
    ledger = play(place, tasks, kind="serial")
    monkeypatch.undo()
    assert ledger.missing() == [2] and ledger.damaged == [] and list((place / "journals").glob("*.corrupt"))
    assert not play(place, tasks, kind="serial").missing()


def test_part_files_have_names_that_say_what_is_in_them(folder):
    name = write_part(folder, [finished(0)])
    assert part_file(folder, name).is_file() and len(name) == 32
