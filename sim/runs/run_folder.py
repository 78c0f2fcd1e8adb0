"""The folder of one run: what it leaves when it is through, and when it has failed."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.runs import store, terminal

if TYPE_CHECKING:
    from sim.engine.session import Session
    from sim.runs.run import RunResult
    from sim.scenario import Scenario


def write_failure(
    target: Path, scenario: "Scenario", seed: int, cause: Exception, session: "Session | None" = None
) -> None:
    """Write failure.json: what failed, where, and the last events where the session is at hand."""
    record: dict[str, Any] = {"error": str(cause), "seed": seed, "config_hash": scenario.config_hash}
    for name in ("population", "trader", "step", "time_limit_s"):
        if hasattr(cause, name):
            record[name] = getattr(cause, name)
    if session is not None:
        last = session.last_events()
        names = list(last.dtype.names or ())
        record["first_event_id"] = int(session.world.clock[0]["next_event"]) - len(last)
        record["events"] = [dict(zip(names, row.tolist(), strict=True)) for row in last]
    with store.new_folder(target) as folder:
        folder.write_json("failure.json", record)
    terminal.say(f"The run failed; what was known is in {folder.final / 'failure.json'}")


def write_run(target: Path, scenario: "Scenario", seed: int, result: "RunResult", duration_s: float) -> Path:
    """Write all that a run gives; return where it went."""
    from sim.evidence.evaluation import evaluation_frame, profit_frame
    from sim.evidence.frames import events_frame, steps_frame
    from sim.runs.pictures import run_pictures
    from sim.scenario.code import code_populations

    names = result.session.names
    steps = steps_frame(result.steps, names)
    units = {
        "quote_per_atom": names.atom,
        "tick_size": dict(zip(names.instruments, map(float, names.tick_size), strict=True)),
        "lot_size": dict(zip(names.instruments, map(float, names.lot_size), strict=True)),
    }
    with store.new_folder(target) as folder:
        folder.write_json("summary.json", result.summary)
        folder.write_json("scenario.json", scenario.dump())
        folder.write_frame("steps.parquet", steps)
        folder.write_frame("events.parquet", events_frame(result.events, names))
        folder.write_json("evaluation.json", {"quote_per_atom": names.atom, "populations": result.evaluation})
        folder.write_frame("evaluation.parquet", evaluation_frame(result.evaluation))
        folder.write_frame("profits.parquet", profit_frame(result.profit_steps, names))
        for population in code_populations(scenario):
            folder.write_text(f"code/population-{population.name}.py", population.code.text)
        for name, picture in run_pictures(scenario, result, steps).items():
            folder.write_bytes(f"figures/{name}.png", picture)
        folder.write_manifest(
            store.manifest(
                scenario.config_hash,
                duration_s,
                scenario=scenario.name,
                seed=seed,
                steps=scenario.steps,
                units=units,
                stand_ins=scenario.stand_ins(),
                code={population.name: population.sha256 for population in code_populations(scenario)},
            ),
        )
    return folder.final
