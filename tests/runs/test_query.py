"""SQL over results: what is answered and how, and that nothing but the folder's tables can be reached."""

import builtins
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner
from written_results import write_finished_sweep, write_run_folder, write_stopped_sweep

from sim.cli import app
from sim.runs.query import query_frame
from sim.runs.results import Results
from sim.scenario import ScenarioError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path, monkeypatch) -> Path:
    """A run's folder below results/, in a working folder of its own."""
    monkeypatch.chdir(tmp_path)
    return write_run_folder(tmp_path / "results" / "run")


def ask(*words: object):
    """The command's answer."""
    return CliRunner().invoke(app, ["query", *map(str, words)])


def test_the_answer_is_a_table_that_fits_the_terminal(run, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = ask(run, "select instrument, avg(mark_price) as mark from steps group by instrument order by instrument")
    assert done.exit_code == 0, done.output
    assert "mark" in done.stdout and "BTC" in done.stdout and "3.0" in done.stdout
    wide = ask(run, "select *, * , * , *, * from steps, runs")
    assert wide.exit_code == 0 and max(map(len, wide.stdout.splitlines())) <= 80


def test_csv_has_all_rows_exactly_and_nothing_for_what_is_missing(run) -> None:
    done = ask(run, "select step, instrument, mark_price from steps order by step, instrument", "--csv")
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert rows[0] == ["step", "instrument", "mark_price"] and len(rows) == 7 and rows[-1] == ["2", "ETH", ""]
    assert ask(run, "select 0.1::double + 0.2::double as sum", "--csv").stdout == "sum\n0.30000000000000004\n"


def test_json_is_a_list_of_objects_without_nan(run) -> None:
    sql = (
        "select sum(step) as whole, 1.5 as part, 'nan'::double as none, current_date as day, [1, 2] as list from steps"
    )
    (row,) = json.loads(ask(run, sql, "--json").stdout)
    assert row.pop("day")[:2] == "20" and row == {"whole": 6, "part": 1.5, "none": None, "list": [1, 2]}


def test_without_a_folder_the_newest_results_answer_and_are_named(run) -> None:
    done = ask("select liquidations from runs", "--csv")
    assert done.stdout == "liquidations\n2\n" and "Reading results/run" in done.stderr


def test_a_finished_sweep_is_asked_through_runs_parquet(tmp_path) -> None:
    folder = write_finished_sweep(tmp_path / "sweep")
    sql = "select scale, avg(gross_drain_bp) as mean from runs group by scale order by scale"
    done = ask(folder, sql, "--csv")
    assert done.stdout == "scale,mean\n0,0.5\n1,1.0\n" and "not finished" not in done.stderr
    joined = ask(
        folder, "select seed, count(*) n from runs join events using (run) group by seed order by seed", "--csv"
    )
    assert joined.stdout == "seed,n\n0,3\n1,4\n"


def test_an_unfinished_sweep_is_asked_through_its_parts_and_says_so(tmp_path) -> None:
    folder = write_stopped_sweep(tmp_path / "a [sweep]* with 'marks'?")
    done = ask(folder, "select count(*) n, sum(gross_drain_bp) d from runs", "--csv")
    assert done.stdout == "n,d\n6,16.5\n" and "is not finished: 6 of 8 runs are in these tables" in done.stderr
    assert ask(folder, "select count(*) n from events where kind = 'default'", "--csv").stdout == "n\n4\n"


def test_a_sweep_without_a_part_says_when_there_will_be_one(tmp_path) -> None:
    (tmp_path / "sweep.json").write_text('{"runs": 8}')
    done = ask(tmp_path, "select * from runs")
    assert done.exit_code == 2 and "holds no part yet" in done.stderr and "firesale status" in done.stderr


@pytest.mark.parametrize(
    "sql",
    ["copy runs to 'stolen.csv'", "copy (select 1) to '/dev/stdout'", "attach 'other.db'", "install httpfs",
     "load httpfs", "export database 'stolen'", "set enable_external_access = true", "reset lock_configuration",
     "set threads = 1", "create table t as select 1", "insert into runs values (1)", "drop view runs", "",
     "select 1; copy runs to 'stolen'", "explain analyze copy runs to 'stolen.csv'", "call pragma_version()",
     "create secret s (type s3)", "/* nothing */"],
)  # fmt: skip
def test_what_is_no_query_is_refused(run, sql) -> None:
    before = {str(path): path.stat().st_mtime_ns for path in run.parent.parent.rglob("*")}
    done = ask(run, sql)
    assert done.exit_code == 2 and done.stdout == "" and len(done.stderr.splitlines()) == 1, done.output
    assert "one query is answered" in done.stderr
    assert {str(path): path.stat().st_mtime_ns for path in run.parent.parent.rglob("*")} == before


@pytest.mark.parametrize(
    "sql",
    ["select * from read_csv('/etc/passwd')", "select * from '/etc/passwd'", "select * from read_text('/etc/passwd')",
     "select * from glob('/etc/*')", "select * from read_parquet('results/run/steps.parquet')", "select * from results",
     "select * from sniff_csv('/etc/passwd')", "select * from parquet_metadata('results/run/steps.parquet')",
     "select * from 'https://example.org/a.parquet'", "select getenv('HOME')",
     "select * from query('copy runs to ''stolen.csv''')"],
)  # fmt: skip
def test_files_networks_and_this_process_cannot_be_reached_from_sql(run, sql) -> None:
    done = ask(run, sql)
    assert done.exit_code == 2 and done.stdout == "" and len(done.stderr.splitlines()) == 1, done.output
    assert not list(run.parent.parent.glob("stolen*"))


def test_nothing_is_written_where_a_query_needs_much_room(run) -> None:
    assert query_frame(Results(run), "select current_setting('temp_directory') as t")["t"].tolist() == [""]
    assert query_frame(Results(run), "select current_setting('enable_external_access') as t")["t"].tolist() == [False]


@pytest.mark.parametrize(
    ("words", "said"),
    [(("run", "select nosuch from steps"), 'column "nosuch" not found'), (("run", "selec 1"), "syntax error"),
     (("run", "from"), "syntax error"), (("run", "select * from profits"), "profits does not exist"),
     (("run", "select error('boom')"), "boom"), (("rn", "select 1"), "did you mean 'run'"),
     (("run", "select", "1"), "quotation marks"), (("run", "select 1", "--csv", "--json"), "choose one")],
)  # fmt: skip
def test_a_mistake_is_one_line_and_exit_2(run, words, said) -> None:
    done = ask(*words)
    assert done.exit_code == 2 and said in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.output


def test_without_duckdb_it_says_what_to_install(run, monkeypatch) -> None:
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "duckdb":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    done = ask(run, "select 1")
    assert done.exit_code == 2 and "needs the package duckdb; install firesale[stats]" in done.stderr


def test_a_frame_comes_back_in_python(run) -> None:
    frame = Results(run).query("select instrument, max(step) as last from steps group by instrument order by 1")
    assert frame.to_dict("list") == {"instrument": ["BTC", "ETH"], "last": [2, 2]}
    with pytest.raises(ScenarioError, match="syntax error"):
        query_frame(Results(run), "selec")


def test_control_c_ends_a_long_query_with_130(run) -> None:
    code = "from sim.cli import main; main()"
    sql = "select count(*) from range(1000000) a, range(1000000) b where a.range * b.range % 7 = 3"
    asked = subprocess.Popen(
        [sys.executable, "-c", code, "query", sql], cwd=run.parent.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert asked.stderr.readline() == "Reading results/run\n"
        time.sleep(2.0)
        assert asked.poll() is None, "the query is a long one"
        asked.send_signal(signal.SIGINT)
        _, err = asked.communicate(timeout=60)
    finally:
        asked.kill()
    assert asked.returncode == 130 and "Traceback" not in err, err
