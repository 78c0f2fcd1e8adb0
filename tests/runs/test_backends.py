"""Back ends: the same answers from all, a dead worker is named and never waited for, a missing scheduler is said."""

import json
import os
import signal
import time
from concurrent.futures import CancelledError, wait

import pytest
from backend_tasks import end_own_process, fail, hold, linger, square, who
from dask_commands import DaskCommands, until

from sim.runs.backends import BackendOptions, SerialExecutor, WorkerDied, open_backend
from sim.runs.remote import differences, mark_of
from sim.scenario import ScenarioError

WATCHDOG_S = 60.0
IN_PROCESS = ("serial", "local", "dask")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler and two workers as a person starts them: their scheduler file and processes."""
    folder = tmp_path_factory.mktemp("dask")
    with DaskCommands(folder) as processes:
        file = processes.start_scheduler()
        for name in ("one", "two"):
            processes.start_worker(file, name)
        yield file, processes


def _answers(executor, numbers):
    return [future.result(WATCHDOG_S) for future in [executor.submit(square, number) for number in numbers]]


@pytest.mark.parametrize("kind", IN_PROCESS)
def test_every_back_end_gives_the_same_answers(kind):
    with open_backend(BackendOptions(kind, workers=2)) as (executor, capacity):
        assert capacity == (1 if kind == "serial" else 2)
        assert _answers(executor, range(12)) == [number**2 for number in range(12)]


@pytest.mark.parametrize("kind", IN_PROCESS)
def test_what_a_batch_raises_comes_back_and_the_worker_goes_on(kind):
    with open_backend(BackendOptions(kind, workers=1)) as (executor, _):
        with pytest.raises((ZeroDivisionError, RuntimeError), match="division by zero"):
            executor.submit(fail).result(WATCHDOG_S)
        assert _answers(executor, [3]) == [9]


def test_a_serial_batch_is_played_at_submit_in_this_process():
    assert SerialExecutor().submit(who).result(0) == os.getpid()


def test_a_dask_worker_that_dies_takes_its_own_batch_along_and_no_other():
    with open_backend(BackendOptions("dask", workers=2)) as (executor, _):
        fatal = executor.submit(end_own_process)
        others = [executor.submit(square, number) for number in range(20)]
        with pytest.raises(WorkerDied, match="Dask worker at .* died"):
            fatal.result(WATCHDOG_S)
        assert [future.result(WATCHDOG_S) for future in others] == [number**2 for number in range(20)]


def test_a_batch_that_waits_can_be_cancelled_and_the_rest_is_played():
    with open_backend(BackendOptions("dask", workers=1)) as (executor, _):
        first = executor.submit(linger, 1.0)
        waiting = executor.submit(square, 2)
        until(first.running, "the beginning of the first")
        assert not first.cancel()
        last = executor.submit(square, 3)
        assert waiting.cancel()
        done, left = wait([first, waiting, last], timeout=WATCHDOG_S)
        assert not left and last.result() == 9
        with pytest.raises(CancelledError):
            waiting.result(0)


def test_a_shutdown_at_once_leaves_no_batch_without_an_answer():
    with open_backend(BackendOptions("dask", workers=1)) as (executor, _):
        running, waiting = executor.submit(linger, 60.0), executor.submit(square, 2)
        until(running.running, "the beginning")
        started = time.monotonic()
        executor.shutdown(wait=True, cancel_futures=True)
        assert time.monotonic() - started < 5.0
        assert waiting.cancelled() and isinstance(running.exception(0), WorkerDied)


def test_a_back_end_that_is_given_up_says_why_to_all_that_is_open_and_all_that_comes():
    with open_backend(BackendOptions("dask", workers=1)) as (executor, _):
        open_ones = [executor.submit(linger, 60.0), executor.submit(square, 2)]
        executor.give_up(ConnectionError("the jobs end"))
        for future in (*open_ones, executor.submit(square, 3)):
            with pytest.raises(ConnectionError, match="the jobs end"):
                future.result(WATCHDOG_S)


def test_a_person_is_told_when_no_worker_is_left(monkeypatch, capsys, tmp_path):
    from sim.runs import dask_executor

    monkeypatch.setattr(dask_executor, "LOOK_S", 0.1)
    monkeypatch.setattr(dask_executor, "ALONE_S", 0.1)
    with DaskCommands(tmp_path) as processes:
        file = processes.start_scheduler()
        worker = processes.start_worker(file, "only")
        with open_backend(BackendOptions("dask", address=str(file))) as (executor, _):
            assert _answers(executor, [2]) == [4]
            assert capsys.readouterr().err == ""
            os.killpg(worker.pid, signal.SIGKILL)
            said = []
            until(lambda: said.append(capsys.readouterr().err) or "No Dask worker is there" in said[-1], "the word")
            waiting = executor.submit(square, 3)
            processes.start_worker(file, "another")
            assert waiting.result(WATCHDOG_S) == 9


@pytest.mark.parametrize("by", ["file", "address"])
def test_a_scheduler_is_found_by_its_file_or_its_address(cluster, by):
    file, _ = cluster
    address = str(file) if by == "file" else json.loads(file.read_text())["address"]
    with open_backend(BackendOptions("dask", address=address)) as (executor, capacity):
        assert capacity >= 1
        assert _answers(executor, range(8)) == [number**2 for number in range(8)]


def test_a_worker_and_its_nanny_that_come_late_and_are_killed_on_the_way_lose_nothing(cluster, tmp_path, monkeypatch):
    from sim.runs import dask_executor

    monkeypatch.setattr(dask_executor, "LOOK_S", 0.1)
    file, processes = cluster
    with open_backend(BackendOptions("dask", address=str(file))) as (executor, capacity):
        assert capacity <= 2
        victim = processes.start_worker(file, "victim")
        futures = [executor.submit(hold, str(tmp_path), number) for number in range(12)]
        until(lambda: len(list(tmp_path.iterdir())) == 3, "a batch for each worker")
        os.killpg(victim.pid, signal.SIGKILL)
        (tmp_path / "go").touch()
        assert [future.result(WATCHDOG_S) for future in futures] == [number**2 for number in range(12)]


def test_a_scheduler_that_is_gone_ends_the_wait(tmp_path):
    with DaskCommands(tmp_path) as processes:
        file = processes.start_scheduler()
        scheduler = processes.started[0]
        processes.start_worker(file, "only")
        with open_backend(BackendOptions("dask", address=str(file))) as (executor, _):
            running = executor.submit(linger, 60.0)
            os.killpg(scheduler.pid, signal.SIGKILL)
            with pytest.raises(ConnectionError, match="is gone; the same command continues"):
                running.result(WATCHDOG_S)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1"])
def test_a_scheduler_that_is_not_there_is_said_within_15_seconds(address):
    started = time.monotonic()
    with pytest.raises(ScenarioError, match="no Dask scheduler answers at"):
        with open_backend(BackendOptions("dask", address=address)):
            pass
    assert time.monotonic() - started < 15.0


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"id": "x"}', '{"address": 7}'])
def test_a_scheduler_file_that_cannot_be_read_is_refused(text, tmp_path):
    file = tmp_path / "sched.json"
    file.write_text(text)
    with pytest.raises(ScenarioError, match="scheduler file"):
        with open_backend(BackendOptions("dask", address=str(file))):
            pass


@pytest.mark.parametrize("address", ["nowhere.json", "tcp://", "../..", "\0", "x" * 300, "file:///etc/passwd"])
def test_an_address_that_is_none_is_refused_in_one_line(address):
    with pytest.raises(ScenarioError) as caught:
        with open_backend(BackendOptions("dask", address=address)):
            pass
    assert len(str(caught.value).splitlines()) == 1


def test_options_that_do_not_go_together_are_refused(tmp_path):
    for options in (
        BackendOptions("local", address="tcp://127.0.0.1:1"),
        BackendOptions("dask", site=tmp_path / "cluster.yaml"),
        BackendOptions("cloud"),
    ):
        with pytest.raises(ScenarioError):
            with open_backend(options):
                pass


def test_a_missing_package_names_what_to_install(monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ScenarioError, match=r"install firesale\[cluster\]"):
        with open_backend(BackendOptions("dask")):
            pass


def test_a_worker_that_sees_another_folder_or_has_another_version_is_refused(tmp_path, monkeypatch):
    from sim.runs import remote

    witness = tmp_path / "sweep.json"
    witness.write_text("one")
    mark = mark_of(witness)
    assert differences(mark) == ""
    monkeypatch.setattr(remote, "PATIENCE_S", 0.1)
    witness.write_text("two")
    assert "must be on a file system that all share" in differences(mark)
    witness.unlink()
    assert "must be on a file system that all share" in differences(mark)
    witness.write_text("one")
    monkeypatch.setattr(remote, "BEHAVIOUR_VERSION", -1)
    assert "has behaviour -1 (here " in differences(mark)


def test_workers_that_do_not_see_the_results_folder_are_refused_before_anything_is_played(cluster, tmp_path):
    file, _ = cluster
    hidden = tmp_path / "sweep.json"
    hidden.write_text("one")
    options = BackendOptions("dask", address=str(file), witness=hidden)
    with open_backend(options) as (executor, _):
        assert _answers(executor, [5]) == [25]
        hidden.write_text("two")  # as on a machine whose folder of this name is another
        with pytest.raises(ScenarioError, match="does not see .*sweep.json as it is here"):
            executor.submit(square, 6).result(WATCHDOG_S)


def test_nothing_of_a_dask_cluster_is_left_when_it_is_closed():
    with open_backend(BackendOptions("dask", workers=2)) as (executor, _):
        pids = {future.result(WATCHDOG_S) for future in [executor.submit(who) for _ in range(20)]}
        executor.submit(linger, 60.0)
    until(lambda: not any(_is_alive(pid) for pid in pids), "the end of the workers")
    assert pids and os.getpid() not in pids


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
