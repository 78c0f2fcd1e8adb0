"""Sweeps whose processes are killed, hang, are interrupted or run out of room give the same bytes in the end."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sim.runs import files, journal
from sim.runs import play_sweep as playing
from sim.runs.digest import sweep_digest
from sim.runs.ledger import scan
from sim.runs.parts import read_table
from sim.runs.status import ended_runs
from sim.runs.tasks import run_key
from sim.scenario import ScenarioError
from tests.runs.sweep_under_test import play, tasks_of

KILLS_OF_COORDINATOR = 20
KILLS_OF_WORKERS = 40
ORPHANS_S = 5.0


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch):
    monkeypatch.setattr(playing, "rehearse", lambda task: None)


def digest_of(folder: Path, count: int) -> str:
    errors, parts, damaged = ended_runs(folder, count)
    assert not damaged and sorted(errors) == list(range(count))
    assert sum(map(len, parts.values())) == count
    return sweep_digest(folder, parts)


def digest_undisturbed(tmp_path: Path, count: int) -> str:
    """The digest of the same sweep when nothing happens to it."""
    folder = tmp_path / "calm" / "out"
    play(folder, tasks_of(folder, count, 0.0), kind="serial")
    return digest_of(folder, count)


def started(folder: Path, count: int, seconds: float, code: str = "", **options) -> subprocess.Popen:
    """The sweep in a process of its own."""
    said = json.dumps({"folder": str(folder), "count": count, "seconds": seconds, "code": code, "options": options})
    command = [sys.executable, "-m", "tests.runs.sweep_under_test", said]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True, start_new_session=True)


def alive_in(group: int) -> list[int]:
    """Processes of a session that have not ended."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.getsid(int(entry.name)) == group:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                found += [int(entry.name)] if state not in "ZX" else []
        except (OSError, ProcessLookupError):
            continue
    return found


def wait_until_gone(group: int, seconds: float = ORPHANS_S) -> None:
    end = time.monotonic() + seconds
    while alive_in(group):
        assert time.monotonic() < end, f"orphans after {seconds:g} s: {alive_in(group)}"
        time.sleep(0.05)


def plays_of(folder: Path) -> list[int]:
    return [int(line.split()[0]) for line in (folder.parent / "log").read_text().splitlines()]


def test_a_coordinator_killed_at_any_instant_loses_only_what_was_in_flight(tmp_path):
    count, seconds, folder = 240, 0.04, tmp_path / "killed" / "out"
    chance = random.Random(1)
    for _ in range(KILLS_OF_COORDINATOR):
        process = started(folder, count, seconds)
        # From before the folder exists to the middle of the runs; a whole sweep takes longer than all of this.
        end = time.monotonic() + chance.uniform(0.3, 2.2)
        while time.monotonic() < end and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        process.communicate()
        wait_until_gone(process.pid)
    play(folder, tasks_of(folder, count, seconds))
    plays = plays_of(folder)
    assert sorted(set(plays)) == list(range(count))
    # Two workers: each kill can make two runs be played again.
    assert len(plays) - count <= 2 * KILLS_OF_COORDINATOR
    assert digest_of(folder, count) == digest_undisturbed(tmp_path, count)


def test_killed_workers_cost_the_run_that_they_were_at_and_nothing_else(tmp_path):
    count, seconds, folder = 400, 0.03, tmp_path / "killed" / "out"
    process = started(folder, count, seconds)
    chance, kills = random.Random(2), 0
    while kills < KILLS_OF_WORKERS and process.poll() is None:
        time.sleep(0.05)
        workers = [pid for pid in alive_in(process.pid) if is_worker(pid)]
        at_work = (folder.parent / "log").exists() and len(plays_of(folder)) > 2 * kills
        if workers and at_work:
            os.kill(chance.choice(workers), signal.SIGKILL)
            kills += 1
    assert kills == KILLS_OF_WORKERS
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    wait_until_gone(process.pid)
    plays = plays_of(folder)
    assert len(plays) - count <= KILLS_OF_WORKERS
    assert digest_of(folder, count) == digest_undisturbed(tmp_path, count)


def is_worker(pid: int) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_a_run_that_always_kills_its_worker_is_tried_twice_and_given_up_and_the_rest_goes_on(tmp_path):
    folder = tmp_path / "out" / "out"
    tasks = tasks_of(folder, 30, 0.0, "if seed == 7: os.kill(os.getpid(), 9)")
    ledger = play(folder, tasks)
    assert ledger.failed() == [7] and "SIGKILL, 2 times" in ledger.errors[7]
    assert plays_of(folder).count(7) == 2 and sorted(set(plays_of(folder))) == list(range(30))
    assert max(plays_of(folder).count(seed) for seed in range(30) if seed != 7) == 1


def test_a_run_that_raises_is_recorded_with_its_traceback(tmp_path):
    folder = tmp_path / "out" / "out"
    ledger = play(folder, tasks_of(folder, 12, 0.0, "if seed % 5 == 3: raise ValueError('bad seed')"))
    assert ledger.failed() == [3, 8] and "ValueError: bad seed" in ledger.errors[3]
    row = read_table(folder, ledger.parts()).to_pylist()[3]
    assert "measure.py" in row["traceback"] and row["value"] is None


@pytest.mark.parametrize("kind", ["local", "serial"])
def test_a_run_that_hangs_is_ended_by_its_time_limit_and_not_tried_again(tmp_path, kind):
    folder = tmp_path / "out" / "out"
    tasks = tasks_of(folder, 8, 0.0, "while seed == 3: pass")
    ledger = play(folder, tasks, kind=kind, time_limit_s=1.0)
    assert ledger.failed() == [3] and "took longer than the time limit of 1 s" in ledger.errors[3]
    assert plays_of(folder).count(3) == 1 and not ledger.missing()


