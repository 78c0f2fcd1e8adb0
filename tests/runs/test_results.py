"""What lies in a results folder is read whole and once, or refused by name."""

import pandas as pd
import pytest
from written_results import events_with_run, part, row, write_finished_sweep, write_run_folder, write_stopped_sweep

from sim.runs import store
from sim.runs.results import Results, find_results
from sim.scenario import ScenarioError


def test_a_runs_folder_gives_its_tables_and_records(tmp_path) -> None:
    results = find_results(write_run_folder(tmp_path / "a run"))
    assert results.tables == ("runs", "steps", "events", "evaluation") and not results.is_sweep and results.is_finished
    assert results.runs["liquidations"].tolist() == [2] and results.manifest == {"seed": 4}
    assert results.steps["mark_price"].isna().sum() == 1 and results.steps["instrument"].dtype == "category"
    assert results.events["kind"].tolist() == ["liquidation", "default", "fund_payment"]
    assert results.evaluation["profit"].tolist() == [1.5]
    with pytest.raises(ScenarioError, match="has no profits; there: runs, steps, events, evaluation"):
        _ = results.profits


def test_a_finished_sweep_gives_its_runs_and_what_its_parts_keep(tmp_path) -> None:
    results = find_results(write_finished_sweep(tmp_path / "sweep"))
    assert results.is_finished and results.tables == ("runs", "events")
    assert results.runs["gross_drain_bp"].tolist() == [0.0, 0.5, 1.0, 1.5]
    assert results.events.groupby("run").size().tolist() == [1, 2, 3, 1]
    with pytest.raises(ScenarioError, match=r"has no steps; there: runs, events; `keep: \[steps\]` in sweep.yaml"):
        _ = results.steps


def test_a_run_that_stands_in_two_parts_counts_once_and_types_are_joined(tmp_path) -> None:
    results = Results(write_stopped_sweep(tmp_path / "sweep"))
    assert not results.is_finished and results.finished_runs() == (6, 8)
    runs = results.runs
    assert runs["run"].tolist() == [0, 1, 2, 3, 4, 5]
    assert runs["gross_drain_bp"].tolist() == [0.0, 1.0, 2.0, 3.5, 4.5, 5.5]
    assert runs["uncovered"].isna().tolist() == [True] * 3 + [False] * 3
    expected = events_with_run(*range(6)).astype({"kind": str})
    pd.testing.assert_frame_equal(results.events.astype({"kind": str}), expected, check_dtype=False)


def test_a_folder_that_does_not_say_how_many_runs_it_should_have_is_read_all_the_same(tmp_path) -> None:
    folder = write_stopped_sweep(tmp_path / "sweep")
    (folder / "sweep.json").write_text('{"runs": "eight"}')
    assert Results(folder).finished_runs() == (6, None)


def test_an_altered_part_is_never_read(tmp_path) -> None:
    for position in range(0, 400, 37):
        folder = write_stopped_sweep(tmp_path / str(position))
        file = sorted((folder / "parts").glob("*.runs.parquet"))[0]
        data = bytearray(file.read_bytes())
        data[position] ^= 4
        file.write_bytes(data)
        with pytest.raises(ScenarioError, match=f"{file.name} is damaged"):
            _ = Results(folder).runs


def test_altered_events_are_refused_and_the_runs_are_still_read(tmp_path) -> None:
    folder = write_stopped_sweep(tmp_path / "sweep")
    file = sorted((folder / "parts").glob("*.events.parquet"))[0]
    file.write_bytes(file.read_bytes()[:-3])
    assert len(Results(folder).runs) == 6
    with pytest.raises(ScenarioError, match="damaged"):
        _ = Results(folder).events


def test_a_torn_table_of_a_run_is_refused_by_name(tmp_path) -> None:
    folder = write_run_folder(tmp_path / "run")
    (folder / "steps.parquet").write_bytes((folder / "steps.parquet").read_bytes()[:-9])
    (folder / "summary.json").write_text("{")
    for name in ("steps", "runs"):
        with pytest.raises(ScenarioError, match="is damaged"):
            Results(folder).frame(name)


def test_a_file_that_is_not_what_the_manifest_says_is_never_read(tmp_path) -> None:
    with store.new_folder(tmp_path / "run") as folder:
        folder.write_json("summary.json", {"seed": 1, "liquidations": 3})
        folder.write_frame("steps.parquet", pd.DataFrame({"step": [0, 1], "mark_price": [1.0, 2.0]}))
        folder.write_manifest({"seed": 1})
    for name, table in (("steps.parquet", "steps"), ("summary.json", "runs")):
        file = tmp_path / "run" / name
        sound = file.read_bytes()
        assert len(Results(tmp_path / "run").frame(table))
        for position in range(len(sound)):
            file.write_bytes(sound[:position] + bytes([sound[position] ^ 1]) + sound[position + 1 :])
            with pytest.raises(ScenarioError, match=f"{name} is damaged"):
                Results(tmp_path / "run").frame(table)
        file.write_bytes(sound)


def test_nothing_outside_of_the_folder_is_read(tmp_path) -> None:
    other = write_run_folder(tmp_path / "other")
    folder = write_run_folder(tmp_path / "run")
    (folder / "events.parquet").unlink()
    (folder / "events.parquet").symlink_to(other / "events.parquet")
    with pytest.raises(ScenarioError, match=r"events\.parquet leads out of the folder"):
        Results(folder).frame("events")
    (tmp_path / "link").symlink_to(other)
    assert len(Results(tmp_path / "link").events) == 3, "a folder may itself be a link"


def test_a_part_that_names_events_elsewhere_has_none(tmp_path) -> None:
    folder = tmp_path / "sweep"
    file = part(folder, [row(0, 1.0)])
    (folder / "sweep.json").write_text('{"runs": 1}')
    assert Results(folder).tables == ("runs",) and file.is_file()


def test_folders_are_found_by_path_by_name_and_newest_first(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError, match="there are none below results/; name a folder"):
        find_results()
    write_run_folder(tmp_path / "results" / "older")
    write_run_folder(tmp_path / "results" / "newer")
    (tmp_path / "results" / "published").mkdir()
    assert find_results().folder.name == "newer"
    assert find_results("older").folder == find_results("results/older").folder
    assert find_results(tmp_path / "results" / "older").folder.name == "older"


@pytest.mark.parametrize(
    ("name", "said"),
    [("oldr", "did you mean 'older'"), ("results", "holds no results"), ("", "no folder ''"), ("a\0b", "no folder"),
     ("x" * 300, "no folder"), ("results/older/summary.json", "is a file; name the folder")],
)  # fmt: skip
def test_a_name_of_no_results_is_refused(tmp_path, monkeypatch, name, said) -> None:
    monkeypatch.chdir(tmp_path)
    write_run_folder(tmp_path / "results" / "older")
    with pytest.raises(ScenarioError, match=said):
        find_results(name)


def test_a_run_that_failed_says_so(tmp_path) -> None:
    (tmp_path / "failure.json").write_text("{}")
    with pytest.raises(ScenarioError, match=r"failed; failure\.json says why"):
        _ = find_results(tmp_path).steps
    with pytest.raises(ScenarioError, match=r"failed; failure\.json says why"):
        find_results(tmp_path).query("select 1")
