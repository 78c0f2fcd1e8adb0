"""A results folder appears whole or not at all; nothing is overwritten; no name leads out."""

import json
from pathlib import Path

import pandas as pd
import pytest

from sim.runs import store
from sim.scenario import ScenarioError


def test_a_folder_appears_whole_and_an_existing_one_gets_a_numbered_sibling(tmp_path: Path) -> None:
    target = tmp_path / "new" / "run"
    finals = []
    for number in range(3):
        with store.new_folder(target) as folder:
            folder.write_json("summary.json", {"number": number})
            folder.write_bytes("figures/price.png", b"png")
            folder.write_frame("rows.parquet", pd.DataFrame({"a": [1]}))
            assert not folder.final.with_name("summary.json").exists()
        finals.append(folder.final)
    assert [path.name for path in finals] == ["run", "run-2", "run-3"]
    assert [json.loads((path / "summary.json").read_text())["number"] for path in finals] == [0, 1, 2]
    assert sorted(path.name for path in target.parent.iterdir()) == ["run", "run-2", "run-3"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    with store.new_folder(tmp_path / "run") as folder:
        folder.write_text("a.txt", "a")
    (tmp_path / "empty").mkdir()
    with store.new_folder(tmp_path / "empty") as folder:
        folder.write_text("a.txt", "a")
    assert folder.final == tmp_path / "empty"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_nothing_behind(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), store.new_folder(tmp_path / "results" / "deep" / "run") as folder:
        folder.write_text("half.txt", "half")
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", ".hidden", "a..b", "/etc", "a\x00b", "x" * 200])
def test_names_that_would_leave_the_results_folder_are_refused(name: str) -> None:
    with pytest.raises(ScenarioError, match="name"):
        store.results_folder(name)


@pytest.mark.parametrize("out", ["../x", "a/../../x", "/tmp/../x", "", "/"])
def test_an_out_folder_may_not_climb(out: str) -> None:
    with pytest.raises(ScenarioError, match="out"):
        store.results_folder("run", out)


def test_a_file_is_no_out_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ScenarioError, match="is a file"):
        store.results_folder("run", tmp_path / "file")
    assert store.results_folder("run", tmp_path / "out") == tmp_path / "out"
    assert store.results_folder("run-1") == Path("results/run-1")


def test_files_inside_may_not_leave_either(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError), store.new_folder(tmp_path / "run") as folder:
        folder.write_text("../out.txt", "x")
    assert list(tmp_path.iterdir()) == []


def test_json_has_no_nan_and_keeps_the_order_of_keys() -> None:
    text = store.json_text({"b": float("nan"), "a": [float("inf"), 1.5], "c": None})
    assert json.loads(text) == {"b": None, "a": [None, 1.5], "c": None}
    assert text.index('"b"') < text.index('"a"')


def test_the_manifest_names_versions_and_platform() -> None:
    record = store.manifest("hash", 1.23456, seed=7)
    assert record["config_hash"] == "hash" and record["seed"] == 7 and record["duration_s"] == 1.235
    assert {"python", "numpy", "numba", "mesa", "firesale"} <= set(record["versions"])
    assert json.loads(store.json_text(record)) == record


def test_a_folder_outside_of_a_repository_has_no_commit(tmp_path: Path) -> None:
    assert store.git_commit(tmp_path) is None
