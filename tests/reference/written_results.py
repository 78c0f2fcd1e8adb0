"""Results folders written by hand: of a run, of a finished sweep, and of one that was stopped, with its parts."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

KINDS = ["liquidation", "default", "fund_payment"]


def events_of(run: int, kinds: list[str]) -> pd.DataFrame:
    """Events of one run; their kinds are categories of their own in each file."""
    return pd.DataFrame({"id": range(len(kinds)), "step": run, "kind": pd.Categorical(kinds)})


def write_run_folder(folder: Path) -> Path:
    """The folder of one run."""
    folder.mkdir(parents=True)
    summary = {"seed": 4, "liquidations": 2, "gross_drain_bp": None, "fund_exhausted": False, "digest": "ab"}
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "manifest.json").write_text(json.dumps({"seed": 4}))
    instruments = pd.Categorical(["BTC", "ETH"] * 3)
    steps = pd.DataFrame({"step": [0, 0, 1, 1, 2, 2], "instrument": instruments, "mark_price": [1.0, 2, 3, 4, 5, None]})
    steps.to_parquet(folder / "steps.parquet")
    events_of(0, KINDS).to_parquet(folder / "events.parquet")
    pd.DataFrame({"population": ["makers"], "profit": [1.5]}).to_parquet(folder / "evaluation.parquet")
    return folder


def part(folder: Path, rows: list[dict], events: pd.DataFrame | None = None) -> Path:
    """A part of a sweep: rows, and events beside them; both are named by their content."""
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    table, links = pa.Table.from_pylist(rows), b""
    if events is not None:
        links = b"events=" + _named(folder, pa.Table.from_pandas(events, preserve_index=False), "events").encode()
    name = _named(folder, table.replace_schema_metadata({b"firesale.tables": links}), "runs")
    return folder / "parts" / f"{name}.runs.parquet"


def _named(folder: Path, table: pa.Table, kind: str) -> str:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    data = sink.getvalue().to_pybytes()
    name = hashlib.sha256(data).hexdigest()[:32]
    (folder / "parts" / f"{name}.{kind}.parquet").write_bytes(data)
    return name


def row(run: int, drain: float | None, **more: object) -> dict:
    """A run's row as it stands in a part."""
    return {"run": run, "key": f"{run:032x}", "arm": "all", "scale": run % 2, "seed": run // 2, "error": None,
            "gross_drain_bp": drain, **more}  # fmt: skip


def events_with_run(*runs: int) -> pd.DataFrame:
    """Events of some runs, their first column the run."""
    frames = [events_of(run, KINDS[: 1 + run % 3]).assign(run=run) for run in runs]
    whole = pd.concat([frame.astype({"kind": str}) for frame in frames], ignore_index=True)
    return whole[["run", "id", "step", "kind"]].astype({"kind": "category"})


def write_stopped_sweep(folder: Path) -> Path:
    """Six runs of eight in two parts whose columns differ in type, one run in both."""
    folder.mkdir(parents=True)
    (folder / "sweep.json").write_text(json.dumps({"format": 1, "experiment": "probe", "runs": 8}))
    part(folder, [row(run, run) for run in (0, 1, 2)], events_with_run(0, 1, 2))
    part(
        folder,
        [row(2, 2.0, uncovered=None), *(row(run, run + 0.5, uncovered=1.0) for run in (5, 3, 4))],
        events_with_run(2, 5, 3, 4),
    )
    return folder


def write_finished_sweep(folder: Path) -> Path:
    """A sweep whose runs.parquet was written."""
    folder.mkdir(parents=True)
    rows = [row(run, run / 2) for run in range(4)]
    part(folder, rows, events_with_run(0, 1, 2, 3))
    frame = pd.DataFrame(rows).convert_dtypes()
    frame["error"] = frame["error"].astype("string")
    frame.to_parquet(folder / "runs.parquet", index=False)
    (folder / "summary.json").write_text(json.dumps({"experiment": "probe", "runs": 4}))
    return folder
