"""`firesale sensitivity`: what it reads, prints and draws, and what it refuses, on rows that were not simulated."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from sim.cli import app
from sim.runs.sweep import read_sweep, sweep_tasks

FACTORS = {
    "depth": {"sets": "populations.makers.depth", "low": 1e5, "high": 1e7, "scale": "log"},
    "scope": {"sets": "venues.binance.margin.scope", "values": ["cross", "isolated"]},
    "cap": {"sets": "venues.binance.liquidation.cap_per_step", "low": 1, "high": 9, "integer": True},
}
SALTELLI = {"kind": "saltelli", "base": 32, "second_order": True}
MORRIS = {"kind": "morris", "trajectories": 6}


def finished(folder, design=SALTELLI, seeds=3, **words):
    """A results folder of a sweep in which drain falls with depth and isolated margin adds to it."""
    folder.mkdir(exist_ok=True)
    said = {"scenario": "baseline", "seeds": {"first": 1, "quick": seeds, "full": seeds}, "factors": FACTORS}
    (folder / "sweep.yaml").write_text(json.dumps(said | {"design": design} | words))
    rows = []
    for task in sweep_tasks(read_sweep(folder), folder):
        labels = dict(task.labels)
        noise = np.random.default_rng([task.seed, labels.get("point", 0)]).normal(0.0, 0.02)
        drain = 7.0 - np.log10(float(labels["depth"])) + 0.5 * (labels["scope"] == "isolated") + noise
        rows.append(labels | {"seed": task.seed, "error": None, "gross_drain_bp": drain, "flat": 1, "word": "x"})
    write(folder, pd.DataFrame(rows).astype({"error": "string"}).convert_dtypes())
    return folder


def write(folder, runs):
    runs.to_parquet(folder / "runs.parquet", index=False)


def read(folder):
    return pd.read_parquet(folder / "runs.parquet")


def sensitivity(folder, *words):
    return CliRunner().invoke(app, ["sensitivity", str(folder), *words], env={"COLUMNS": "80"})


def refused(folder, *words):
    """One line on stderr, exit code 2, nothing written."""
    before = sorted(item.name for item in folder.parent.rglob("*"))
    done = sensitivity(folder, *(words or ("--outcome", "gross_drain_bp")))
    assert done.exit_code == 2, done.output
    assert done.stderr.count("\n") == 1 and done.stdout == ""
    assert sorted(item.name for item in folder.parent.rglob("*")) == before
    return done.stderr


@pytest.mark.parametrize("design", [SALTELLI, MORRIS], ids=lambda design: design["kind"])
def test_a_finished_sweep_gives_a_table_of_80_columns_and_a_picture_that_repeats(tmp_path, design):
    folder = finished(tmp_path / "sweep", design)
    first = sensitivity(folder, "--outcome", "gross_drain_bp")
    assert first.exit_code == 0, first.output
    assert max(map(len, first.stdout.splitlines())) <= 80
    lines = [line.split()[0] for line in first.stdout.splitlines() if line.split()]
    assert lines.index("depth") < lines.index("scope") < lines.index("cap"), "the strongest factor comes first"
    picture = folder / "sensitivity_gross_drain_bp.png"
    drawn = picture.read_bytes()
    assert sensitivity(folder, "--outcome", "gross_drain_bp").stdout == first.stdout
    assert picture.read_bytes() == drawn
    assert sorted(item.name for item in folder.iterdir()) == ["runs.parquet", picture.name, "sweep.yaml"]


def test_json_holds_every_index_with_its_interval_and_the_share_of_noise(tmp_path):
    folder = finished(tmp_path / "sweep", arms={"one": {}, "two": {}})
    done = sensitivity(folder, "--outcome", "gross_drain_bp", "--json")
    found = json.loads(done.stdout)
    assert found["design"] == "saltelli" and [answer["arm"] for answer in found["answers"]] == ["one", "two"]
    answer = found["answers"][0]
    assert answer["points"] == 32 * 8 and answer["seeds"] == 3 and len(answer["indices"]) == 3 + 3 + 3
    shares = answer["noise"]
    assert shares["factors"] + shares["common"] + shares["joint"] == pytest.approx(1.0)
    assert 0.0 < shares["of_means"] < 0.01
    totals = {row["factor"]: row["estimate"] for row in answer["indices"] if row["index"] == "total"}
    assert totals["depth"] == pytest.approx(0.333 / (0.333 + 0.0625), abs=0.1) and totals["cap"] < 0.01


def test_out_takes_all_outcomes_into_one_picture_and_the_order_of_rows_is_no_matter(tmp_path):
    folder = finished(tmp_path / "sweep", MORRIS)
    runs = read(folder).assign(other=lambda frame: frame["gross_drain_bp"] * 2)
    write(folder, runs.sample(frac=1.0, random_state=1))
    target = tmp_path / "both.png"
    words = ("--outcome", "gross_drain_bp", "--outcome", "other", "--json")
    answers = json.loads(sensitivity(folder, *words, "--out", str(target)).stdout)["answers"]
    assert target.read_bytes().startswith(b"\x89PNG") and len(answers) == 2
    by_outcome = [{(row["index"], row["factor"]): row["estimate"] for row in item["indices"]} for item in answers]
    assert all(by_outcome[1][key] == pytest.approx(2 * value) for key, value in by_outcome[0].items())
    assert by_outcome[0]["mu", "depth"] == pytest.approx(-2.0, abs=0.1)


def test_an_antithetic_pair_counts_as_one_draw_of_its_seed(tmp_path):
    folder = finished(tmp_path / "sweep", MORRIS)
    runs = read(folder)
    shift = np.random.default_rng(3).normal(0.0, 1.0, len(runs))
    pairs = [runs.assign(antithetic=half, gross_drain_bp=runs["gross_drain_bp"] + sign * shift)
             for half, sign in ((0, 1.0), (1, -1.0))]  # fmt: skip
    write(folder, pd.concat(pairs, ignore_index=True))
    paired = json.loads(sensitivity(folder, "--outcome", "gross_drain_bp", "--json").stdout)["answers"][0]
    write(folder, runs)
    plain = json.loads(sensitivity(folder, "--outcome", "gross_drain_bp", "--json").stdout)["answers"][0]
    assert paired["seeds"] == plain["seeds"] == 3
    for one, other in zip(paired["indices"], plain["indices"], strict=True):
        assert one["estimate"] == pytest.approx(other["estimate"], abs=1e-9)


def test_other_designs_and_folders_that_hold_no_finished_sweep_are_refused(tmp_path):
    assert "is no folder" in refused(tmp_path / "nothing")
    folder = finished(tmp_path / "sweep", {"kind": "latin_hypercube", "points": 8})
    assert "is latin_hypercube; saltelli gives" in refused(folder)
    (folder / "runs.parquet").unlink()
    assert "has no runs.parquet" in refused(folder)
    (folder / "runs.parquet").write_bytes(b"PAR1 no more")
    (folder / "sweep.yaml").write_text(json.dumps({"scenario": "baseline", "factors": FACTORS, "design": MORRIS}))
    assert "runs.parquet is damaged" in refused(folder)


def test_unknown_missing_and_constant_outcomes_are_refused(tmp_path):
    folder = finished(tmp_path / "sweep")
    assert "did you mean 'gross_drain_bp'?" in refused(folder, "--outcome", "gros_drain_bp")
    assert "is no outcome" in refused(folder, "--outcome", "word")
    assert "is no outcome" in refused(folder, "--outcome", "depth"), "a factor is none"
    assert "same at every point of arm all" in refused(folder, "--outcome", "gross_drain_bp", "--outcome", "flat")
    runs = read(folder)
    runs.loc[5, "gross_drain_bp"] = None
    write(folder, runs)
    assert f"missing in 1 of the {len(runs)} runs" in refused(folder)


def test_failed_and_lacking_runs_and_other_points_are_refused(tmp_path):
    folder = finished(tmp_path / "sweep")
    runs = read(folder)
    failed = runs.astype({"error": "string"})
    failed.loc[7, "error"] = "ValueError: lost"
    write(folder, failed)
    assert "1 of 768 runs failed" in refused(folder) and "ValueError: lost" in refused(folder)
    write(folder, runs[runs["point"] < 200])
    assert "has 600 runs of arm all, and the design 256 points x 3 runs" in refused(folder)
    write(folder, runs.drop(index=11))
    assert "has 767 runs" in refused(folder)
    write(folder, runs.assign(depth=runs["depth"] * 1.001))
    assert "column depth" in refused(folder) and "not what the design" in refused(folder)


def test_bad_targets_of_the_picture_are_refused(tmp_path):
    folder = finished(tmp_path / "sweep", MORRIS)
    write(folder, read(folder).rename(columns={"gross_drain_bp": "../drain"}))
    assert "say with --out" in refused(folder, "--outcome", "../drain")
    for target, said in ((tmp_path / "a.txt", "ends in .png"), (tmp_path / "no" / "a.png", "is no folder")):
        assert said in refused(folder, "--outcome", "../drain", "--out", str(target))


def test_a_picture_that_cannot_be_written_is_an_error_of_input_and_output(tmp_path, monkeypatch):
    from sim.runs import files

    def full(*_paths):
        raise OSError(28, "No space left on device")

    folder = finished(tmp_path / "sweep", MORRIS)
    monkeypatch.setattr(files.os, "replace", full)
    done = sensitivity(folder, "--outcome", "gross_drain_bp")
    assert done.exit_code == 74 and "No space left" in done.stderr and done.stdout == ""
    assert sorted(item.name for item in folder.iterdir()) == ["runs.parquet", "sweep.yaml"]
