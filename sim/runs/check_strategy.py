"""`firesale check-strategy FILE[:Class]`: the conformance suite on a file, in a process of its own."""

from pathlib import Path
from typing import Any

from sim.runs import store, terminal
from sim.runs.guarded import in_own_process
from sim.scenario.code import read_code

POPULATIONS_MAX = 300  # more than any scenario has
PATIENCE = 10.0  # a decision that takes this many times its limit is ended instead of timed


def check_command(target: str, scenario: str, time_limit_s: float, options: dict[str, Any]) -> bool:
    """Prints the report on a class of a file; True when every rule is kept.

    Raises ScenarioError for a file without such a class, StrategyError for one that hangs or dies.
    """
    name, colon, chosen = target.rpartition(":")
    file, wanted = (name, chosen) if colon and chosen.isidentifier() else (target, "")
    try:
        path, _, text = read_code(Path(file))
    except ValueError as error:
        raise store.refuse("file", f"{file}: {error}") from None
    limits = dict.fromkeys(range(POPULATIONS_MAX), (wanted or path.stem, PATIENCE * time_limit_s))
    arguments = (str(path), text, wanted, scenario, time_limit_s, options)
    report, failed = in_own_process(_check, arguments, limits)
    print(report)
    if failed:
        terminal.say(f"{len(failed)} rules are broken: {', '.join(failed)}")
    return not failed


def _check(
    path: str, text: str, wanted: str, scenario: str, time_limit_s: float, options: dict[str, Any], board: Any
) -> tuple[str, tuple[str, ...]]:
    from sim.agents.conformance import check_strategy
    from sim.agents.conformance_report import ConformanceError
    from sim.agents.plugins import LEAVES, load_module, strategies_of, told
    from sim.scenario.errors import did_you_mean

    board.begin(0, 0, -1)
    try:
        found = strategies_of(load_module(path, text, "firesale_checked"))
    except LEAVES as error:
        raise store.refuse("file", f"{path} cannot be imported: {told(error, path)}") from None
    finally:
        board.end()
    if wanted not in found and (wanted or len(found) != 1):
        hint = (
            did_you_mean(wanted, list(found))
            if wanted
            else f"; name one, as in {path}:{next(iter(found), 'MyStrategy')}"
        )
        raise store.refuse(
            "file", f"{f'no strategy {wanted}' if wanted else f'{len(found)} strategies'} in {path}{hint}"
        )
    kind = found[wanted] if wanted else next(iter(found.values()))
    try:
        report = check_strategy(kind, scenario, time_limit_s=time_limit_s, watch=board, **options)
    except ConformanceError as error:
        report = error.report
    except (TypeError, ValueError) as error:
        raise store.refuse("file", str(error)) from None
    return str(report), report.failed