def test_control_c_once_finishes_what_is_in_flight_and_twice_ends_at_once_and_both_continue(tmp_path):
    folder, count, seconds = tmp_path / "out" / "out", 60, 0.3
    for number, (signals, limit) in enumerate(
        (((signal.SIGINT,), 10.0), ((signal.SIGTERM,), 10.0), ((signal.SIGINT,) * 2, 3.0))
    ):
        process = started(folder, count, seconds)
        wait_for_runs(folder, 4 * (number + 1), process)
        asked = time.monotonic()
        for each in signals:
            os.killpg(process.pid, each)  # as a terminal does: to the workers too
            time.sleep(0.3)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130 and time.monotonic() - asked < limit, said
        assert "Stopping: the runs in flight are finished first" in said
        wait_until_gone(process.pid)
        if len(signals) == 1:
            assert f"{len(set(plays_of(folder)))} of {count} runs are finished" in said
            assert len(plays_of(folder)) == len(set(plays_of(folder)))  # nothing was in flight any more
    play(folder, tasks_of(folder, count, 0.0))
    assert digest_of(folder, count) == digest_undisturbed(tmp_path, count)


def wait_for_runs(folder: Path, count: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + 60
    while not (folder.parent / "log").exists() or len(set(plays_of(folder))) < count:
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.02)


class FullDisk:
    """Lets so many writes through, and then there is no room: every write of a sweep goes through one of these."""

    def __init__(self, monkeypatch, writes: int) -> None:
        self.left = writes
        for module, name in ((os, "write"), (os, "fsync"), (os, "replace")):
            monkeypatch.setattr(module, name, self._counted(getattr(module, name)))

    def _counted(self, function):
        def counted(*given):
            if threading.current_thread() is threading.main_thread() and not self._is_pipe(function, given):
                self.left -= 1
                if self.left < 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
            return function(*given)

        return counted

    def _is_pipe(self, function, given) -> bool:
        return function.__name__ == "write" and given[0] in (1, 2)


def test_no_room_at_any_write_leaves_nothing_torn_and_the_sweep_continues(tmp_path, monkeypatch):
    count = 3
    calm = digest_undisturbed(tmp_path, count)
    for writes in range(200):
        folder = tmp_path / f"full{writes}" / "out"
        tasks = tasks_of(folder, count, 0.0)
        with monkeypatch.context() as patch:
            FullDisk(patch, writes)
            try:
                play(folder, tasks, kind="serial")
                break
            except OSError as error:
                assert error.errno == errno.ENOSPC
        for file in (folder / "parts").glob("*.runs.parquet") if folder.exists() else ():
            assert files.content_name(file.read_bytes()) == file.name.partition(".")[0]
        play(folder, tasks, kind="serial")
        assert digest_of(folder, count) == calm
        assert not list(folder.rglob("*.tmp")) and not list(folder.rglob(f"*{journal.SUFFIX}"))
    assert writes >= 8, "so many writes a sweep of three runs has at least, and each of them has failed once"


@pytest.fixture
def small_disk(tmp_path):
    """A file system of the size that is asked for, in bytes; needs root."""
    mounted = []

    def make(n_bytes: int) -> Path:
        place = tmp_path / f"disk{n_bytes}"
        place.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={n_bytes}", "tmpfs", str(place)], capture_output=True
        )
        if done.returncode:
            pytest.skip("no file system can be mounted here")
        mounted.append(place)
        return place

    yield make
    for place in mounted:
        subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_full_stops_a_sweep_with_a_clear_message_and_it_continues_when_there_is_room(
    tmp_path, small_disk
):
    count, stopped = 3, 0
    calm = digest_undisturbed(tmp_path, count)
    for n_pages in range(1, 60, 2):
        disk = small_disk(n_pages * 4096)
        folder = disk / "out"
        tasks = tasks_of(tmp_path / "runs" / "out", count, 0.0)
        try:
            play(folder, tasks, kind="serial")
        except OSError as error:
            assert error.errno == errno.ENOSPC and str(disk) in str(error.filename)
            stopped += 1
            subprocess.run(["mount", "-o", "remount,size=4M", str(disk)], check=True)
            play(folder, tasks, kind="serial")
        assert digest_of(folder, count) == calm
    assert 3 < stopped < 30


def test_a_folder_that_vanishes_is_an_error_and_not_a_hang(tmp_path):
    folder = tmp_path / "out" / "out"
    code = f"import shutil; seed == 5 and shutil.rmtree({str(folder)!r})"
    with pytest.raises(OSError):
        play(folder, tasks_of(folder, 400, 0.0, code))


def test_a_read_only_folder_is_refused_before_anything_runs(tmp_path, monkeypatch):
    def refused(*_args, **_named):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))

    monkeypatch.setattr(playing.store.tempfile, "mkdtemp", refused)
    folder = tmp_path / "out"
    with pytest.raises(ScenarioError, match="cannot be written: Permission denied"):
        play(folder, tasks_of(folder, 2, 0.0), kind="serial")
    assert not folder.exists() and not (tmp_path / "log").exists()


def test_ten_thousand_runs_stay_in_few_files_and_are_scanned_quickly(tmp_path):
    folder, count = tmp_path / "out" / "out", 10_000
    tasks = tasks_of(folder, count, 0.0)
    play(folder, tasks)
    assert len([path for path in folder.rglob("*") if path.is_file()]) <= 300
    before = time.process_time()
    ledger = scan(folder, [run_key(task) for task in tasks])
    assert not ledger.missing() and time.process_time() - before < 5.0
    parts = [len(runs) for runs in ledger.parts().values()]
    assert max(parts) <= 200 and sum(size < 50 for size in parts) <= 1
